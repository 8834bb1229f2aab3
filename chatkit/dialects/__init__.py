"""Wire formats that several providers speak, and what their parsers share."""
