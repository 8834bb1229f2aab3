"""Framing without I/O: bytes in, frames out. Each decoder has `feed(bytes)` and `close()`."""
