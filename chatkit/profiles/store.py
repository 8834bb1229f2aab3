"""The shipped data: one small compressed file a provider, read when it is first asked for."""

from __future__ import annotations

import functools
import os
import re
import zlib
from typing import TYPE_CHECKING, Any

import msgspec
from msgspec import Struct

from chatkit.profiles.names import match, provider_ids

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["DATA", "Entry", "data_version", "prices_for", "profile_for"]

DATA = os.path.join(os.path.dirname(__file__), "data")
"""Folder of the shipped files; `chatkit.profiles.pack` writes them."""

_ID = re.compile(r"[a-z0-9][a-z0-9._-]*")
_GZIP = 31  # zlib's wbits for the gzip format; importing `gzip` costs more than reading the file


class Entry(Struct, omit_defaults=True):
    """What is known of one model: its profile, and its prices in models.dev's form."""

    profile: dict[str, Any]
    cost: dict[str, Any] | None = None


def profile_for(provider: str, model: str) -> dict[str, Any] | None:
    """What a model can do (see `ModelProfile`), as a new dict; None when the model is not known.

    Args:
        provider: a name of `init_chat_model` ("openai", "google_genai" ...), or an id of models.dev.
        model: the model as the provider calls it; snapshots, regions and routes are seen through (see `names.match`).
    """
    entries = _entries(provider, model)
    if not entries:
        return None
    profile: dict[str, Any] = {}
    for entry in reversed(entries):
        profile.update(entry.profile)
    return profile


def prices_for(provider: str, model: str) -> dict[str, Any] | None:
    """List prices in US dollars for a million tokens, as models.dev writes them; None when they are not known."""
    return next((entry.cost for entry in _entries(provider, model) if entry.cost), None)


def data_version() -> dict[str, str]:
    """Sources of the shipped data and their versions."""
    return msgspec.json.decode(_read("_sources.json") or b"{}", type=dict[str, str])


def _entries(provider: str, model: str) -> list[Entry]:
    """What is known of the model, the best source first: a host's own entry, then that of the model's maker."""
    known = [(models, match(model, models)) for models in map(_models, provider_ids(provider))]
    return [msgspec.json.decode(models[name], type=Entry) for models, name in known if name is not None]


@functools.lru_cache(maxsize=8)
def _models(id: str) -> Mapping[str, msgspec.Raw]:
    """Models of a provider, their entries not decoded yet: most are never asked for."""
    body = _read(f"{id}.json.gz") if _ID.fullmatch(id) else None
    return {} if body is None else msgspec.json.decode(zlib.decompress(body, _GZIP), type=dict[str, msgspec.Raw])


def _read(name: str) -> bytes | None:
    try:
        with open(os.path.join(DATA, name), "rb") as file:
            return file.read()
    except OSError:
        return None
