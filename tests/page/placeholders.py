"""Stand-ins for what the page leaves to its reader: "..." for a name or an address of one's own, and BASE_URL."""

from __future__ import annotations

import os as real_os
from typing import Any

from chatkit.chat_models import init_chat_model as real_init_chat_model

__all__ = ["init_chat_model", "os"]


class _Environment:
    """`os.environ`, where "..." does not take the place of a value."""

    def __getitem__(self, name: str) -> str:
        return real_os.environ[name]

    def __setitem__(self, name: str, value: str) -> None:
        if value == "...":
            assert name in real_os.environ
        else:
            real_os.environ[name] = value


class os:
    """`import os`, as far as the page uses it."""

    environ = _Environment()


def init_chat_model(model: str, **options: Any) -> Any:
    """A model, with a name and an address filled in."""
    if options.get("base_url") == "BASE_URL":
        options["base_url"] = real_os.environ["OPENAI_BASE_URL"]
    return real_init_chat_model("gpt-5" if model == "..." else model, **options)
