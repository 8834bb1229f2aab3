"""`Question`: what a request asks, in no dialect's form."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field

from chatkit.codec import NamedTool, ToolSpec
from chatkit.jsons import encode
from chatkit.simulator.pieces import count_tokens

if TYPE_CHECKING:
    from chatkit.messages import BaseMessage

__all__ = ["Question", "tokens_of"]


def tokens_of(messages: list[BaseMessage]) -> int:
    """What messages count."""
    return sum(3 + count_tokens(message.text) for message in messages)


class Question(Struct, frozen=True):
    """What a request asks. A dialect's `read` makes it; rules, scripts and predicates of tests look at it.

    Attributes:
        model: name of the model, without a fault suffix.
        messages: the conversation, with standard content blocks.
        stream: a stream was asked for.
        tools: the caller's tools.
        server_tools: names of the tools that the provider runs itself ("web_search", "code_interpreter" ...).
        tool_choice: "auto", "none", "any", or the one tool that must be called.
        parallel_tool_calls: more than one call at a time is allowed.
        schema: JSON Schema that the answer must follow; `{}` for any JSON object.
        reasoning: asked for (True), forbidden (False), not mentioned (None).
        logprobs: None when not asked for, else the number of alternatives.
        stop, max_tokens: limits of the answer.
        cache_marks: after how many messages the conversation is marked for the server's cache.
        cached: how many tokens of it are read from that cache, and written to it.
        previous: id of an earlier answer that this goes on from; the messages before it are on the server.
        threaded: with them are its tools.
        kept: the answer is to be kept on the server, under `answer_id`.
        fetched: id of an earlier answer that is wanted again; nothing is asked.
        forgotten: that answer is to be deleted.
        answer_prefix: how ids of answers begin.
        counting: only the number of its tokens is wanted.
        body: the request as it came, for what only one dialect knows.
    """

    model: str
    messages: list[BaseMessage]
    stream: bool = False
    tools: list[ToolSpec] = field(default_factory=list[ToolSpec])
    server_tools: list[str] = field(default_factory=list[str])
    tool_choice: Literal["auto", "none", "any"] | NamedTool = "auto"
    parallel_tool_calls: bool = True
    schema: dict[str, Any] | None = None
    reasoning: bool | None = None
    logprobs: int | None = None
    stop: list[str] = field(default_factory=list[str])
    max_tokens: int | None = None
    cache_marks: list[int] = field(default_factory=list[int])
    cached: tuple[int, int] = (0, 0)
    previous: str | None = None
    threaded: bool = False
    kept: bool = False
    fetched: str | None = None
    forgotten: bool = False
    answer_prefix: str = "resp_"
    counting: bool = False
    body: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def prompt(self) -> str:
        """Text of the last message of the user."""
        return next((message.text for message in reversed(self.messages) if message.type == "human"), "")

    @property
    def input_tokens(self) -> int:
        """Tokens of the whole conversation, by the simulator's own count."""
        return tokens_of(self.messages)

    @property
    def answer_id(self) -> str:
        """The id of the answer where a server keeps answers."""
        return self.fetched or self.name(self.answer_prefix)

    def name(self, prefix: str, nth: int = 0) -> str:
        """An id that is always the same for the same question: ids of answers, calls and signatures."""
        said = encode([[message.type, message.text] for message in self.messages])
        return prefix + hashlib.sha256(b"%s %d %s" % (prefix.encode(), nth, said)).hexdigest()[:24]
