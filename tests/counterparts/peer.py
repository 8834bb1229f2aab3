"""What the tests ask a counterpart besides its chat API."""

from __future__ import annotations

import json
import os
import urllib.request
from typing import Any

import pytest

__all__ = ["Peer", "address"]


def address(variable: str) -> str:
    """The address that an environment variable names; the test skips without it."""
    url = os.environ.get(variable, "").rstrip("/")
    if not url:
        pytest.skip(f"{variable} does not name a running server")
    return url


class Peer:
    """A server's own JSON endpoints, which tell what it saw."""

    def __init__(self, url: str) -> None:
        self.url = url

    def get(self, path: str) -> Any:
        return self._ask(urllib.request.Request(self.url + path))

    def post(self, path: str, body: Any) -> Any:
        return self._ask(urllib.request.Request(self.url + path, json.dumps(body).encode(), {"content-type": "application/json"}))

    def _ask(self, request: urllib.request.Request) -> Any:
        with urllib.request.urlopen(request, timeout=10) as response:
            return json.loads(response.read())
