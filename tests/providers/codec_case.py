"""Helpers for tests of codecs: bytes to message, messages to body. No I/O."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

from chatkit.codec import Call
from chatkit.events import ErrorEvent, Event
from chatkit.fold import Fold
from chatkit.jsons import decode
from chatkit.messages import AIMessage, HumanMessage
from chatkit.messages.ai import message_of_fold

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chatkit.codec import Request
    from chatkit.messages import BaseMessage
    from chatkit.model import ChatModel

__all__ = ["cuts", "events_of", "pieces_at", "read", "request_of", "sent"]


def request_of(
    model: ChatModel, messages: Iterable[BaseMessage] | str = "Hi", *, stream: bool = True, key: str | None = None, **params: Any
) -> Request:
    """The request that a model makes of a call with these normalised parameters."""
    given: list[BaseMessage] = [HumanMessage(messages)] if isinstance(messages, str) else list(messages)
    return model._encode(Call(model.model, given, {**model.params, **params}, stream, key))


def sent(model: ChatModel, messages: Iterable[BaseMessage] | str = "Hi", *, stream: bool = True, **params: Any) -> dict[str, Any]:
    """The decoded body of that request."""
    return decode(request_of(model, messages, stream=stream, **params).body)


def events_of(model: ChatModel, body: bytes, at: Iterable[int] = (), *, stream: bool = True) -> list[Event]:
    """Events of an answer whose bytes arrive cut at the given places; an error inside it is the last one."""
    parser = model._parser(Call(model.model, [HumanMessage("Hi")], {}, stream))
    events: list[Event] = []
    for piece in pieces_at(body, at):
        events += parser.feed(piece)
        if any(isinstance(event, ErrorEvent) for event in events):
            return events
    return events + parser.close()


def read(model: ChatModel, body: bytes, at: Iterable[int] = (), *, stream: bool = True) -> AIMessage:
    """The message that an answer makes, stamped as the core does it; an error inside it is raised."""
    fold = Fold()
    for event in events_of(model, body, at, stream=stream):
        if isinstance(event, ErrorEvent):
            raise event.error
        fold.feed(event)
    message = message_of_fold(fold)
    message.response_metadata["model_provider"] = model.provider
    return message


def pieces_at(body: bytes, at: Iterable[int]) -> list[bytes]:
    """The bytes, cut at the given places."""
    places = [0, *sorted(place for place in set(at) if 0 < place < len(body)), len(body)]
    return [body[start:end] for start, end in itertools.pairwise(places)]


def cuts(body: bytes) -> st.SearchStrategy[set[int]]:
    """Any places to cut the bytes."""
    return st.sets(st.integers(1, max(1, len(body) - 1)), max_size=30)
