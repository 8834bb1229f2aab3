"""The providers that the scenarios run against, and what each of them cannot do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field

from chatkit.errors import ModelError, OverloadedError, ServerError
from tests.conformance.scenario import Lack, absent, refused, unseen, untested, warned

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["SUBJECTS", "Subject", "versioned"]


def versioned(url: str) -> dict[str, Any]:
    """Settings of a provider whose address ends in /v1."""
    return {"base_url": f"{url}/v1", "api_key": "test"}


def _plain(url: str) -> dict[str, Any]:
    return {"base_url": url, "api_key": "test"}


class Subject(Struct, frozen=True):
    """A provider under test.

    Attributes:
        name: its row on the page; page: its own page in docs/providers.
        provider, model: as in `init_chat_model("provider:model")`.
        options: settings that lead to a simulator at an address.
        thinking: parameters that ask for visible reasoning.
        logprobs: parameters that ask for probabilities with two alternatives.
        search: parameters with which the answer cites sources.
        server_tool: parameters with a tool that the provider runs itself; without it those of `search`.
        runs: what that tool does; searches_as: how its calls are named in a scripted answer.
        streams_arguments: parameters that make arguments of calls come in pieces.
        overloaded: the error for an overload that is reported inside a 200; services that only send a text leave it open.
        lacks: scenarios that it does not pass, and what it does instead.
    """

    name: str
    provider: str
    model: str
    options: Callable[[str], dict[str, Any]] = versioned
    page: str = "openai_compatible"
    thinking: dict[str, Any] = field(default_factory=lambda: {"reasoning_effort": "high"})
    logprobs: dict[str, Any] = field(default_factory=lambda: {"logprobs": True, "top_logprobs": 2})
    search: dict[str, Any] = field(default_factory=dict[str, Any])
    server_tool: dict[str, Any] = field(default_factory=dict[str, Any])
    runs: Literal["search", "code"] = "search"
    searches_as: str = "web_search"
    streams_arguments: dict[str, Any] = field(default_factory=dict[str, Any])
    overloaded: type[ModelError] = OverloadedError
    lacks: dict[str, Lack] = field(default_factory=dict[str, Lack])


_WEB = {"tools": [{"type": "web_search"}]}
_CLAUDE: dict[str, Any] = {
    "page": "anthropic",
    "thinking": {"thinking": {"type": "enabled", "budget_tokens": 1024}},
    "search": {"tools": [{"type": "web_search_20250305", "name": "web_search"}]},
}
_NO_LOGPROBS = {"logprobs": refused("the API has none")}
_NO_JSON_MODE = {"object by json_mode": refused("the API needs a schema")}
_UNSHOWN = {"reasoning": absent("Chat Completions does not show it; the Responses API shows summaries")}
_NO_SERVER_TOOLS = {
    "tool of the provider's": absent("the API has none"),
    "citations": absent("the API gives none"),
}
_UNKNOWN_TOOLS = {
    "tool of the provider's": untested("the simulator does not speak the forms that single services have"),
    "citations": untested("the simulator does not speak the forms that single services have"),
}


def _service(name: str, provider: str, model: str, **more: Any) -> Subject:
    """An OpenAI-compatible service."""
    return Subject(name, provider, model, **{"lacks": _UNKNOWN_TOOLS, **more})


SUBJECTS: tuple[Subject, ...] = (
    Subject("OpenAI", "openai", "gpt-4.1", page="openai", search=_WEB, lacks=_UNSHOWN),
    Subject(
        "OpenAI, Responses API",
        "openai",
        "gpt-5.1",
        lambda url: {**versioned(url), "use_responses_api": True},
        page="openai_responses",
        thinking={"reasoning": {"effort": "high", "summary": "auto"}},
        search=_WEB,
        lacks={"stop": refused("the Responses API has no stop")},
    ),
    Subject(
        "Azure OpenAI",
        "azure_openai",
        "gpt-4.1",
        lambda url: {"azure_endpoint": url, "api_key": "test", "api_version": "2025-03-01-preview"},
        page="openai",
        search=_WEB,
        lacks=_UNSHOWN,
    ),
    Subject("Anthropic", "anthropic", "claude-sonnet-4-5", _plain, **_CLAUDE, lacks={**_NO_LOGPROBS, **_NO_JSON_MODE}),
    Subject(
        "Claude on Vertex AI",
        "google_anthropic_vertex",
        "claude-sonnet-4-5@20250929",
        lambda url: {**versioned(url), "project": "p"},
        **_CLAUDE,
        lacks={**_NO_LOGPROBS, **_NO_JSON_MODE},
    ),
    Subject(
        "Google Gemini",
        "google_genai",
        "gemini-2.5-flash",
        _plain,
        page="google_genai",
        thinking={"include_thoughts": True},
        search={"tools": [{"google_search": {}}]},
        server_tool={"tools": [{"code_execution": {}}]},
        runs="code",
        lacks={"streamed arguments": unseen("arguments come whole")},
    ),
    Subject(
        "Gemini on Vertex AI",
        "google_vertexai",
        "gemini-3-pro-preview",
        lambda url: {**_plain(url), "project": "p"},
        page="google_vertexai",
        thinking={"include_thoughts": True},
        search={"tools": [{"google_search": {}}]},
        server_tool={"tools": [{"code_execution": {}}]},
        runs="code",
        streams_arguments={"stream_function_call_arguments": True},
    ),
    Subject(
        "Bedrock Converse",
        "bedrock_converse",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        _plain,
        page="aws",
        thinking={"thinking": {"type": "enabled", "budget_tokens": 1024}},
        search={"tools": [{"systemTool": {"name": "nova_grounding"}}]},
        searches_as="nova_grounding",
        lacks={**_NO_LOGPROBS, **_NO_JSON_MODE},
    ),
    Subject(
        "Bedrock InvokeModel",
        "bedrock",
        "us.anthropic.claude-sonnet-4-5-20250929-v1:0",
        _plain,
        page="aws",
        thinking={"thinking": {"type": "enabled", "budget_tokens": 1024}},
        lacks={
            **_NO_LOGPROBS,
            **_NO_JSON_MODE,
            "tool of the provider's": absent("Bedrock runs none of Anthropic's"),
        },
    ),
    Subject(
        "Ollama",
        "ollama",
        "qwen3:4b",
        lambda url: {"base_url": url},
        page="ollama",
        thinking={"reasoning": True},
        lacks={
            **_NO_SERVER_TOOLS,
            "cached tokens": unseen("the API does not report them"),
            "refusal": absent("the API has no such finish reason"),
            "forced tool": warned("the API cannot force a call"),
            "object by function_calling": warned("the API cannot force the call; use json_schema, the default"),
            "streamed arguments": unseen("calls come whole"),
            "PDF in": refused("the API takes text and images"),
        },
    ),
    Subject(
        "Cohere",
        "cohere",
        "command-a-03-2025",
        _plain,
        page="cohere",
        logprobs={"logprobs": True},
        search={"documents": ["The kakapo recovers."]},
        overloaded=ServerError,
        lacks={
            "tool of the provider's": absent("the API has none"),
            "refusal": absent("the API has no such finish reason"),
            "PDF in": refused("the API takes text and images"),
        },
    ),
    Subject(
        "Mistral",
        "mistralai",
        "mistral-large-latest",
        page="mistralai",
        lacks={**_UNKNOWN_TOOLS, "streamed arguments": unseen("calls come whole")},
    ),
    Subject("Hugging Face", "huggingface", "org/model", page="huggingface", lacks=_UNKNOWN_TOOLS),
    _service("Alibaba", "alibaba", "qwen-plus"),
    _service("Cerebras", "cerebras", "qwen-3-32b"),
    _service("DeepSeek", "deepseek", "deepseek-chat"),
    _service("Fireworks", "fireworks", "accounts/fireworks/models/kimi-k2"),
    _service(
        "Groq",
        "groq",
        "groq/compound",
        searches_as="search",
        lacks={"citations": absent("sources stand in the results of its searches")},
    ),
    _service("llama.cpp", "llamacpp", "qwen3"),
    _service("Moonshot", "moonshot", "kimi-k2"),
    _service("NVIDIA", "nvidia", "nemotron"),
    _service(
        "OpenRouter",
        "openrouter",
        "openai/gpt-5",
        search={"plugins": [{"id": "web"}]},
        lacks={"tool of the provider's": absent("searches are not shown as calls, only their sources")},
    ),
    _service(
        "Perplexity",
        "perplexity",
        "sonar-pro",
        search={"search_mode": "web"},
        lacks={"tool of the provider's": absent("searches are not shown as calls, only their sources")},
    ),
    _service("Together", "together", "Qwen/Qwen3"),
    _service("vLLM", "vllm", "qwen3"),
    _service("xAI", "xai", "grok-4", search=_WEB, lacks={}),
    _service("Z.ai", "zai", "glm-4.6"),
)
