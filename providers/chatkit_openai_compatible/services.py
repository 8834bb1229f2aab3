"""Services without habits of their own: an address and a key each. Sources: wire sheet openai_compatible §1, conventions §1."""

from __future__ import annotations

from typing import Any, Unpack, cast

from chatkit_openai_compatible import params, quirks
from chatkit_openai_compatible.base import ChatCompatible, CompatibleAliases, ResponsesSettings

__all__ = [
    "ChatAvian",
    "ChatAzureAI",
    "ChatBaseten",
    "ChatBedrockMantleOpenAI",
    "ChatCloudflare",
    "ChatCrusoe",
    "ChatDatabricks",
    "ChatDeepInfra",
    "ChatGMI",
    "ChatGeminiOpenAI",
    "ChatGitHub",
    "ChatHeroku",
    "ChatLangSmith",
    "ChatLlama",
    "ChatMeta",
    "ChatMiniMax",
    "ChatNebius",
    "ChatNovita",
    "ChatOVHcloud",
    "ChatRequesty",
    "ChatSambaNova",
    "ChatScaleway",
    "ChatSiliconFlow",
    "ChatSnowflake",
    "ChatUpstage",
    "ChatVenice",
    "ChatVercel",
    "ChatWandb",
    "ChatWriter",
]


class BothOptions(params.BothParams, ResponsesSettings, CompatibleAliases, total=False):
    """Keyword arguments of a service with both APIs and no parameters of its own."""


class ChatAvian(ChatCompatible):
    """A model at Avian."""

    provider = "avian"
    api_key_env = ("AVIAN_API_KEY",)
    base_url_env = ("AVIAN_BASE_URL",)
    default_base_url = "https://api.avian.io/v1"
    quirks = quirks.REASONING_CONTENT


class ChatAzureAI(ChatCompatible):
    """A model of any maker at Microsoft Foundry, through the v1 address (AZURE_AI_BASE_URL or AZURE_AI_RESOURCE)."""

    provider = "azure_ai"
    Params = params.BothParams
    Settings = ResponsesSettings
    responses = frozenset()
    api_key_env = ("AZURE_AI_API_KEY", "AZURE_AI_CREDENTIAL")
    base_url_env = ("AZURE_AI_BASE_URL",)
    default_base_url = "https://{AZURE_AI_RESOURCE}.services.ai.azure.com/openai/v1"
    quirks = quirks.REASONING_CONTENT

    def __init__(self, model: str = "", **kwargs: Unpack[BothOptions]) -> None:
        super().__init__(model, **cast("Any", kwargs))


class ChatBaseten(ChatCompatible):
    """A model at Baseten."""

    provider = "baseten"
    api_key_env = ("BASETEN_API_KEY",)
    base_url_env = ("BASETEN_BASE_URL",)
    default_base_url = "https://inference.baseten.co/v1"
    quirks = quirks.REASONING_CONTENT


class ChatBedrockMantleOpenAI(ChatCompatible):
    """A model at Bedrock's OpenAI-style address (AWS_REGION), by a Bedrock API key and the Responses API first."""

    provider = "bedrock_mantle_openai"
    Params = params.BothParams
    Settings = ResponsesSettings
    responses = frozenset()
    prefers_responses = True
    api_key_env = ("AWS_BEARER_TOKEN_BEDROCK",)
    base_url_env = ("BEDROCK_MANTLE_OPENAI_BASE_URL",)
    default_base_url = "https://bedrock-mantle.{AWS_REGION}.api.aws/v1"

    def __init__(self, model: str = "", **kwargs: Unpack[BothOptions]) -> None:
        super().__init__(model, **cast("Any", kwargs))


class ChatCloudflare(ChatCompatible):
    """A model at Cloudflare Workers AI (CLOUDFLARE_ACCOUNT_ID)."""

    provider = "cloudflare"
    api_key_env = ("CLOUDFLARE_API_KEY", "CLOUDFLARE_API_TOKEN")
    base_url_env = ("CLOUDFLARE_BASE_URL",)
    default_base_url = "https://api.cloudflare.com/client/v4/accounts/{CLOUDFLARE_ACCOUNT_ID}/ai/v1"


