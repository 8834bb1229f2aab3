"""One API each, seen from the server's side: what a request asks, and how an answer is said."""
