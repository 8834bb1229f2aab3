"""What is read of the Responses API's JSON (wire sheet: openai_responses §5-§7).

Fields are `Any` where servers are known to send null or another type: a field that nobody can use is ignored,
it does not end a stream.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw, Struct

from chatkit.jsons import is_object
from chatkit.messages.usage import usage_metadata

__all__ = ["METADATA", "Frame", "Response", "decode_frame", "decode_response", "metadata_of", "usage_of"]


class Frame(Struct):
    """One event of a stream, whatever its type. Events without an `event:` name are told apart by `type` alike."""

    type: str = ""
    delta: str | dict[str, Any] | None = None
    item_id: str | int | None = None
    output_index: int | None = None
    content_index: int | None = None
    summary_index: int | None = None
    sequence_number: Any = None
    logprobs: Any = None
    item: Any = None
    annotation: Any = None
    text: Any = None
    arguments: Any = None
    input: Any = None
    code: Any = None
    refusal: Any = None
    partial_image_b64: Any = None
    partial_image_index: Any = None
    output_format: Any = None
    error: Any = None
    message: Any = None
    param: Any = None
    response: Raw = Raw()

    def whole(self) -> Response | None:
        """The response object that the event carries; read only where it is needed, it holds all tools and instructions."""
        body = bytes(self.response)
        return decode_response(body) if body.startswith(b"{") else None


class Response(Struct):
    """The response object: the whole answer, or what created and terminal events carry."""

    id: Any = None
    object: Any = None
    model: Any = None
    status: Any = None
    output: Any = None
    usage: Any = None
    error: Any = None
    incomplete_details: Any = None
    created_at: Any = None
    service_tier: Any = None
    store: Any = None
    background: Any = None
    conversation: Any = None
    previous_response_id: Any = None
    metadata: Any = None
    user: Any = None
    moderation: Any = None
    content_filters: Any = None
    tool_usage: Any = None


METADATA = (
    "id",
    "object",
    "created_at",
    "status",
    "store",
    "background",
    "conversation",
    "previous_response_id",
    "service_tier",
    "incomplete_details",
    "metadata",
    "user",
    "moderation",
    "content_filters",
    "tool_usage",
)
"""Fields of the response object that `response_metadata` keeps under their own names."""

decode_frame = msgspec.json.Decoder(Frame).decode
decode_response = msgspec.json.Decoder(Response).decode


_AT_START = METADATA[:8]


def metadata_of(response: Response, *, start: bool = False) -> dict[str, Any]:
    """What `response_metadata` keeps of a response object; empty fields are left out.

    At the start of an answer only what names it: lists that came twice would add up. `object` is always there: it
    tells an answer of this API from one of Chat Completions by the same vendor.
    """
    values = ((name, getattr(response, name)) for name in (_AT_START if start else METADATA))
    return {"object": "response", **{name: value for name, value in values if value is not None and value != {}}}


def usage_of(usage: Any) -> dict[str, Any] | None:
    """The `usage` object as UsageMetadata; None where the answer has none (wire sheet §7)."""
    if not is_object(usage):
        return None
    read, written = usage.get("input_tokens"), usage.get("output_tokens")
    if not isinstance(read, int) or not isinstance(written, int):
        return None
    inputs, outputs = usage.get("input_tokens_details"), usage.get("output_tokens_details")
    inputs, outputs = inputs if is_object(inputs) else {}, outputs if is_object(outputs) else {}
    return usage_metadata(
        read,
        written,
        usage.get("total_tokens"),
        input_details={"cache_read": inputs.get("cached_tokens"), "cache_creation": inputs.get("cache_write_tokens")},
        output_details={"reasoning": outputs.get("reasoning_tokens")},
    )
