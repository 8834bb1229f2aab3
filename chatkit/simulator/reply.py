"""`Reply`: what is to be answered, as a script or a rule says it; `Answer`: the same, complete, as dialects write it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import Struct

from chatkit.jsons import as_object, decode_object, dumps
from chatkit.messages.usage import usage_metadata
from chatkit.simulator.pieces import count_tokens, json_pieces, text_pieces

if TYPE_CHECKING:
    from collections.abc import Container, Sequence

    from chatkit.simulator.fault import Fault
    from chatkit.simulator.question import Question

__all__ = ["Answer", "Reply", "args_object", "args_text", "settle"]


class Reply(Struct, frozen=True):
    """A scripted answer. Everything is optional; `Reply("Hello")` is a whole answer.

    Attributes:
        text: the text.
        reasoning: thinking that comes before it.
        tool_calls: calls that come after it: `(name, args)` pairs or `tool_call` blocks; args that are a str are sent
            as they are, which lets a test send broken JSON.
        blocks: standard content blocks in any order, instead of the three above.
        finish: "stop", "tool_calls", "length" or "content_filter"; without it what fits the blocks.
        usage: a `usage_metadata` dict; without it tokens are counted.
        first: seconds before the first piece.
        every: seconds between pieces; None leaves it to the simulator.
        piece: characters a piece; without it words (and 5 characters of tool arguments).
        fault: what goes wrong on the way.
    """

    text: str = ""
    reasoning: str = ""
    tool_calls: Sequence[tuple[str, Any] | dict[str, Any]] = ()
    blocks: Sequence[dict[str, Any]] | None = None
    finish: str | None = None
    usage: dict[str, Any] | None = None
    first: float = 0.0
    every: float | None = None
    piece: int | None = None
    fault: Fault | None = None

    @property
    def content(self) -> list[dict[str, Any]]:
        """The answer as standard content blocks."""
        if self.blocks is not None:
            return [dict(block) for block in self.blocks]
        blocks: list[dict[str, Any]] = []
        if self.reasoning:
            blocks.append({"type": "reasoning", "reasoning": self.reasoning})
        if self.text or not self.tool_calls:
            blocks.append({"type": "text", "text": self.text})
        return blocks + [_call_block(call) for call in self.tool_calls]


def _call_block(call: tuple[str, Any] | dict[str, Any]) -> dict[str, Any]:
    if isinstance(call, dict):
        return {"type": "tool_call", **call}
    return {"type": "tool_call", "name": call[0], "args": call[1]}


class Answer(Struct, frozen=True):
    """A reply after the question's limits: what a dialect's `whole` and `frames` write.

    Attributes:
        blocks: standard content blocks: reasoning, text (with annotations), tool_call (always with `id`),
            server_tool_call and server_tool_result (with `id`, `tool_call_id`), image, audio, non_standard.
        finish: "stop", "tool_calls", "length" or "content_filter".
        usage: a `usage_metadata` dict.
        piece: characters a piece, None for words.
        stopped: the stop word that ended the answer.
    """

    blocks: list[dict[str, Any]]
    finish: str
    usage: dict[str, Any]
    piece: int | None = None
    stopped: str | None = None

    def text_pieces(self, text: str) -> list[str]:
        """A text as it is streamed, piece by piece."""
        return text_pieces(text, self.piece)

    def args_pieces(self, block: dict[str, Any]) -> list[str]:
        """The arguments of a call as they are streamed: JSON text, piece by piece."""
        return json_pieces(args_text(block), self.piece)

    def of_type(self, *types: str) -> list[dict[str, Any]]:
        """The blocks of some types."""
        return [block for block in self.blocks if block["type"] in types]

    def sendable(self, question: Question, kinds: Container[str]) -> list[dict[str, Any]]:
        """The blocks of the kinds that an API has, without empty texts; reasoning signed, as Claude's is."""
        blocks = [block for block in self.blocks if block["type"] in kinds and block.get("text") != ""]
        return [_signed(block, question.name("sig_")) if block["type"] == "reasoning" else block for block in blocks]

    @property
    def texts(self) -> list[str]:
        """The texts, one by one."""
        return [block["text"] for block in self.blocks if block["type"] == "text"]

    @property
    def text(self) -> str:
        """All text."""
        return "".join(self.texts)


