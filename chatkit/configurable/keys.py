"""Whose a key of `configurable` is, and what a model name that comes without its provider means."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from chatkit.errors import InputError
from chatkit.params import CommonParams, CommonSettings, names_of
from chatkit.registry import infer_provider, provider_names

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["belongs_elsewhere", "check_foreign", "note_prefix", "provider_of"]

_prefixes: set[str] = set()
"""Prefixes of all configurable models of this process; there are few."""

OWN_MODELS = frozenset(
    {"anthropic", "cohere", "deepseek", "google_genai", "mistralai", "moonshot", "openai", "perplexity", "xai", "zai"}
)
"""Providers that serve their own models only, at their usual addresses."""


def note_prefix(prefix: str) -> None:
    """A configurable model with this prefix ("" for none) exists."""
    _prefixes.add(prefix)


def belongs_elsewhere(key: str, prefix: str) -> bool:
    """Whether a key is that of another configurable model, by its prefix."""
    others = [other for other in _prefixes if other and key.startswith(other)]
    return any(len(other) > len(prefix) for other in others) or (bool(others) and not key.startswith(prefix))


def check_foreign(key: str, prefix: str, fields: Sequence[str] | str, *, direct: bool) -> None:
    """A key that a model does not read must be somebody's, and must not look as if it was meant for that model.

    Others are: other configurable models, by their prefixes; and, for a config that was given to something around the
    model, the code in there.

    Args:
        key: as it stands in the config.
        prefix, fields: of the model.
        direct: the config was given to the model itself.

    Raises:
        InputError: nobody reads it, or it is misspelt.
    """
    if belongs_elsewhere(key, prefix):
        return
    names = [] if isinstance(fields, str) else [f"{prefix}{field}" for field in fields]
    close = difflib.get_close_matches(key, names, n=1, cutoff=0.8)
    if close or _is_meant(key, prefix, fields) or (direct and not _is_anybodys(key, prefix)):
        readable = ", ".join(names) or f"everything that begins with {prefix!r}"
        hint = f" Did you mean {close[0]!r}?" if close else ""
        raise InputError(f"{key!r} is not configurable here; configurable is: {readable}.{hint}")


def _is_meant(key: str, prefix: str, fields: Sequence[str] | str) -> bool:
    """Whether a key can only have been meant for the model with this prefix."""
    if not prefix:
        return key in _parameters()
    return key.startswith(prefix) or (key in fields and "" not in _prefixes)


def _is_anybodys(key: str, prefix: str) -> bool:
    """Whether a key may be read by something else: ids say who asks, and configure nothing (LangGraph passes its own)."""
    return key.endswith("_id") or key.startswith("checkpoint_") or (bool(prefix) and "" in _prefixes)


def _parameters() -> set[str]:
    return {*names_of(CommonSettings), *names_of(CommonParams), "model", "model_id", "model_name", "model_provider"}


def provider_of(model: str, default: str | None, *, own_address: bool) -> str | None:
    """The provider of a model that a config names without one.

    Args:
        model: the name, with or without "provider:".
        default: the provider that the default model was given with; None when that was told by its name.
        own_address: a base_url is set, so that the default's provider may have any model.

    Raises:
        InputError: the default's provider does not have this model.
    """
    if default is None or model.partition(":")[0] in provider_names():
        return None
    default = default.lower().replace("-", "_")
    guess = infer_provider(model)
    if guess in OWN_MODELS and default in OWN_MODELS and guess != default and not own_address:
        raise InputError(
            f"{model!r} looks like a model of {guess}, but the default's model_provider is {default!r}; "
            f"name it '{guess}:{model}', or set model_provider in the config as well"
        )
    return default
