"""A certificate for 127.0.0.1 that nobody trusts, made on the spot."""

from __future__ import annotations

import ssl
import subprocess
from functools import lru_cache
from pathlib import Path
from tempfile import mkdtemp

import pytest

__all__ = ["authority", "server_context"]


@lru_cache(maxsize=1)
def authority() -> Path:
    """The certificate's file; it is its own authority. Its key lies beside it."""
    folder = Path(mkdtemp())
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", str(folder / "key.pem"), "-out", str(folder / "cert.pem")]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    try:
        subprocess.run([*command, *names, *files], check=True, capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no openssl to make a certificate with")
    return folder / "cert.pem"


def server_context() -> ssl.SSLContext:
    """What a server with that certificate needs."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority(), authority().with_name("key.pem"))
    return context
