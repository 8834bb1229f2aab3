"""`init_chat_model`: from a name to a model. Providers are found through the entry points `chatkit.providers`."""

from __future__ import annotations

import importlib
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from chatkit.errors import InputTypeError, ProviderImportError, UnknownProviderError

if TYPE_CHECKING:
    from chatkit.model import ChatModel

__all__ = ["infer_provider", "init_chat_model", "provider_class", "provider_names"]

GROUP = "chatkit.providers"

PREFIXES: tuple[tuple[str, str], ...] = (
    ("accounts/fireworks", "fireworks"),
    ("arn:aws:bedrock", "bedrock_converse"),
    ("amazon.", "bedrock"),
    ("anthropic.", "bedrock"),
    ("meta.", "bedrock"),
    ("models/gemini", "google_genai"),
    ("models/gemma", "google_genai"),
    ("gemini", "google_genai"),
    ("gemma-", "google_genai"),
    ("gpt-", "openai"),
    ("chatgpt", "openai"),
    ("codex", "openai"),
    ("computer-use", "openai"),
    ("ft:gpt", "openai"),
    ("text-davinci", "openai"),
    ("claude", "anthropic"),
    ("command", "cohere"),
    ("c4ai-", "cohere"),
    ("mistral", "mistralai"),
    ("mixtral", "mistralai"),
    ("magistral", "mistralai"),
    ("codestral", "mistralai"),
    ("ministral", "mistralai"),
    ("devstral", "mistralai"),
    ("pixtral", "mistralai"),
    ("voxtral", "mistralai"),
    ("deepseek", "deepseek"),
    ("grok", "xai"),
    ("sonar", "perplexity"),
    ("solar", "upstage"),
    ("kimi", "moonshot"),
    ("moonshot-", "moonshot"),
    ("qwen", "alibaba"),
    ("qwq-", "alibaba"),
    ("llama-", "llama"),
    ("llama", "ollama"),
    ("glm-", "zai"),
)
"""Lower-case beginnings of model names, the first that fits wins."""

FORMS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(us|us-gov|eu|apac|jp|au|ca|sa|me|af|global)\.[a-z0-9-]+\."), "bedrock_converse"),  # a region's profile
    (re.compile(r"(ai21|cohere|deepseek|mistral|moonshot|openai|qwen|writer)\.[a-z]"), "bedrock_converse"),
    (re.compile(r"(gpt-oss|qwen|qwq|llama|gemma|phi)[\w.-]*:[\w.-]+$"), "ollama"),  # open weights with a tag
    (re.compile(r"o\d+(-|$)"), "openai"),  # o1, o3, o4-mini
    (re.compile(r"(openai|anthropic|google|x-ai|meta-llama|mistralai|deepseek|qwen|moonshotai|z-ai)/"), "openrouter"),
)
"""Forms of model names, looked at before their beginnings."""


