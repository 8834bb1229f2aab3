"""Services with parameters or habits of their own. Addresses and keys: wire sheet openai_compatible §1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Unpack, cast

from chatkit.settings import first_env
from chatkit_openai_compatible import params, quirks
from chatkit_openai_compatible.base import ChatCompatible, CompatibleAliases, CompatibleSettings, ResponsesSettings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatkit.codec import Call

__all__ = [
    "ChatAlibaba",
    "ChatCerebras",
    "ChatDeepSeek",
    "ChatFireworks",
    "ChatGroq",
    "ChatMoonshot",
    "ChatNVIDIA",
    "ChatOpenRouter",
    "ChatPerplexity",
    "ChatTogether",
    "ChatXAI",
    "ChatZai",
]


class _Common(CompatibleSettings, CompatibleAliases, total=False):
    """What the options of all services have."""


class GroqOptions(params.GroqParams, _Common, total=False):
    """Keyword arguments of `ChatGroq`."""

    groq_api_key: Any
    groq_api_base: str | None


class ChatGroq(ChatCompatible):
    """A model at Groq. Searches of the compound models come as server tool calls. See `GroqParams`."""

    provider = "groq"
    Params = params.GroqParams
    api_key_env = ("GROQ_API_KEY",)
    base_url_env = ("GROQ_BASE_URL", "GROQ_API_BASE")
    default_base_url = "https://api.groq.com/openai/v1"
    quirks = quirks.REASONING

    def __init__(self, model: str = "", **kwargs: Unpack[GroqOptions]) -> None:
        super().__init__(model, **cast("Any", kwargs))


class DeepSeekOptions(params.DeepSeekParams, ResponsesSettings, CompatibleAliases, total=False):
    """Keyword arguments of `ChatDeepSeek`."""


class ChatDeepSeek(ChatCompatible):
    """A model at DeepSeek. Its reasoning goes back in every later request, as it demands. See `DeepSeekParams`."""

    provider = "deepseek"
    Params = params.DeepSeekParams
    Settings = ResponsesSettings
    responses = frozenset({"tools"})
    api_key_env = ("DEEPSEEK_API_KEY",)
    base_url_env = ("DEEPSEEK_API_BASE",)
    default_base_url = "https://api.deepseek.com"
    quirks = quirks.DEEPSEEK

    def __init__(self, model: str = "", **kwargs: Unpack[DeepSeekOptions]) -> None:
        super().__init__(model, **cast("Any", kwargs))


class XAIOptions(params.XAIParams, ResponsesSettings, CompatibleAliases, total=False):
    """Keyword arguments of `ChatXAI`."""

    xai_api_key: Any
    xai_api_base: str | None


class ChatXAI(ChatCompatible):
    """A Grok model at xAI; its own tools (web_search, x_search ...) go through the Responses API. See `XAIParams`."""

    provider = "xai"
    Params = params.XAIParams
    Settings = ResponsesSettings
    responses = frozenset()
    api_key_env = ("XAI_API_KEY",)
    base_url_env = ("XAI_BASE_URL",)
    default_base_url = "https://api.x.ai/v1"
    quirks = quirks.REASONING_CONTENT

    def __init__(self, model: str = "", **kwargs: Unpack[XAIOptions]) -> None:
        super().__init__(model, **cast("Any", kwargs))


class TogetherOptions(params.TogetherParams, _Common, total=False):
    """Keyword arguments of `ChatTogether`."""

    together_api_key: Any
    together_api_base: str | None


class ChatTogether(ChatCompatible):
    """A model at Together AI. See `TogetherParams`."""

    provider = "together"
    Params = params.TogetherParams
    api_key_env = ("TOGETHER_API_KEY",)
    base_url_env = ("TOGETHER_API_BASE",)
    default_base_url = "https://api.together.xyz/v1"
    quirks = quirks.TOGETHER

    def __init__(self, model: str = "", **kwargs: Unpack[TogetherOptions]) -> None:
        super().__init__(model, **cast("Any", kwargs))


class FireworksOptions(params.FireworksParams, _Common, total=False):
    """Keyword arguments of `ChatFireworks`."""

    fireworks_api_key: Any
    fireworks_api_base: str | None


class ChatFireworks(ChatCompatible):
    """A model at Fireworks AI ("accounts/fireworks/models/..."). See `FireworksParams`."""

    provider = "fireworks"
    Params = params.FireworksParams
    api_key_env = ("FIREWORKS_API_KEY",)
    base_url_env = ("FIREWORKS_API_BASE",)
    default_base_url = "https://api.fireworks.ai/inference/v1"
    quirks = quirks.REASONING_CONTENT

    def __init__(self, model: str = "", **kwargs: Unpack[FireworksOptions]) -> None:
        super().__init__(model, **cast("Any", kwargs))


class OpenRouterSettings(ResponsesSettings, total=False):
    """Settings of `ChatOpenRouter`. app_url, app_title: who asks (OPENROUTER_APP_URL, OPENROUTER_APP_TITLE)."""

    app_url: str | None
    app_title: str | None


class OpenRouterOptions(params.OpenRouterParams, OpenRouterSettings, CompatibleAliases, total=False):
    """Keyword arguments of `ChatOpenRouter`."""

    openrouter_api_key: Any
    openrouter_api_base: str | None
    openrouter_provider: dict[str, Any] | None


class ChatOpenRouter(ChatCompatible):
    """A model at OpenRouter ("anthropic/claude-sonnet-4.5"). See `OpenRouterParams`.

    `reasoning_details` (signatures, encrypted reasoning) go back unchanged; images come as image blocks.
    """

    provider = "openrouter"
    Params = params.OpenRouterParams
    Settings = OpenRouterSettings
    responses = frozenset({"reasoning", "tools"})
    aliases: ClassVar[Mapping[str, str]] = {"openrouter_provider": "provider_options"}
    api_key_env = ("OPENROUTER_API_KEY",)
    base_url_env = ("OPENROUTER_API_BASE",)
    default_base_url = "https://openrouter.ai/api/v1"
    quirks = quirks.OPENROUTER

    def __init__(self, model: str = "", **kwargs: Unpack[OpenRouterOptions]) -> None:
        super().__init__(model, **cast("Any", kwargs))

    def _headers(self, call: Call) -> dict[str, str]:
        url = self.settings.get("app_url") or first_env(("OPENROUTER_APP_URL",))
        title = self.settings.get("app_title") or first_env(("OPENROUTER_APP_TITLE",))
        ours = {name: value for name, value in (("http-referer", url), ("x-title", title)) if value}
        return {**ours, **super()._headers(call)}


class PerplexityOptions(params.PerplexityParams, _Common, total=False):
    """Keyword arguments of `ChatPerplexity`."""

    pplx_api_key: Any


class ChatPerplexity(ChatCompatible):
    """A Sonar model at Perplexity. What it found comes as citations of the text. See `PerplexityParams`."""

    provider = "perplexity"
    Params = params.PerplexityParams
    aliases: ClassVar[Mapping[str, str]] = {"pplx_api_key": "api_key"}
    api_key_env = ("PERPLEXITY_API_KEY", "PPLX_API_KEY")
    base_url_env = ("PERPLEXITY_BASE_URL",)
    default_base_url = "https://api.perplexity.ai"
    structured_method = "json_schema"
    quirks = quirks.PERPLEXITY

    def __init__(self, model: str = "", **kwargs: Unpack[PerplexityOptions]) -> None:
        super().__init__(model, **cast("Any", kwargs))


class NVIDIAOptions(params.NVIDIAParams, _Common, total=False):
    """Keyword arguments of `ChatNVIDIA`."""

    nvidia_api_key: Any


class ChatNVIDIA(ChatCompatible):
    """A model at NVIDIA's API catalog, or in a NIM container (`base_url="http://localhost:8000/v1"`). See `NVIDIAParams`."""

    provider = "nvidia"
    Params = params.NVIDIAParams
    api_key_env = ("NVIDIA_API_KEY",)
    base_url_env = ("NVIDIA_BASE_URL",)
    default_base_url = "https://integrate.api.nvidia.com/v1"
    quirks = quirks.REASONING_CONTENT

    def __init__(self, model: str = "", **kwargs: Unpack[NVIDIAOptions]) -> None:
        super().__init__(model, **cast("Any", kwargs))


