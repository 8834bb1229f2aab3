"""Bringing a conversation within a number of tokens (spec S52)."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast

from chatkit.errors import InputError, InputTypeError
from chatkit.jsons import is_object
from chatkit.messages.base import BaseMessage, SystemMessage
from chatkit.messages.coerce import convert_to_messages
from chatkit.messages.count import count_tokens_approximately
from chatkit.messages.select import MessageTypes, has_type, message_chunk_to_message
from chatkit.messages.steps import also_a_step

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["trim_messages"]

Counter: TypeAlias = "Callable[[list[BaseMessage]], int]"
Splitter: TypeAlias = "Callable[[str], list[str]]"


@also_a_step
def trim_messages(
    messages: Any,
    *,
    max_tokens: int,
    token_counter: Any = "approximate",
    strategy: Literal["first", "last"] = "last",
    allow_partial: bool = False,
    start_on: MessageTypes | None = None,
    end_on: MessageTypes | None = None,
    include_system: bool = False,
    text_splitter: Splitter | None = None,
) -> list[BaseMessage]:
    """As many messages as fit into `max_tokens`.

        trim_messages(history, max_tokens=4000, start_on="human", include_system=True)

    Args:
        messages: in any form that models take. Without them the result is a step.
        max_tokens: how many.
        token_counter: "approximate", a model, a function of a list of messages (`len` counts messages), or one of a
            single message, told by the annotation `BaseMessage` of its parameter.
        strategy: "last" keeps the end of the conversation, "first" its beginning.
        allow_partial: a message that does not fit may be cut: blocks first, then text, at line ends.
        start_on: what stands before the first message of this kind is left out ("human" gives a conversation that
            every provider takes). For "last" only.
        end_on: what stands after the last message of this kind is left out.
        include_system: keep a system message at the beginning. For "last" only.
        text_splitter: cuts a text into pieces that give the text when put together. Default: lines.

    Raises:
        InputError: options that do not go together. InputTypeError: no counter.
    """
    if strategy not in ("first", "last"):
        raise InputError(f"strategy must be 'first' or 'last', not {strategy!r}")
    if strategy == "first" and (start_on or include_system):
        raise InputError("start_on and include_system go with strategy='last' only")
    fit = _Fit(max_tokens, _counter(token_counter), text_splitter or _lines if allow_partial else None, strategy == "last")
    given = [message_chunk_to_message(message) for message in convert_to_messages(messages)]
    if strategy == "first":
        return _until(fit.head(given), end_on)
    given = _until(given, end_on)
    system = given[:1] if include_system and given and isinstance(given[0], SystemMessage) else []
    if system:
        fit.room = max(0, max_tokens - fit.count(system))
    kept = fit.head(given[len(system) :][::-1])
    return [*system, *_until(kept, start_on)[::-1]]


def _until(messages: list[BaseMessage], types: MessageTypes | None) -> list[BaseMessage]:
    """The messages without those after the last of some kind."""
    if not types:
        return messages
    end = len(messages)
    while end and not has_type(messages[end - 1], types):
        end -= 1
    return messages[:end]


def _lines(text: str) -> list[str]:
    return text.splitlines(keepends=True)


def _counter(given: Any) -> Counter:
    if given == "approximate":
        return count_tokens_approximately
    of_model = getattr(given, "get_num_tokens_from_messages", None)
    if of_model is not None:
        return of_model
    if not callable(given):
        raise InputTypeError(
            f"token_counter must be a model, a function of messages, or 'approximate', not {type(given).__name__}"
        )
    counter = cast("Callable[[Any], int]", given)
    if _takes_one(counter):
        return lambda messages: sum(counter(message) for message in messages)
    return counter


def _takes_one(counter: Callable[..., Any]) -> bool:
    try:
        parameters = list(inspect.signature(counter).parameters.values())
    except ValueError:  # a builtin without a signature
        return False
    annotation = parameters[0].annotation if parameters else None
    return annotation is BaseMessage or annotation == "BaseMessage"


class _Fit:
    """Finds how much of a list fits, from its beginning.

    Attributes:
        room: tokens that may be used.
        splitter: cuts texts; None: messages stay whole.
        backwards: the list is in reverse order, so that of a cut message its end is kept.
    """

    def __init__(self, room: int, count: Counter, splitter: Splitter | None, backwards: bool) -> None:
        self.room = room
        self.count = count
        self.splitter = splitter
        self.backwards = backwards

    def head(self, messages: list[BaseMessage]) -> list[BaseMessage]:
        """The longest beginning that fits, the last message cut where that is allowed."""
        whole = messages[: _most(len(messages), lambda n: self._fits(messages[:n]))]
        if self.splitter is None or len(whole) == len(messages):
            return whole
        part = self._part(whole, messages[len(whole)], self.splitter)
        return whole if part is None else [*whole, part]

    def _fits(self, messages: list[BaseMessage]) -> bool:
        return self.count(messages) <= self.room

    def _part(self, whole: list[BaseMessage], message: BaseMessage, splitter: Splitter) -> BaseMessage | None:
        """The part of a message that fits after those that fit whole; None when nothing of it does."""
        if not isinstance(message.content, str):
            blocks = message.content
            kept = _most(len(blocks) - 1, lambda n: self._fits([*whole, _with(message, self._ends(blocks, n))]))
            if kept:
                return _with(message, self._ends(blocks, kept))
        pieces = splitter(_text_to_cut(message, last=self.backwards))
        kept = _most(len(pieces), lambda n: self._fits([*whole, _with(message, "".join(self._ends(pieces, n)))]))
        return _with(message, "".join(self._ends(pieces, kept))) if kept else None

    def _ends(self, items: list[Any], n: int) -> list[Any]:
        """n items from the end that is kept."""
        return items[len(items) - n :] if self.backwards else items[:n]


def _most(limit: int, fits: Callable[[int], bool]) -> int:
    """The largest n up to the limit for which it fits, 0 when none does; more never fits better."""
    low, high = 0, max(0, limit)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def _with(message: BaseMessage, content: Any) -> BaseMessage:
    return message.model_copy(update={"content": content})


def _text_to_cut(message: BaseMessage, *, last: bool) -> str:
    """The text nearest to what is kept."""
    if isinstance(message.content, str):
        return message.content
    texts = [
        item if isinstance(item, str) else item.get("text")
        for item in message.content
        if not is_object(item) or item.get("type") == "text"
    ]
    found = [text for text in texts if text]
    return found[-1 if last else 0] if found else ""