def init_chat_model(
    model: str | None = None,
    *,
    model_provider: str | None = None,
    configurable_fields: Any = None,
    config_prefix: str | None = None,
    **kwargs: Any,
) -> ChatModel:
    """A chat model of any provider.

    Args:
        model: "provider:model" ("openai:gpt-5"), or a model name whose provider can be told ("claude-sonnet-4-5").
            None, or `configurable_fields`, gives a model whose model is chosen at call time.
        model_provider: the provider; the model name is then taken as it is, colons included.
        configurable_fields: what `config={"configurable": ...}` may change: names, or "any".
        config_prefix: beginning of those names in the config.
        kwargs: parameters and settings of the provider's class.

    Raises:
        UnknownProviderError: the provider cannot be told, or is not known.
        ProviderImportError: its package cannot be imported.
        MissingKeyError: no key.
        InputError: an unknown or wrong parameter.

    Source: spec S1-S11.
    """
    if model is not None and not isinstance(model, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InputTypeError(f"`model` must be a string such as 'openai:gpt-5', not {type(model).__name__}")
    if model is None or configurable_fields is not None:
        from chatkit.configurable import configurable_model

        made: Any = configurable_model(model, model_provider, configurable_fields, config_prefix, kwargs)
        return made  # it has a chat model's verbs, whichever model that will be
    if config_prefix:
        import warnings

        warnings.warn("config_prefix has no effect without configurable_fields", stacklevel=2)
    return build(model, model_provider, kwargs)


def build(model: str, model_provider: str | None, kwargs: dict[str, Any]) -> ChatModel:
    """The model of a fixed provider and name."""
    provider, name = split_name(model, model_provider)
    return provider_class(provider)(name, **kwargs)


def split_name(model: str, model_provider: str | None = None) -> tuple[str, str]:
    """(provider, model name) for what a user wrote."""
    if model_provider is not None:
        if not isinstance(model_provider, str):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InputTypeError(f"`model_provider` must be a string such as 'openai', not {type(model_provider).__name__}")
        return model_provider.lower().replace("-", "_"), model
    prefix, colon, rest = model.partition(":")
    if colon and prefix in provider_names():
        return prefix, rest
    provider = infer_provider(model)
    if provider is not None:
        return provider, model
    raise UnknownProviderError(
        f"Unable to infer model provider for model={model!r}. Write 'provider:model' or pass model_provider=..., "
        f"one of: {', '.join(provider_names())}"
    )


def infer_provider(model: str) -> str | None:
    """The provider that a model name belongs to, None when it cannot be told."""
    name = model.lower()
    formed = next((provider for form, provider in FORMS if form.match(name)), None)
    return formed or next((provider for prefix, provider in PREFIXES if name.startswith(prefix)), None)


@lru_cache(maxsize=1)
def _entry_points() -> dict[str, Any]:
    from importlib.metadata import entry_points

    return {point.name: point for point in entry_points(group=GROUP)}


@lru_cache(maxsize=1)
def provider_names() -> list[str]:
    """All known provider names, sorted."""
    return sorted({*_entry_points(), *_BUNDLED})


@lru_cache(maxsize=128)
def provider_class(provider: str) -> type[ChatModel]:
    """The class of a provider.

    Raises:
        UnknownProviderError: there is no such provider.
        ProviderImportError: its package cannot be imported.
    """
    point = _entry_points().get(provider)
    target = _BUNDLED.get(provider) if point is None else point.value
    if target is None:
        raise UnknownProviderError(f"Unsupported provider={provider!r}. Known providers: {', '.join(provider_names())}")
    module, _, name = target.partition(":")
    try:
        return getattr(importlib.import_module(module), name) if point is None else point.load()
    except Exception as error:  # a package of somebody else's may raise anything while it is imported
        raise ProviderImportError(
            f"the provider {provider!r} is {target}, which cannot be imported: {type(error).__name__}: {error}; "
            "install what it needs, or uninstall it"
        ) from error


_BUNDLED: dict[str, str] = {
    "alibaba": "chatkit_openai_compatible:ChatAlibaba",
    "anthropic": "chatkit_anthropic:ChatAnthropic",
    "anthropic_bedrock": "chatkit_aws:ChatBedrock",
    "avian": "chatkit_openai_compatible:ChatAvian",
    "azure_ai": "chatkit_openai_compatible:ChatAzureAI",
    "azure_openai": "chatkit_openai:AzureChatOpenAI",
    "baseten": "chatkit_openai_compatible:ChatBaseten",
    "bedrock": "chatkit_aws:ChatBedrock",
    "bedrock_converse": "chatkit_aws:ChatBedrockConverse",
    "bedrock_mantle_openai": "chatkit_openai_compatible:ChatBedrockMantleOpenAI",
    "cerebras": "chatkit_openai_compatible:ChatCerebras",
    "cloudflare": "chatkit_openai_compatible:ChatCloudflare",
    "cohere": "chatkit_cohere:ChatCohere",
    "crusoe": "chatkit_openai_compatible:ChatCrusoe",
    "databricks": "chatkit_openai_compatible:ChatDatabricks",
    "deepinfra": "chatkit_openai_compatible:ChatDeepInfra",
    "deepseek": "chatkit_openai_compatible:ChatDeepSeek",
    "fireworks": "chatkit_openai_compatible:ChatFireworks",
    "gemini_openai": "chatkit_openai_compatible:ChatGeminiOpenAI",
    "github": "chatkit_openai_compatible:ChatGitHub",
    "gmi": "chatkit_openai_compatible:ChatGMI",
    "google_anthropic_vertex": "chatkit_anthropic:ChatAnthropicVertex",
    "google_genai": "chatkit_google_genai:ChatGoogleGenerativeAI",
    "google_vertexai": "chatkit_google_vertexai:ChatVertexAI",
    "groq": "chatkit_openai_compatible:ChatGroq",
    "heroku": "chatkit_openai_compatible:ChatHeroku",
    "huggingface": "chatkit_huggingface:ChatHuggingFace",
    "langsmith": "chatkit_openai_compatible:ChatLangSmith",
    "litellm": "chatkit_openai_compatible:ChatLiteLLM",
    "llama": "chatkit_openai_compatible:ChatLlama",
    "llamacpp": "chatkit_openai_compatible:ChatLlamaCpp",
    "llamafile": "chatkit_openai_compatible:ChatLlamafile",
    "lmstudio": "chatkit_openai_compatible:ChatLMStudio",
    "meta": "chatkit_openai_compatible:ChatMeta",
    "minimax": "chatkit_openai_compatible:ChatMiniMax",
    "mistralai": "chatkit_mistralai:ChatMistralAI",
    "moonshot": "chatkit_openai_compatible:ChatMoonshot",
    "nebius": "chatkit_openai_compatible:ChatNebius",
    "novita": "chatkit_openai_compatible:ChatNovita",
    "nvidia": "chatkit_openai_compatible:ChatNVIDIA",
    "ollama": "chatkit_ollama:ChatOllama",
    "openai": "chatkit_openai:ChatOpenAI",
    "openrouter": "chatkit_openai_compatible:ChatOpenRouter",
    "ovhcloud": "chatkit_openai_compatible:ChatOVHcloud",
    "perplexity": "chatkit_openai_compatible:ChatPerplexity",
    "requesty": "chatkit_openai_compatible:ChatRequesty",
    "sambanova": "chatkit_openai_compatible:ChatSambaNova",
    "scaleway": "chatkit_openai_compatible:ChatScaleway",
    "siliconflow": "chatkit_openai_compatible:ChatSiliconFlow",
    "simulator": "chatkit.simulator:SimulatedChatModel",
    "snowflake": "chatkit_openai_compatible:ChatSnowflake",
    "together": "chatkit_openai_compatible:ChatTogether",
    "upstage": "chatkit_openai_compatible:ChatUpstage",
    "venice": "chatkit_openai_compatible:ChatVenice",
    "vercel": "chatkit_openai_compatible:ChatVercel",
    "vllm": "chatkit_openai_compatible:ChatVLLM",
    "wandb": "chatkit_openai_compatible:ChatWandb",
    "writer": "chatkit_openai_compatible:ChatWriter",
    "xai": "chatkit_openai_compatible:ChatXAI",
    "zai": "chatkit_openai_compatible:ChatZai",
}
"""The providers that ship with chatkit, for a checkout that is not installed. The entry points say the same."""