class CerebrasOptions(params.CerebrasParams, _Common, total=False):
    """Keyword arguments of `ChatCerebras`."""

    cerebras_api_key: Any


class ChatCerebras(ChatCompatible):
    """A model at Cerebras. See `CerebrasParams`."""

    provider = "cerebras"
    Params = params.CerebrasParams
    api_key_env = ("CEREBRAS_API_KEY",)
    base_url_env = ("CEREBRAS_BASE_URL",)
    default_base_url = "https://api.cerebras.ai/v1"
    quirks = quirks.REASONING

    def __init__(self, model: str = "", **kwargs: Unpack[CerebrasOptions]) -> None:
        super().__init__(model, **cast("Any", kwargs))


class MoonshotOptions(params.MoonshotParams, _Common, total=False):
    """Keyword arguments of `ChatMoonshot`."""


class ChatMoonshot(ChatCompatible):
    """A Kimi model at Moonshot AI. Its reasoning goes back in every later request. See `MoonshotParams`."""

    provider = "moonshot"
    Params = params.MoonshotParams
    api_key_env = ("MOONSHOT_API_KEY", "MOONSHOTAI_API_KEY")
    base_url_env = ("MOONSHOT_BASE_URL",)
    default_base_url = "https://api.moonshot.ai/v1"
    quirks = quirks.MOONSHOT

    def __init__(self, model: str = "", **kwargs: Unpack[MoonshotOptions]) -> None:
        super().__init__(model, **cast("Any", kwargs))


class ZaiOptions(params.ZaiParams, _Common, total=False):
    """Keyword arguments of `ChatZai`."""


class ChatZai(ChatCompatible):
    """A GLM model at Z.ai (Zhipu). See `ZaiParams`."""

    provider = "zai"
    Params = params.ZaiParams
    api_key_env = ("ZAI_API_KEY", "ZHIPU_API_KEY")
    base_url_env = ("ZAI_BASE_URL",)
    default_base_url = "https://api.z.ai/api/paas/v4"
    quirks = quirks.ZAI

    def __init__(self, model: str = "", **kwargs: Unpack[ZaiOptions]) -> None:
        super().__init__(model, **cast("Any", kwargs))


class AlibabaOptions(params.AlibabaParams, _Common, total=False):
    """Keyword arguments of `ChatAlibaba`."""


class ChatAlibaba(ChatCompatible):
    """A Qwen model at Alibaba's Model Studio (DashScope). See `AlibabaParams`."""

    provider = "alibaba"
    Params = params.AlibabaParams
    api_key_env = ("DASHSCOPE_API_KEY", "ALIBABA_API_KEY")
    base_url_env = ("DASHSCOPE_BASE_URL", "ALIBABA_BASE_URL")
    default_base_url = "https://dashscope-intl.aliyuncs.com/compatible-mode/v1"
    quirks = quirks.ALIBABA

    def __init__(self, model: str = "", **kwargs: Unpack[AlibabaOptions]) -> None:
        super().__init__(model, **cast("Any", kwargs))
