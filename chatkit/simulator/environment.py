"""An environment in which every provider is the simulator: programs run against it unchanged, without a key."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from chatkit.registry import provider_class, provider_names
from chatkit.simulator.server import simulate

if TYPE_CHECKING:
    from collections.abc import Generator

    from chatkit.simulator.server import Server

__all__ = ["environment_of", "simulated_environment"]

_KEY = "simulated"
_PLACEHOLDER = re.compile(r"\{\w+\}")
"""What some services leave open in their address: an account."""


def environment_of(url: str) -> dict[str, str]:
    """The environment variables that point all installed providers to a simulator's server.

    Args:
        url: `Server.url`, or the address of a running `chatkit simulate`.
    """
    variables: dict[str, str] = {}
    for cls in map(provider_class, provider_names()):
        if cls.api_key_env:
            variables[cls.api_key_env[0]] = _KEY
        if cls.base_url_env:
            variables[cls.base_url_env[0]] = url + _PLACEHOLDER.sub(_KEY, urlsplit(cls.default_base_url).path)
    return {**variables, **_others(url), "NO_PROXY": ",".join(filter(None, ["127.0.0.1", os.environ.get("NO_PROXY")]))}


def _others(url: str) -> dict[str, str]:
    """What single providers need beside a key and an address."""
    return {
        "ANTHROPIC_VERTEX_BASE_URL": f"{url}/v1",
        "ANTHROPIC_VERTEX_PROJECT_ID": _KEY,
        "AWS_REGION": "us-east-1",
        "AZURE_OPENAI_DEPLOYMENT_NAME": _KEY,
        "AZURE_OPENAI_ENDPOINT": url,
        "OPENAI_API_VERSION": "2025-03-01-preview",
    }


@contextmanager
def simulated_environment(replies: Any = None, **options: Any) -> Generator[Server]:
    """Run a simulator, and let the environment variables of all providers point to it, until the block ends.

        with simulated_environment() as server:
            init_chat_model("claude-sonnet-4-5").invoke("Hello")
            print(server.requests[-1].path)

    For this process, and for those that it starts; do not use it in several threads at once.

    Args:
        replies, options: as in `simulate`.
    """
    with simulate(replies, **options) as server:
        variables = environment_of(server.url)
        before = {name: os.environ.get(name) for name in variables}
        os.environ.update(variables)
        try:
            yield server
        finally:
            for name, value in before.items():
                if value is None:
                    os.environ.pop(name, None)
                else:
                    os.environ[name] = value
