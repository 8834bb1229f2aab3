"""From a model's entry in models.dev to a profile, and how augmentations are laid over it (spec S177, S181, S182)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypedDict

from chatkit.jsons import is_list, is_object

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["ModelProfile", "augmented", "to_profile"]


class ModelProfile(TypedDict, total=False):
    """What a model can do. A key that is missing means: not known.

    Attributes:
        name, status, release_date, last_updated, open_weights: about the model; status "alpha", "beta", "deprecated".
        max_input_tokens, max_output_tokens: sizes in tokens.
        text_inputs ... video_inputs, text_outputs ... video_outputs: kinds of content.
        image_url_inputs: images may be given by URL. image_tool_message, pdf_tool_message: also in tool results.
        reasoning_output: the model reasons. reasoning_effort_levels, reasoning_effort_default: its efforts.
        tool_calling, tool_choice, tool_call_streaming: tools; a tool can be forced; arguments are streamed.
        structured_output: answers can be held to a JSON Schema.
        attachment: files may be attached. temperature: the temperature can be set.
        mid_conversation_system_messages, mid_conversation_tools: allowed after the first message.
    """

    name: str
    status: str
    release_date: str
    last_updated: str
    open_weights: bool
    max_input_tokens: int
    text_inputs: bool
    image_inputs: bool
    image_url_inputs: bool
    pdf_inputs: bool
    audio_inputs: bool
    video_inputs: bool
    image_tool_message: bool
    pdf_tool_message: bool
    max_output_tokens: int
    reasoning_output: bool
    reasoning_effort_levels: list[str]
    reasoning_effort_default: str
    text_outputs: bool
    image_outputs: bool
    audio_outputs: bool
    video_outputs: bool
    tool_calling: bool
    tool_choice: bool
    tool_call_streaming: bool
    mid_conversation_system_messages: bool
    mid_conversation_tools: bool
    structured_output: bool
    attachment: bool
    temperature: bool


_SAME_NAME = (
    *("name", "status", "release_date", "last_updated", "open_weights", "structured_output", "attachment", "temperature"),
    *("image_url_inputs", "image_tool_message", "pdf_tool_message", "tool_choice", "tool_call_streaming"),
)
_INPUTS = ("text", "image", "audio", "video")
_OUTPUTS = ("text", "image", "audio", "video")


def to_profile(model: Mapping[str, Any]) -> dict[str, Any]:
    """The profile of one models.dev entry; what the entry does not say is left out.

    `max_input_tokens` is `limit.input`, or `limit.context` where input and output share one window.
    """
    limit: Mapping[str, Any] = model.get("limit") or {}
    modalities: Mapping[str, Any] = model.get("modalities") or {}
    inputs, outputs = modalities.get("input"), modalities.get("output")
    profile: dict[str, Any] = {name: model.get(name) for name in _SAME_NAME}
    profile["max_input_tokens"] = limit.get("input") or limit.get("context")
    profile["max_output_tokens"] = limit.get("output")
    if is_list(inputs):
        profile.update((f"{kind}_inputs", kind in inputs) for kind in _INPUTS)
    if is_list(outputs):
        profile.update((f"{kind}_outputs", kind in outputs) for kind in _OUTPUTS)
    profile["pdf_inputs"] = True if is_list(inputs) and "pdf" in inputs else model.get("pdf_inputs")
    profile["reasoning_output"] = model.get("reasoning")
    profile["tool_calling"] = model.get("tool_call")
    profile["reasoning_effort_levels"] = _efforts(model.get("reasoning_options"))
    return {name: profile[name] for name in ModelProfile.__annotations__ if profile.get(name) is not None}


def _efforts(options: Any) -> list[str] | None:
    for option in options if is_list(options) else ():
        if is_object(option) and option.get("type") == "effort" and is_list(option.get("values")):
            return [value for value in option["values"] if value and value != "default"]
    return None


def augmented(profiles: Mapping[str, dict[str, Any]], overrides: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Profiles with the `[overrides]` of an augmentation file laid over them, sorted by id.

    Args:
        profiles: id to profile.
        overrides: scalars and lists hold for every model; tables hold for the model of their name, and win. A
            model that is only there gets a profile of its own.
    """
    for_all = {name: value for name, value in overrides.items() if not is_object(value)}
    for_one = {name: value for name, value in overrides.items() if is_object(value)}
    out: dict[str, dict[str, Any]] = {}
    for model in sorted({*profiles, *for_one}):
        out[model] = {**profiles.get(model, {}), **for_all, **for_one.get(model, {})}
    return out
