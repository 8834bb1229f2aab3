"""Every dialect that the simulator speaks, with the model that speaks it from the other side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chatkit_anthropic import ChatAnthropic
from chatkit_aws import ChatBedrock, ChatBedrockConverse
from chatkit_cohere import ChatCohere
from chatkit_google_genai import ChatGoogleGenerativeAI
from chatkit_ollama import ChatOllama
from chatkit_openai import ChatOpenAI

if TYPE_CHECKING:
    from chatkit.model import ChatModel

__all__ = ["FRAMINGS", "NAMES", "WORDLESS", "model_of"]

_MODELS: dict[str, tuple[type[ChatModel], str, str, dict[str, Any]]] = {
    "openai_chat": (ChatOpenAI, "m", "/v1", {"api_key": "k"}),
    "openai_responses": (ChatOpenAI, "m", "/v1", {"api_key": "k", "use_responses_api": True}),
    "anthropic": (ChatAnthropic, "m", "", {"api_key": "k", "max_tokens": 100}),
    "gemini": (ChatGoogleGenerativeAI, "m", "", {"api_key": "k"}),
    "bedrock_converse": (ChatBedrockConverse, "m", "", {"api_key": "k", "region_name": "us-east-1"}),
    "bedrock_invoke": (ChatBedrock, "anthropic.claude-sonnet-4-5", "", {"api_key": "k", "region_name": "us-east-1"}),
    "ollama": (ChatOllama, "m", "", {}),
    "cohere": (ChatCohere, "m", "", {"api_key": "k"}),
}

NAMES = list(_MODELS)

WORDLESS = ("cohere",)
"""Dialects that have no word for what went wrong inside a stream."""

FRAMINGS = ["openai_chat", "bedrock_converse", "ollama"]
"""One dialect for each way in which events are told apart: server-sent events, AWS event streams, lines."""


def model_of(dialect: str, url: str = "http://simulator", **settings: Any) -> ChatModel:
    """A model that speaks a dialect to the simulator at an address."""
    cls, name, path, own = _MODELS[dialect]
    return cls(name, base_url=url + path, **{**own, **settings})
