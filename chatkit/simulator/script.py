"""`Script`: replies written in advance, for tests of applications."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from chatkit.errors import InputTypeError
from chatkit.simulator.dialects.dialect import Refused
from chatkit.simulator.fault import Fault
from chatkit.simulator.problem import problem
from chatkit.simulator.reply import Reply

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from chatkit.simulator.question import Question

__all__ = ["Script", "as_reply"]

Said: TypeAlias = "str | Reply | Fault | Callable[[Question], str | Reply | Fault]"
When: TypeAlias = "str | Callable[[Question], bool]"


class Script:
    """Answers questions in the order of a list; pairs in it answer every question that fits them.

        Script(["Hello", Reply("Hm", reasoning="..."), Fault(status=429, times=2), "Back again"])
        Script([("weather", "Sunny."), (lambda question: question.stream, "A stream.")], then=rules)

    Args:
        replies: a str, Reply, Fault (`times` of them, one if it does not say) or a function of the question is used
            once, in turn. A pair `(when, reply)` is used whenever `when` fits, before the others: a str that stands
            in the prompt (in any case), or a function of the question.
        then: answers when nothing is left; without it such a request is refused with status 400.

    Raises:
        InputTypeError: something else in the list.
    """

    def __init__(self, replies: Iterable[Said | tuple[When, Said]], *, then: Callable[[Question], Reply] | None = None) -> None:
        self._lock = threading.Lock()
        self._pairs: list[tuple[When, Said]] = []
        self._turns: list[Said] = []
        self._at = 0
        self._then = then
        for item in replies:
            self._add(item)

    def __getstate__(self) -> dict[str, Any]:
        """A copy goes on from where this script is, by itself; a lock cannot travel."""
        return {**self.__dict__, "_lock": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state, _lock=threading.Lock())

    def _add(self, item: Said | tuple[When, Said]) -> None:
        if isinstance(item, tuple):
            self._pairs.append(cast("tuple[When, Said]", item))
        elif isinstance(item, Fault):
            self._turns += [item] * (item.times or 1)
        elif isinstance(item, str | Reply) or callable(item):
            self._turns.append(item)
        else:
            raise InputTypeError(
                f"a script holds str, Reply, Fault, functions and (when, reply) pairs, not {type(item).__name__}"
            )

    @property
    def left(self) -> int:
        """How many replies were not used yet."""
        return len(self._turns) - self._at

    def __call__(self, question: Question) -> Reply:
        """The reply to a question."""
        for when, said in self._pairs:
            if _fits(when, question):
                return as_reply(said, question)
        with self._lock:
            at, self._at = self._at, min(self._at + 1, len(self._turns))
        if at < len(self._turns):
            return as_reply(self._turns[at], question)
        if self._then is not None:
            return self._then(question)
        raise Refused(problem("bad_request", f"the script has no reply left for {question.prompt!r}"))


def _fits(when: When, question: Question) -> bool:
    return when.lower() in question.prompt.lower() if isinstance(when, str) else bool(when(question))


def as_reply(said: Said, question: Question) -> Reply:
    """The reply that an item of a script stands for."""
    if callable(said):
        said = said(question)
    if isinstance(said, Fault):
        return Reply(fault=said)
    return said if isinstance(said, Reply) else Reply(said)
