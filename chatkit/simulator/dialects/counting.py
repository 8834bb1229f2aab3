"""The endpoints that count tokens (wire sheets, row "Count").

A count is asked for with the request that would be made, so the API's own dialect reads it, and reports errors.
"""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from chatkit.codec import Request
from chatkit.jsons import as_object, decode_object, encode
from chatkit.simulator.dialects.anthropic import Anthropic
from chatkit.simulator.dialects.bedrock import Converse
from chatkit.simulator.dialects.bedrock_invoke import InvokeModel
from chatkit.simulator.dialects.dialect import Dialect, Frame, Limits, body_of
from chatkit.simulator.dialects.gemini import Gemini
from chatkit.simulator.dialects.openai_responses import OpenAIResponses

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chatkit.simulator.problem import Problem
    from chatkit.simulator.question import Question
    from chatkit.simulator.reply import Answer

__all__ = ["COUNTERS"]


class Counter:
    """One API's endpoint.

    Args:
        dialect: of the requests that are counted.
        path: matches the whole path of a request, without the query.
        asked: (path, body) of the request whose tokens are to be counted.
        field: where the number stands in the answer.
        facts: what else is in it.
    """

    call_prefix = stream_type = ""
    comment = b""

    def __init__(
        self, dialect: Dialect, path: str, asked: Callable[[str, dict[str, Any]], tuple[str, Any]], field: str, **facts: str
    ) -> None:
        self.name = f"{dialect.name} count"
        self.path = re.compile(path)
        self._dialect = dialect
        self._asked = asked
        self._field = field
        self._facts = facts

    def read(self, request: Request) -> Question:
        path, body = self._asked(request.url.partition("?")[0], body_of(request))
        question = self._dialect.read(Request(path, encode(body), request.headers))
        return replace(question, stream=False, kept=False, counting=True)

    def whole(self, question: Question, answer: Answer) -> bytes:
        return encode({**self._facts, self._field: question.input_tokens})

    def frames(self, question: Question, answer: Answer) -> Iterator[Frame]:
        raise NotImplementedError("counts are not streamed")

    def error(self, problem: Problem) -> bytes:
        return self._dialect.error(problem)

    def error_frame(self, problem: Problem, question: Question | None, sent: int) -> bytes:
        return self._dialect.error_frame(problem, question, sent)

    def headers(self, question: Question | None, problem: Problem | None, limits: Limits) -> dict[str, str]:
        return self._dialect.headers(question, problem, limits)


def _anthropic(path: str, body: dict[str, Any]) -> tuple[str, Any]:
    return path.removesuffix("/count_tokens"), {"max_tokens": 1, **body}


def _responses(path: str, body: dict[str, Any]) -> tuple[str, Any]:
    return path.removesuffix("/input_tokens"), body


def _gemini(path: str, body: dict[str, Any]) -> tuple[str, Any]:
    return path.replace(":countTokens", ":generateContent"), body.get("generateContentRequest") or body


def _vertex_claude(path: str, body: dict[str, Any]) -> tuple[str, Any]:
    rest = {name: value for name, value in body.items() if name != "model"}
    return path.replace("/count-tokens:", f"/{body.get('model')}:"), {"max_tokens": 1, **rest}


def _converse(path: str, body: dict[str, Any]) -> tuple[str, Any]:
    return path.replace("/count-tokens", "/converse"), as_object(body.get("input")).get("converse")


def _invoke(path: str, body: dict[str, Any]) -> tuple[str, Any]:
    given = as_object(as_object(body.get("input")).get("invokeModel")).get("body")
    return path.replace("/count-tokens", "/invoke"), decode_object(base64.b64decode(given or ""))


class _BedrockCounter(Counter):
    """Counts both of Bedrock's formats; they share an address."""

    def __init__(self) -> None:
        super().__init__(Converse(), r"(?:/[\w.\-]+)*/model/[^/]+/count-tokens", _converse, "inputTokens")
        self._invoke = Counter(InvokeModel(), self.path.pattern, _invoke, "inputTokens")

    def read(self, request: Request) -> Question:
        native = "invokeModel" in as_object(body_of(request).get("input"))
        return self._invoke.read(request) if native else super().read(request)


COUNTERS: tuple[Dialect, ...] = (
    Counter(Anthropic(), r"(?:/[\w.\-]+)*/v1/messages/count_tokens", _anthropic, "input_tokens"),
    Counter(Anthropic(), r"(?:/[\w.\-]+)*/publishers/anthropic/models/count-tokens:rawPredict", _vertex_claude, "input_tokens"),
    Counter(
        OpenAIResponses(),
        r"(?:/[\w.\-]+)*/responses/input_tokens",
        _responses,
        "input_tokens",
        object="response.input_tokens",
    ),
    Counter(Gemini(), r"(?:/[^/?]+)*/[^/:?]+:countTokens", _gemini, "totalTokens"),
    _BedrockCounter(),
)
