"""The dialect of InvokeModel with Anthropic bodies: Anthropic's own in other frames (wire sheet: bedrock_invoke_anthropic)."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from chatkit.codec import Request
from chatkit.jsons import encode
from chatkit.simulator.dialects.anthropic import Anthropic
from chatkit.simulator.dialects.bedrock import Bedrock, event
from chatkit.simulator.dialects.dialect import Frame, Refused, body_of
from chatkit.simulator.problem import problem

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatkit.simulator.dialects.dialect import Limits
    from chatkit.simulator.problem import Problem
    from chatkit.simulator.question import Question
    from chatkit.simulator.reply import Answer

__all__ = ["InvokeModel"]


class InvokeModel(Bedrock):
    """`POST .../model/{model}/invoke` and `/invoke-with-response-stream`."""

    name = "bedrock_invoke"
    path = re.compile(r"(?:/[\w.\-]+)*/model/(?P<model>[^/]+)/(?P<action>invoke|invoke-with-response-stream)")
    call_prefix = "toolu_bdrk_"

    def __init__(self) -> None:
        self._anthropic = Anthropic()

    def read(self, request: Request) -> Question:
        match = self.path.fullmatch(request.url.partition("?")[0])
        body = body_of(request)
        version: Any = body.get("anthropic_version")
        if match is None or not isinstance(version, str):
            raise Refused(problem("bad_request", "anthropic_version: Field required"))
        if foreign := sorted({"model", "stream"} & set(body)):
            raise Refused(problem("bad_request", f"{', '.join(foreign)}: Extra inputs are not permitted"))
        body = {**body, "model": unquote(match["model"]), "stream": match["action"] != "invoke"}
        return self._anthropic.read(Request("/v1/messages", encode(body), {"anthropic-version": version}))

    def headers(self, question: Question | None, problem: Problem | None, limits: Limits) -> dict[str, str]:
        return {**super().headers(question, problem, limits), "x-amzn-bedrock-content-type": "application/json"}

    def whole(self, question: Question, answer: Answer) -> bytes:
        return self._anthropic.whole(question, answer)

    def frames(self, question: Question, answer: Answer) -> Iterator[Frame]:
        for frame in self._anthropic.frames(question, answer):
            said = frame.data.partition(b"data: ")[2].rstrip()
            yield Frame(event("chunk", {"bytes": base64.b64encode(said).decode()}), frame.part)
