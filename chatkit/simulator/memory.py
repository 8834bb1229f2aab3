"""The answers that a server keeps, for requests that go on from one (Responses, Anthropic's threads) or fetch it again."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from chatkit.jsons import encode
from chatkit.messages import AIMessage
from chatkit.simulator.dialects.dialect import Refused
from chatkit.simulator.problem import problem
from chatkit.simulator.question import tokens_of

if TYPE_CHECKING:
    from chatkit.messages import BaseMessage
    from chatkit.simulator.question import Question
    from chatkit.simulator.reply import Answer

__all__ = ["Memory"]

_KEPT = 1000


class Memory:
    """The last 1,000 answers that were to be kept, by their ids; and as many beginnings of conversations."""

    def __init__(self) -> None:
        self._kept: OrderedDict[str, tuple[Question, Answer]] = OrderedDict()
        self._beginnings: OrderedDict[bytes, None] = OrderedDict()
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        """A copy remembers nothing; a lock cannot travel."""
        return {}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__()

    def keep(self, question: Question, answer: Answer) -> None:
        """Keep an answer, where the question asks for that."""
        if question.kept and not question.forgotten:
            with self._lock:
                self._kept[question.answer_id] = question, answer
                while len(self._kept) > _KEPT:
                    self._kept.popitem(last=False)

    def fetch(self, question: Question) -> tuple[Question, Answer]:
        """The earlier question and answer that a question wants again. Raises Refused."""
        with self._lock:
            kept = self._kept.get(question.fetched or "")
            if kept is None:
                raise Refused(problem("not_found", f"Response with id '{question.fetched}' not found."))
            if question.forgotten:
                del self._kept[question.fetched or ""]
        asked, answer = kept
        body = {**asked.body, **question.body}
        return replace(asked, stream=question.stream, fetched=question.fetched, forgotten=question.forgotten, body=body), answer

    def recall(self, question: Question) -> Question:
        """The question with the conversation before it that it refers to. Raises Refused."""
        if question.previous is None:
            return question
        kept = self._kept.get(question.previous)
        if kept is None:
            code = "thread_not_found" if question.threaded else "previous_response_not_found"
            raise Refused(problem("bad_request", f"Previous response with id '{question.previous}' not found.", code=code))
        asked, answer = kept
        own, new = _split(question)
        question = replace(question, messages=[*own, *_split(asked)[1], AIMessage(answer.blocks), *new])
        return replace(question, tools=asked.tools, server_tools=asked.server_tools) if question.threaded else question

    def cached(self, question: Question) -> Question:
        """The question with what the cache has of the beginnings that it marks; from now on all of them are there."""
        read = total = 0
        for mark in question.cache_marks:
            begun = question.messages[:mark]
            tokens, key = tokens_of(begun), encode([question.model, [[message.type, message.text] for message in begun]])
            total = max(total, tokens)
            with self._lock:
                read = max(read, tokens) if key in self._beginnings else read
                self._beginnings[key] = None
                while len(self._beginnings) > _KEPT:
                    self._beginnings.popitem(last=False)
        return replace(question, cached=(read, total - read))


def _split(question: Question) -> tuple[list[BaseMessage], list[BaseMessage]]:
    """The system text of this answer alone (`instructions`), which the next one does not see, and the rest."""
    own = 1 if question.body.get("instructions") else 0
    return question.messages[:own], question.messages[own:]