class ChatCrusoe(ChatCompatible):
    """A model at Crusoe (vLLM)."""

    provider = "crusoe"
    api_key_env = ("CRUSOE_API_KEY",)
    base_url_env = ("CRUSOE_BASE_URL",)
    default_base_url = "https://api.inference.crusoecloud.com/v1"
    quirks = quirks.VLLM


class ChatDatabricks(ChatCompatible):
    """A serving endpoint at Databricks (DATABRICKS_HOST)."""

    provider = "databricks"
    api_key_env = ("DATABRICKS_TOKEN",)
    base_url_env = ("DATABRICKS_BASE_URL",)
    default_base_url = "https://{DATABRICKS_HOST}/serving-endpoints"


class ChatDeepInfra(ChatCompatible):
    """A model at DeepInfra."""

    provider = "deepinfra"
    api_key_env = ("DEEPINFRA_API_KEY", "DEEPINFRA_API_TOKEN")
    base_url_env = ("DEEPINFRA_BASE_URL",)
    default_base_url = "https://api.deepinfra.com/v1/openai"
    quirks = quirks.REASONING_CONTENT


class ChatGeminiOpenAI(ChatCompatible):
    """A Gemini model through Google's OpenAI facade; `ChatGoogleGenerativeAI` can more. Thought signatures go back."""

    provider = "gemini_openai"
    api_key_env = ("GEMINI_API_KEY", "GOOGLE_API_KEY")
    base_url_env = ("GEMINI_OPENAI_BASE_URL",)
    default_base_url = "https://generativelanguage.googleapis.com/v1beta/openai"


class ChatGitHub(ChatCompatible):
    """A model at GitHub Models."""

    provider = "github"
    api_key_env = ("GITHUB_TOKEN", "GITHUB_API_KEY")
    base_url_env = ("GITHUB_BASE_URL",)
    default_base_url = "https://models.github.ai/inference"


class ChatGMI(ChatCompatible):
    """A model at GMI Cloud."""

    provider = "gmi"
    api_key_env = ("GMI_API_KEY",)
    base_url_env = ("GMI_BASE_URL",)
    default_base_url = "https://api.gmi-serving.com/v1"
    quirks = quirks.REASONING_CONTENT


class ChatHeroku(ChatCompatible):
    """A model at Heroku's managed inference."""

    provider = "heroku"
    api_key_env = ("HEROKU_INFERENCE_KEY", "INFERENCE_KEY")
    base_url_env = ("HEROKU_BASE_URL",)
    default_base_url = "https://us.inference.heroku.com/v1"


class ChatLangSmith(ChatCompatible):
    """A model behind LangSmith's gateway, by the Responses API unless `use_responses_api=False`."""

    provider = "langsmith"
    Params = params.BothParams
    Settings = ResponsesSettings
    responses = frozenset()
    prefers_responses = True
    api_key_env = ("LANGSMITH_GATEWAY_API_KEY", "LANGSMITH_API_KEY")
    base_url_env = ("LANGSMITH_BASE_URL",)
    default_base_url = "https://gateway.smith.langchain.com/v1"

    def __init__(self, model: str = "", **kwargs: Unpack[BothOptions]) -> None:
        super().__init__(model, **cast("Any", kwargs))


class ChatLlama(ChatCompatible):
    """A model at Meta's Llama API."""

    provider = "llama"
    api_key_env = ("LLAMA_API_KEY",)
    base_url_env = ("LLAMA_BASE_URL",)
    default_base_url = "https://api.llama.com/compat/v1"


class ChatMeta(ChatCompatible):
    """A model at Meta's API."""

    provider = "meta"
    api_key_env = ("META_API_KEY",)
    base_url_env = ("META_BASE_URL",)
    default_base_url = "https://api.meta.ai/v1"


class ChatMiniMax(ChatCompatible):
    """A model at MiniMax; reasoning comes as `reasoning_details` or as `<think>` in the text."""

    provider = "minimax"
    api_key_env = ("MINIMAX_API_KEY",)
    base_url_env = ("MINIMAX_BASE_URL",)
    default_base_url = "https://api.minimax.io/v1"


class ChatNebius(ChatCompatible):
    """A model at Nebius Token Factory."""

    provider = "nebius"
    api_key_env = ("NEBIUS_API_KEY",)
    base_url_env = ("NEBIUS_BASE_URL",)
    default_base_url = "https://api.tokenfactory.nebius.com/v1"
    quirks = quirks.REASONING_CONTENT


