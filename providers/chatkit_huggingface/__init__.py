"""Models of the Hugging Face Hub."""

from chatkit_huggingface.chat import ChatHuggingFace
from chatkit_huggingface.endpoint import HuggingFaceEndpoint, HuggingFacePipeline

__all__ = ["PROVIDERS", "ChatHuggingFace", "HuggingFaceEndpoint", "HuggingFacePipeline"]

PROVIDERS = {"huggingface": ChatHuggingFace}
