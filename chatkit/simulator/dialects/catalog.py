"""The endpoints that list models: a few names that the APIs know, though the simulator takes any.

OpenAI, Mistral, Groq and Cohere share an address, and none of them minds what the others send: one form serves all.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from chatkit.jsons import encode
from chatkit.simulator.dialects.dialect import Frame, Limits, Refused, body_of
from chatkit.simulator.dialects.ollama import CREATED_AT
from chatkit.simulator.dialects.openai_chat import OpenAIChat
from chatkit.simulator.dialects.openai_common import CREATED
from chatkit.simulator.problem import problem
from chatkit.simulator.question import Question

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from chatkit.codec import Request
    from chatkit.simulator.problem import Problem
    from chatkit.simulator.reply import Answer

__all__ = ["Catalog"]


class Catalog:
    """`GET .../models`, `GET .../models/{model}`, and Ollama's `/api/tags`, `/api/ps` and `/api/show`."""

    name = "models"
    path = re.compile(r"(?:/[\w.\-]+)*/(?:models(?:/(?P<id>[^?]+))?|api/(?:tags|ps|show))")
    call_prefix = stream_type = ""
    comment = b""

    def __init__(self) -> None:
        self._chat = OpenAIChat()  # for errors

    def read(self, request: Request) -> Question:
        path = request.url.partition("?")[0]
        match = self.path.fullmatch(path)
        shows = path.endswith("/api/show")
        if match is None or request.method != ("POST" if shows else "GET"):
            raise Refused(problem("not_found", f"the simulator does not {request.method} {path}"))
        model: str = body_of(request)["model"] if shows else unquote(match["id"] or "")
        return Question(model, [], counting=True, body={"form": _form(path, request.headers)})

    def whole(self, question: Question, answer: Answer) -> bytes:
        names, one, many = _FORMS[question.body["form"]]
        return encode(one(question.model) if question.model else many([one(name) for name in names]))

    def frames(self, question: Question, answer: Answer) -> Iterator[Frame]:
        raise NotImplementedError("lists are not streamed")

    def error(self, problem: Problem) -> bytes:
        return self._chat.error(problem)

    def error_frame(self, problem: Problem, question: Question | None, sent: int) -> bytes:
        return self._chat.error_frame(problem, question, sent)

    def headers(self, question: Question | None, problem: Problem | None, limits: Limits) -> dict[str, str]:
        return self._chat.headers(question, problem, limits)


def _form(path: str, headers: dict[str, str]) -> str:
    """Whose list is wanted."""
    given = {name.lower() for name in headers}
    if "/api/" in path and "/models" not in path:
        return "ollama"
    if "anthropic-version" in given:
        return "anthropic"
    return "gemini" if "x-goog-api-key" in given or "/v1beta" in path else "openai"


def _openai(name: str) -> dict[str, Any]:
    mistral = {"type": "base", "capabilities": {"completion_chat": True, "function_calling": True, "vision": True}}
    cohere = {"name": name, "endpoints": ["chat"], "context_length": 1_000_000}
    return {"id": name, "object": "model", "created": CREATED, "owned_by": "simulator", **mistral, **cohere}


def _anthropic(name: str) -> dict[str, Any]:
    return {"type": "model", "id": name, "display_name": name, "created_at": CREATED_AT, "lifecycle": "active"}


def _anthropic_list(models: list[dict[str, Any]]) -> dict[str, Any]:
    return {"data": models, "has_more": False, "first_id": models[0]["id"], "last_id": models[-1]["id"]}


def _gemini(name: str) -> dict[str, Any]:
    sizes = {"inputTokenLimit": 1_000_000, "outputTokenLimit": 65_536}
    methods = ["generateContent", "countTokens"]
    return {"name": f"models/{name}", "displayName": name, "version": "1", **sizes, "supportedGenerationMethods": methods}


def _ollama(name: str) -> dict[str, Any]:
    details = {"format": "gguf", "family": "simulator", "parameter_size": "0B", "quantization_level": "F16"}
    abilities: dict[str, Any] = {"capabilities": ["completion", "tools", "thinking", "vision"], "model_info": {}}
    head = {"name": name, "model": name, "modified_at": CREATED_AT, "size": 0, "digest": "simulated"}
    return {**head, "details": details, **abilities}


_FORMS: dict[str, tuple[tuple[str, ...], Callable[[str], dict[str, Any]], Callable[[list[dict[str, Any]]], dict[str, Any]]]] = {
    "openai": (
        ("gpt-4.1", "gpt-4.1-mini", "gpt-5", "gpt-5-mini"),
        _openai,
        lambda models: {"object": "list", "data": models, "models": models},
    ),
    "anthropic": (("claude-sonnet-4-5", "claude-haiku-4-5", "claude-opus-4-5"), _anthropic, _anthropic_list),
    "gemini": (
        ("gemini-2.5-flash", "gemini-2.5-pro", "gemini-3-pro-preview"),
        _gemini,
        lambda models: {"models": models, "publisherModels": models},
    ),
    "ollama": (("llama3.2", "qwen3"), _ollama, lambda models: {"models": models}),
}
"""The names in a list, the form of one model, the form of the list."""