class ChatNovita(ChatCompatible):
    """A model at Novita."""

    provider = "novita"
    api_key_env = ("NOVITA_API_KEY",)
    base_url_env = ("NOVITA_BASE_URL",)
    default_base_url = "https://api.novita.ai/openai"
    quirks = quirks.REASONING_CONTENT


class ChatOVHcloud(ChatCompatible):
    """A model at OVHcloud AI Endpoints."""

    provider = "ovhcloud"
    api_key_env = ("OVHCLOUD_API_KEY",)
    base_url_env = ("OVHCLOUD_BASE_URL",)
    default_base_url = "https://oai.endpoints.kepler.ai.cloud.ovh.net/v1"
    quirks = quirks.REASONING_CONTENT


class ChatRequesty(ChatCompatible):
    """A model behind Requesty's router."""

    provider = "requesty"
    api_key_env = ("REQUESTY_API_KEY",)
    base_url_env = ("REQUESTY_BASE_URL",)
    default_base_url = "https://router.requesty.ai/v1"
    quirks = quirks.REASONING_CONTENT


class ChatSambaNova(ChatCompatible):
    """A model at SambaNova."""

    provider = "sambanova"
    api_key_env = ("SAMBANOVA_API_KEY",)
    base_url_env = ("SAMBANOVA_BASE_URL",)
    default_base_url = "https://api.sambanova.ai/v1"
    quirks = quirks.REASONING_CONTENT


class ChatScaleway(ChatCompatible):
    """A model at Scaleway."""

    provider = "scaleway"
    api_key_env = ("SCALEWAY_API_KEY",)
    base_url_env = ("SCALEWAY_BASE_URL",)
    default_base_url = "https://api.scaleway.ai/v1"
    quirks = quirks.REASONING_CONTENT


class ChatSiliconFlow(ChatCompatible):
    """A model at SiliconFlow."""

    provider = "siliconflow"
    api_key_env = ("SILICONFLOW_API_KEY",)
    base_url_env = ("SILICONFLOW_BASE_URL",)
    default_base_url = "https://api.siliconflow.com/v1"
    quirks = quirks.REASONING_CONTENT


class ChatSnowflake(ChatCompatible):
    """A model at Snowflake Cortex (SNOWFLAKE_ACCOUNT), by a programmatic access token or JWT."""

    provider = "snowflake"
    api_key_env = ("SNOWFLAKE_TOKEN",)
    base_url_env = ("SNOWFLAKE_BASE_URL",)
    default_base_url = "https://{SNOWFLAKE_ACCOUNT}.snowflakecomputing.com/api/v2/cortex/v1"


class ChatUpstage(ChatCompatible):
    """A Solar model at Upstage."""

    provider = "upstage"
    api_key_env = ("UPSTAGE_API_KEY",)
    base_url_env = ("UPSTAGE_BASE_URL",)
    default_base_url = "https://api.upstage.ai/v1/solar"
    quirks = quirks.REASONING


class ChatVenice(ChatCompatible):
    """A model at Venice."""

    provider = "venice"
    api_key_env = ("VENICE_API_KEY",)
    base_url_env = ("VENICE_BASE_URL",)
    default_base_url = "https://api.venice.ai/api/v1"
    quirks = quirks.REASONING_CONTENT


class ChatVercel(ChatCompatible):
    """A model behind Vercel's AI gateway."""

    provider = "vercel"
    api_key_env = ("AI_GATEWAY_API_KEY", "VERCEL_OIDC_TOKEN")
    base_url_env = ("VERCEL_BASE_URL",)
    default_base_url = "https://ai-gateway.vercel.sh/v1"
    quirks = quirks.REASONING


class ChatWandb(ChatCompatible):
    """A model at Weights & Biases Inference."""

    provider = "wandb"
    api_key_env = ("WANDB_API_KEY",)
    base_url_env = ("WANDB_BASE_URL",)
    default_base_url = "https://api.inference.wandb.ai/v1"
    quirks = quirks.REASONING_CONTENT


class ChatWriter(ChatCompatible):
    """A Palmyra model at Writer."""

    provider = "writer"
    api_key_env = ("WRITER_API_KEY",)
    base_url_env = ("WRITER_BASE_URL",)
    default_base_url = "https://api.writer.com/v1"
    chat_path = "/chat"
