"""`SimulatedChatModel`: a chat model that needs no key and no network (`init_chat_model("simulator:parrot")`).

Everything of a real provider is at work: the request is encoded as an OpenAI chat completion, the simulator answers
with that API's bytes, and the real parser reads them. Only the socket is missing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, Unpack

from msgspec import structs

from chatkit.codec import Request
from chatkit.dialects.openai_chat import ChatCompletionsParams, ChatParser, Quirks, encode_chat
from chatkit.dialects.openai_responses import Speaker, countable, encode_responses
from chatkit.jsons import encode
from chatkit.model import ChatModel
from chatkit.params import CommonSettings
from chatkit.simulator.simulator import Simulator

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chatkit.codec import Call, Parser
    from chatkit.net.transport import Transport

__all__ = ["SimulatedChatModel"]

_HERE = "http://simulator/v1"
_COUNTED = ("tools", "tool_choice", "response_format")
_QUIRKS = Quirks(reasoning_field="reasoning_content", tool_media=True, answer_images=True)


class _Settings(CommonSettings, total=False):
    """Settings of the simulator; see `chatkit.simulator.Simulator`."""

    replies: Any
    first: float
    every: float
    limits: Any
    fault: Any
    simulator: Any


class _Options(ChatCompletionsParams, _Settings, total=False):
    """Everything that `SimulatedChatModel` takes beside the model's name."""


class SimulatedChatModel(ChatModel):
    """A model that answers by rules, or what a script says.

    Args:
        model: any name; one with "think" or "reason" in it reasons before every answer.
        replies: a `Script`, a list for one, or a function from a `Question` to a `Reply`. Default: the built-in rules.
        first: seconds before the first piece of an answer. Default 0.
        every: seconds between two pieces. Default 0.
        limits: a hidden rate limit (`Budget`).
        fault: what goes wrong (`Fault`).
        simulator: a `Simulator` to be shared by several models, instead of the five above.
        base_url: address of a `chatkit simulate` server. Default: none, the answer is made in this process.

    Attributes:
        simulator: what answers; `simulator.requests` holds what it was asked.
    """

    provider = "simulator"
    Params = ChatCompletionsParams
    Settings = _Settings
    aliases: ClassVar[Mapping[str, str]] = {"model_name": "model", "max_completion_tokens": "max_tokens"}
    default_base_url = _HERE
    key_required = False
    structured_method = "json_schema"

    if TYPE_CHECKING:

        def __init__(self, model: str, **options: Unpack[_Options]) -> None: ...

    def _prepare(self) -> None:
        super()._prepare()
        settings = self.settings
        made_from = [settings.get(name) for name in ("replies", "first", "every", "limits", "fault", "simulator")]
        if made_from == self.__dict__.get("_made_from"):
            return
        self._made_from = made_from
        replies, first, every, limits, fault, given = made_from
        self.simulator: Simulator = given or Simulator(
            replies, first=first or 0.0, every=every or 0.0, limits=limits, fault=fault
        )

    def _transport(self) -> Transport:
        if self.base_url != _HERE or self.settings.get("http_client") is not None:
            return super()._transport()
        from chatkit.simulator.transport import SimulatedTransport

        return SimulatedTransport(self.simulator)

    def _encode(self, call: Call) -> Request:
        return Request(
            self.url("/chat/completions"),
            self.body(encode_chat(call, self.provider, _QUIRKS, owner=type(self).__name__)),
            self.headers(),
        )

    def _count_request(self, call: Call) -> Request:
        asked = structs.replace(call, params={name: call.params[name] for name in _COUNTED if name in call.params})
        fields = countable(encode_responses(asked, Speaker(type(self).__name__, self.provider)))
        return Request(self.url("/responses/input_tokens"), encode(fields), self.headers())

    def _parser(self, call: Call) -> Parser:
        return ChatParser()
