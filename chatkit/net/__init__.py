"""The only floor that awaits: sockets, clocks, locks and the thread for sync callers."""
