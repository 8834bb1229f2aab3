"""A simulator of model providers: no key, no network, the real wire formats, faults on request."""
