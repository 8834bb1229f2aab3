"""The model's message, whole; `chatkit.messages.chunk` has it in pieces."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from chatkit.jsons import is_list, is_object
from chatkit.messages.base import BaseMessage
from chatkit.messages.tool_calls import CALL_TYPES, calls_in, checked_call, checked_invalid_call, openai_calls

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chatkit.fold import Fold
    from chatkit.messages.blocks import InvalidToolCall, ToolCall
    from chatkit.messages.usage import UsageMetadata

__all__ = ["AIMessage", "fill", "message_of_fold"]


class AIMessage(BaseMessage):
    """What the model says.

    Args:
        tool_calls: calls to the caller's tools, each with `name`, `args` and `id`.
        invalid_tool_calls: calls whose arguments are not a JSON object.
        usage_metadata: tokens used.
    """

    __slots__ = ("invalid_tool_calls", "tool_calls", "usage_metadata")
    type = "ai"
    role = "assistant"
    FIELDS: ClassVar[tuple[str, ...]] = (*BaseMessage.FIELDS, "tool_calls", "invalid_tool_calls", "usage_metadata")

    tool_calls: list[ToolCall]
    invalid_tool_calls: list[InvalidToolCall]
    usage_metadata: UsageMetadata | None

    def __init__(
        self,
        content: str | list[Any] | None = None,
        *,
        tool_calls: Sequence[Any] | None = None,
        invalid_tool_calls: Sequence[Any] | None = None,
        usage_metadata: Any = None,
        **fields: Any,
    ) -> None:
        super().__init__(content, **fields)
        in_content = [block for block in self.content if is_object(block)] if is_list(self.content) else []
        calls = [checked_call(call) for call in calls_in("tool_calls", tool_calls)] or [
            checked_call(b) for b in in_content if b.get("type") == "tool_call"
        ]
        bad = [checked_invalid_call(call) for call in calls_in("invalid_tool_calls", invalid_tool_calls)]
        bad = bad or [dict(b) for b in in_content if b.get("type") == "invalid_tool_call"]
        if not calls and not bad and self.additional_kwargs.get("tool_calls"):
            calls, bad = openai_calls(self.additional_kwargs["tool_calls"])
        self.tool_calls = cast("list[ToolCall]", calls)
        self.invalid_tool_calls = cast("list[InvalidToolCall]", bad)
        self.usage_metadata = usage_metadata

    @property
    def content_blocks(self) -> list[dict[str, Any]]:
        """The content as standard blocks, tool calls included."""
        blocks = super().content_blocks
        shown = {block.get("id") for block in blocks if block.get("type") in CALL_TYPES}
        unshown = [call for call in (*self.tool_calls, *self.invalid_tool_calls) if call.get("id") not in shown or not shown]
        if isinstance(self.content, str) or not shown:
            reasoning = self.additional_kwargs.get("reasoning_content")
            if isinstance(reasoning, str) and reasoning and not any(block["type"] == "reasoning" for block in blocks):
                blocks = [{"type": "reasoning", "reasoning": reasoning}, *blocks]
        return [*blocks, *({"type": call.get("type"), **call} for call in unshown)]

    def pretty_repr(self, html: bool = False) -> str:
        """The message under a title line, with its tool calls."""
        lines = [super().pretty_repr(html)]
        for call in (*self.tool_calls, *self.invalid_tool_calls):
            lines += ["Tool Calls:"] if len(lines) == 1 else []
            lines += [f"  {call['name']} ({call['id']})", f" Call ID: {call['id']}", *_shown(call)]
        return "\n".join(lines)


def _shown(call: ToolCall | InvalidToolCall) -> list[str]:
    """The arguments of a call for people, and what is wrong with them."""
    error, args = call.get("error"), call["args"]
    lines = [f"    {name}: {value}" for name, value in args.items()] if is_object(args) else [f"    {args}"]
    return [*([f"  Error: {error}"] if error else []), "  Args:", *lines]


def message_of_fold(fold: Fold, *, id: str | None = None, cut: bool = False, as_blocks: bool = False) -> AIMessage:
    """The whole message that some events make.

    Args:
        fold: the events.
        id: identity of the message when the provider gave none.
        cut: the answer was broken off; `response_metadata["interrupted"]` says so.
        as_blocks: content is always a list of blocks (`output_version="v1"`).
    """
    message = AIMessage.__new__(AIMessage)
    fill(message, fold, fold.blocks(finished=True, cut=cut), as_blocks)
    message.additional_kwargs, message.name = {}, None
    message.id = fold.id or id
    if cut:
        message.response_metadata["interrupted"] = True
    return message


def fill(message: AIMessage, fold: Fold, blocks: list[dict[str, Any]], as_blocks: bool) -> None:
    """Set the fields that follow from what was folded, and from its blocks."""
    message.content = cast(
        "Any", blocks if as_blocks or not _is_plain(blocks) else "".join(b["text"] for b in blocks if b["type"] == "text")
    )
    message.tool_calls = cast("Any", [checked_call(b) for b in blocks if b["type"] == "tool_call"])
    message.invalid_tool_calls = cast("Any", [b for b in blocks if b["type"] == "invalid_tool_call"])
    message.usage_metadata = cast("Any", fold.usage)
    message.response_metadata = dict(fold.metadata)


def _is_plain(blocks: list[dict[str, Any]]) -> bool:
    """One text, then only calls, broken ones last: the blocks can be told from a str and the lists of calls without loss."""
    broken = False
    for at, block in enumerate(blocks):
        simple = block["type"] in (*CALL_TYPES, "tool_call_chunk") or (
            block["type"] == "text" and at == 0 and "annotations" not in block
        )
        if not simple or "extras" in block or (broken and block["type"] == "tool_call"):
            return False
        broken = broken or block["type"] == "invalid_tool_call"
    return True
