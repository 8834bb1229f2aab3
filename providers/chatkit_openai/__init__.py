"""OpenAI's models, at OpenAI and at Azure."""

from chatkit_openai.azure import AzureChatOpenAI
from chatkit_openai.chat import ChatOpenAI

__all__ = ["PROVIDERS", "AzureChatOpenAI", "ChatOpenAI"]

PROVIDERS = {"openai": ChatOpenAI, "azure_openai": AzureChatOpenAI}
