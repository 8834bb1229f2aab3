"""Which models.dev entry is meant by a provider's name and a model's name."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

__all__ = ["line_of", "match", "provider_ids"]

_PROVIDERS: dict[str, tuple[str, ...]] = {
    "anthropic_bedrock": ("amazon-bedrock",),
    "azure_ai": ("azure", "azure-cognitive-services"),
    "azure_openai": ("azure", "openai"),
    "bedrock": ("amazon-bedrock",),
    "bedrock_converse": ("amazon-bedrock",),
    "bedrock_mantle_openai": ("amazon-bedrock",),
    "cloudflare": ("cloudflare-workers-ai",),
    "fireworks": ("fireworks-ai",),
    "gemini_openai": ("google",),
    "github": ("github-models",),
    "gmi": ("gmicloud",),
    "google_anthropic_vertex": ("google-vertex-anthropic",),
    "google_genai": ("google",),
    "google_vertexai": ("google-vertex", "google"),
    "meta": ("llama",),
    "mistralai": ("mistral",),
    "moonshot": ("moonshotai",),
    "novita": ("novita-ai",),
    "ollama": ("ollama-cloud",),
    "together": ("togetherai",),
    "zhipu": ("zhipuai",),
}

_VERSION = re.compile(r"[-@](?:latest|default|\d{4}-\d{2}-\d{2}|\d{8}|\d{4}|\d{3})\Z")
_NEWEST = re.compile(r"[-@](?:latest|default)\Z")
_REGION = re.compile(r"(?:us|us-gov|eu|apac|global|jp|au|ca|sa)\.(?=[a-z0-9]+\.)")
_ROUTE = re.compile(r"(?::[a-z][a-z-]*|-cloud)\Z")
_PATHS = ("arn:", "models/", "publishers/", "projects/")


def provider_ids(provider: str) -> tuple[str, ...]:
    """Ids of models.dev under which a provider's models may stand, the best first; later ones fill in."""
    return _PROVIDERS.get(provider) or tuple(dict.fromkeys((provider, provider.replace("_", "-"))))


def match(model: str, known: Collection[str]) -> str | None:
    """The known id that a model's name means.

    Tried in this order: the name itself; of a fine-tuned model its base; without a path ("models/x", an ARN), a
    Bedrock region ("us."), a route (":free", ":groq"); a snapshot ("-2025-08-07", "@20250929") as the model that it
    is a snapshot of; a name without version, or "-latest", as the newest snapshot.
    """
    spellings = list(dict.fromkeys(_spellings(model)))
    return next((name for name in spellings if name in known), None) or _by_version(spellings, known)


def line_of(model: str) -> str:
    """The model's name without its version: "gpt-5" of "gpt-5-2025-08-07"."""
    return _VERSION.sub("", model)


def _spellings(model: str) -> Iterator[str]:
    yield model
    if model.startswith("ft:"):
        yield model.split(":")[1]
    name = model.rsplit("/", 1)[-1] if model.startswith(_PATHS) else model
    yield name
    name = _REGION.sub("", name, count=1) if _REGION.match(name) else name
    yield name
    yield _ROUTE.sub("", name)


def _by_version(spellings: list[str], known: Collection[str]) -> str | None:
    for name in spellings:
        line = line_of(name)
        if line != name:
            found = next((id for id in (line, f"{line}-latest", f"{line}@default") if id in known), None)
            if found is not None:
                return found
        if line == name or _NEWEST.search(name):
            snapshots = [id for id in known if id != line and line_of(id) == line]
            if snapshots:
                return max(snapshots)
    return None
