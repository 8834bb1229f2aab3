"""Amazon Bedrock: every model over the Converse API, Claude also over InvokeModel."""

from __future__ import annotations

from chatkit_aws.converse import ChatBedrockConverse
from chatkit_aws.invoke import ChatBedrock

__all__ = ["ChatBedrock", "ChatBedrockConverse"]

PROVIDERS: dict[str, type] = {
    "anthropic_bedrock": ChatBedrock,  # LangChain's name for Claude over InvokeModel
    "bedrock": ChatBedrock,
    "bedrock_converse": ChatBedrockConverse,
}
