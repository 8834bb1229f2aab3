"""`ChatOllama`: the native chat API of Ollama (wire sheet: ollama)."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, ClassVar, TypedDict, Unpack

from chatkit.codec import Request
from chatkit.model import ChatModel
from chatkit.params import CommonParams, CommonSettings
from chatkit.settings import checked_address
from chatkit_ollama.encode import request_fields
from chatkit_ollama.parse import OllamaParser

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatkit.codec import Call, Parser

__all__ = ["ChatOllama", "OllamaOptions", "OllamaParams"]


class OllamaParams(CommonParams, total=False):
    """What Ollama takes beyond the common parameters.

    Attributes:
        reasoning: True, False, or a level: "low", "medium", "high", "max". Without it the model's own default holds.
        format: "json", or a JSON Schema that the answer must fit.
        keep_alive: how long the model stays loaded: "5m", seconds, -1 (for ever) or 0 (unload at once).
        num_ctx: size of the context in tokens.
        seed, top_k, min_p, typical_p, repeat_penalty, repeat_last_n, presence_penalty, frequency_penalty: sampling.
        num_keep, num_gpu, num_thread, num_batch, main_gpu, use_mmap: how the model is run.
        options: more entries for Ollama's `options`, unchecked.
        logprobs, top_logprobs: log probabilities in `response_metadata["logprobs"]`.
        truncate, shift: what the server does when the context is full.
    """

    reasoning: bool | str | None
    format: str | dict[str, Any] | None
    keep_alive: float | str | None
    num_ctx: int | None
    seed: int | None
    top_k: int | None
    min_p: float | None
    typical_p: float | None
    repeat_penalty: float | None
    repeat_last_n: int | None
    presence_penalty: float | None
    frequency_penalty: float | None
    num_keep: int | None
    num_gpu: int | None
    num_thread: int | None
    num_batch: int | None
    main_gpu: int | None
    use_mmap: bool | None
    options: dict[str, Any] | None
    logprobs: bool | None
    top_logprobs: int | None
    truncate: bool | None
    shift: bool | None


class OllamaAliases(TypedDict, total=False):
    """Ollama's own names for two of the parameters."""

    num_predict: int | None
    think: bool | str | None


class OllamaOptions(OllamaParams, CommonSettings, OllamaAliases, total=False):
    """Every keyword argument of `ChatOllama`."""


class ChatOllama(ChatModel):
    """A model that Ollama runs, on this machine, on another one or in Ollama's cloud.

    Args:
        model: name of the model, e.g. "qwen3:4b".
        base_url: address of the server (OLLAMA_BASE_URL, OLLAMA_HOST; default http://127.0.0.1:11434). Scheme and
            port may be left out.
        api_key: only for the cloud or a server behind a login (OLLAMA_API_KEY).
        max_tokens: longest answer in tokens (default: no limit); sent as `num_predict`.
        reasoning: let the model think: True, False or a level (default: as the model is made).
        **kwargs: see `OllamaParams` and `chatkit.params`.
    """

    provider = "ollama"
    Params = OllamaParams
    aliases: ClassVar[Mapping[str, str]] = {"num_predict": "max_tokens", "think": "reasoning"}
    api_key_env = ("OLLAMA_API_KEY",)
    base_url_env = ("OLLAMA_BASE_URL", "OLLAMA_HOST")
    default_base_url = "http://127.0.0.1:11434"
    key_required = False
    structured_method = "json_schema"

    def __init__(self, model: str = "", **kwargs: Unpack[OllamaOptions]) -> None:
        super().__init__(model, **kwargs)

    def _find_base_url(self) -> str:
        given = self.settings.get("base_url") or next(filter(None, map(os.environ.get, self.base_url_env)), None)
        return whole_address(given or self.default_base_url)

    def _encode(self, call: Call) -> Request:
        bearer = f"Bearer {call.api_key}" if call.api_key else None
        accept = "application/x-ndjson" if call.stream else "application/json"
        headers = self.headers(authorization=bearer, accept=accept)
        return Request(self.url("/api/chat"), self.body(request_fields(call, self.provider)), headers)

    def _parser(self, call: Call) -> Parser:
        return OllamaParser()


_BARE = re.compile(r"(?P<host>\[[^]]*\]|[^:/]*)(?::(?P<port>\d*))?(?P<path>/(?!/).*)?")


def whole_address(given: str) -> str:
    """An address with scheme and port, from any form that Ollama's own client takes.

    `OLLAMA_HOST` is often only a host, ":port", or "0.0.0.0", which is where the server listens. The port is 11434
    when the scheme is left out, else that of the scheme.
    """
    address = given.strip().rstrip("/")
    match = _BARE.fullmatch(address)
    if match is not None:
        address = f"http://{match['host'] or '127.0.0.1'}:{match['port'] or '11434'}{match['path'] or ''}"
    return checked_address(address, "http://127.0.0.1:11434").replace("://0.0.0.0", "://127.0.0.1", 1)