def args_text(block: dict[str, Any]) -> str:
    """Arguments of a call as JSON text, for dialects that send text."""
    args = block.get("args")
    return args if isinstance(args, str) else dumps(args or {})


def args_object(block: dict[str, Any]) -> dict[str, Any]:
    """Arguments of a call as an object, for dialects that send objects; broken JSON stands under "broken"."""
    args = block.get("args")
    if isinstance(args, str):
        return decode_object(args) or {"broken": args}
    return args or {}


def settle(question: Question, reply: Reply, call_prefix: str = "call_") -> Answer:
    """The answer that a reply gives to a question: stop words and max_tokens applied, ids given, tokens counted."""
    blocks, stopped = _stopped(reply.content, question.stop)
    blocks, cut = _limited(blocks, question)
    _give_ids(blocks, question, call_prefix)
    calls = any(block["type"] == "tool_call" for block in blocks)
    finish = "length" if cut else reply.finish or ("tool_calls" if calls else "stop")
    return Answer(blocks, finish, reply.usage or _usage(question, blocks), reply.piece, None if cut else stopped)


def _stopped(blocks: list[dict[str, Any]], stop: list[str]) -> tuple[list[dict[str, Any]], str | None]:
    """The blocks up to the first stop word in a text, and that word."""
    for nth, block in enumerate(blocks):
        text: str = block["text"] if block["type"] == "text" else ""
        found = [(at, word) for word in stop if word and (at := text.find(word)) >= 0]
        if found:
            at, word = min(found)
            return [*blocks[:nth], {**block, "text": text[:at]}], word
    return blocks, None


def _limited(blocks: list[dict[str, Any]], question: Question) -> tuple[list[dict[str, Any]], bool]:
    """The blocks up to max_tokens, and whether that cut something off."""
    kept: list[dict[str, Any]] = []
    left = question.max_tokens
    for block in blocks:
        cost = _tokens(block)
        if left is not None and cost > left:
            return [*kept, *_head(block, left)], True
        left = None if left is None else left - cost
        kept.append(block)
    return kept, False


def _head(block: dict[str, Any], tokens: int) -> list[dict[str, Any]]:
    field = {"text": "text", "reasoning": "reasoning"}.get(block["type"])
    if field is None or not tokens:
        return []
    return [{"type": block["type"], field: "".join(text_pieces(block[field])[:tokens])}]


def _give_ids(blocks: list[dict[str, Any]], question: Question, call_prefix: str) -> None:
    for nth, block in enumerate(blocks):
        if block["type"] == "tool_call" and not block.get("id"):
            block["id"] = question.name(call_prefix, nth)


def _tokens(block: dict[str, Any]) -> int:
    match block["type"]:
        case "text":
            return count_tokens(block["text"])
        case "reasoning":
            return count_tokens(block.get("reasoning") or "")
        case "tool_call":
            return 2 + len(json_pieces(args_text(block)))
        case _:
            return 0


def _usage(question: Question, blocks: list[dict[str, Any]]) -> dict[str, Any]:
    thought = sum(_tokens(block) for block in blocks if block["type"] == "reasoning")
    output = sum(_tokens(block) for block in blocks)
    read, written = question.cached
    taken: dict[str, int | None] = {"cache_read": read, "cache_creation": written or None}
    return usage_metadata(question.input_tokens, output, input_details=taken, output_details={"reasoning": thought})


def _signed(block: dict[str, Any], signature: str) -> dict[str, Any]:
    return {**block, "extras": {"signature": signature, **as_object(block.get("extras"))}}
