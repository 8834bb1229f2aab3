"""OpenAI's models, at OpenAI and at Azure."""

from chatkit_openai.azure import AzureChatOpenAI
from chatkit_openai.chat import ChatOpenAI
from chatkit_openai.custom_tool import custom_tool

__all__ = ["PROVIDERS", "AzureChatOpenAI", "ChatOpenAI", "custom_tool"]

PROVIDERS = {"openai": ChatOpenAI, "azure_openai": AzureChatOpenAI}
