"""What stands between a model and a provider's wire: plain values, no I/O.

A provider is two pure functions: `encode(call) -> Request`, and a `Parser` whose `feed(bytes)` gives events.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Protocol, TypeAlias

from msgspec import Struct, field

from chatkit.errors import IncompleteStreamError
from chatkit.secrets import scrub_headers

if TYPE_CHECKING:
    from chatkit.events import Event
    from chatkit.messages import BaseMessage

__all__ = ["Call", "NamedTool", "OutputSchema", "Parser", "Request", "ToolChoice", "ToolSpec"]


class ToolSpec(Struct, frozen=True):
    """A tool of the caller's, in no provider's form.

    Attributes:
        parameters: JSON Schema of the arguments, `type` object.
        strict: ask the provider to hold the arguments to the schema.
        extras: what only some providers know, by their own names (cache_control, defer_loading ...).
    """

    name: str
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=lambda: {"type": "object", "properties": {}})
    strict: bool | None = None
    extras: dict[str, Any] | None = None


class NamedTool(Struct, frozen=True):
    """`tool_choice` that forces one tool."""

    name: str


ToolChoice: TypeAlias = Literal["auto", "none", "any"] | NamedTool | dict[str, Any]
"""A dict is the provider's own form and is sent as it is."""


class OutputSchema(Struct, frozen=True):
    """`response_format` that holds the answer to a JSON Schema."""

    name: str
    schema: dict[str, Any]
    description: str = ""
    strict: bool | None = None


class Call(Struct, frozen=True):
    """One question to a model: everything that its provider's `encode` needs.

    Attributes:
        messages: the conversation, at least one message.
        params: the call's parameters by chatkit's names, checked against the provider's `Params`; None left out.
            Some have a neutral form that every provider translates: `tools` (list of ToolSpec, or the provider's
            own dicts), `tool_choice` (ToolChoice), `response_format` (OutputSchema, or the provider's own dict),
            `stop` (list of str), `reasoning_effort` (str), `parallel_tool_calls` (bool).
        api_key: the key or token, resolved.
    """

    model: str
    messages: list[BaseMessage]
    params: dict[str, Any]
    stream: bool = False
    api_key: str | None = None

    def __repr__(self) -> str:
        return f"Call(model={self.model!r}, messages={self.messages!r}, params={self.params!r}, stream={self.stream!r})"


class Request(Struct):
    """An HTTP request, complete but for what `net/` adds (user agent, accept-encoding, content-length)."""

    url: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict[str, str])
    method: str = "POST"

    def __repr__(self) -> str:
        address, headers = self.url.partition("?")[0], scrub_headers(self.headers)
        return f"Request({self.method} {address!r}, headers={headers!r}, {len(self.body)} bytes)"


class Parser(Protocol):
    """Turns the bytes of one answer into events. Made new for each answer.

    Attributes:
        done: the end marker was seen; nothing more is of interest.
    """

    done: bool

    def feed(self, data: bytes) -> list[Event]:
        """Events that the next bytes complete."""
        ...

    def close(self) -> list[Event]:
        """Events that the end of the body completes; raises IncompleteStreamError when the end marker is missing."""
        ...


def incomplete(what: str) -> IncompleteStreamError:
    """The error for a body that ends too early; `what` names the marker that is missing."""
    return IncompleteStreamError(
        f"the stream ended without {what}, so the answer may be cut; what came is in .partial "
        "(allow_incomplete=True accepts such answers)"
    )
