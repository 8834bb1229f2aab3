"""Services that speak OpenAI's Chat Completions, each with a name and a class of its own."""

from chatkit_openai_compatible import hosted, local, services
from chatkit_openai_compatible.base import ChatCompatible
from chatkit_openai_compatible.hosted import *  # noqa: F403
from chatkit_openai_compatible.local import *  # noqa: F403
from chatkit_openai_compatible.services import *  # noqa: F403

__all__ = ["PROVIDERS", "ChatCompatible"]
__all__ += hosted.__all__
__all__ += local.__all__
__all__ += services.__all__

PROVIDERS: dict[str, type[ChatCompatible]] = {
    getattr(module, name).provider: getattr(module, name) for module in (hosted, local, services) for name in module.__all__
}
"""By the name in `init_chat_model("<provider>:<model>")`."""
