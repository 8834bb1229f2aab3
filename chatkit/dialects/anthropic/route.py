"""How the homes of Claude differ: Anthropic's own API, Vertex AI, Bedrock InvokeModel."""

from __future__ import annotations

from msgspec import Struct

__all__ = ["ANTHROPIC", "BEDROCK", "VERTEX", "Route"]


class Route(Struct, frozen=True):
    """What a home wants differently in a request; everything else is the same everywhere.

    Attributes:
        version: the API version that is asked for unless the user says otherwise.
        version_in_body: it goes as `anthropic_version` into the body, instead of the header.
        model_in_body: the model is named in the body; otherwise it stands in the URL.
        stream_in_body: a stream is asked for in the body; otherwise by the URL.
        betas_in_body: betas are a list `anthropic_beta` in the body, instead of the header.
        automatic_cache: knows `cache_control` at the top of the body; otherwise it is put on the last block.
        sources: where images and documents may come from.
    """

    version: str = "2023-06-01"
    version_in_body: bool = False
    model_in_body: bool = True
    stream_in_body: bool = True
    betas_in_body: bool = False
    automatic_cache: bool = True
    sources: frozenset[str] = frozenset({"base64", "url", "file"})


ANTHROPIC = Route()
"""api.anthropic.com (wire sheet: anthropic §1). The older of its two versions, which still knows temperature."""

VERTEX = Route(version="vertex-2023-10-16", version_in_body=True, model_in_body=False, automatic_cache=False)
"""Vertex AI, rawPredict and streamRawPredict (wire sheet: vertex)."""

BEDROCK = Route(
    version="bedrock-2023-05-31",
    version_in_body=True,
    model_in_body=False,
    stream_in_body=False,
    betas_in_body=True,
    automatic_cache=False,
    sources=frozenset({"base64"}),
)
"""Bedrock InvokeModel and InvokeModelWithResponseStream (wire sheet: bedrock invoke anthropic)."""
