"""Parameters of Chat Completions that every service knows by the same name (wire sheet: openai_chat §2)."""

from __future__ import annotations

from typing import Any

from chatkit.params import CommonParams

__all__ = ["ChatCompletionsParams"]


class ChatCompletionsParams(CommonParams, total=False):
    """Parameters of a chat completion.

    Attributes:
        seed: int; the same seed and question give mostly the same answer.
        frequency_penalty, presence_penalty: -2 to 2.
        logprobs, top_logprobs: probabilities of the tokens (bool), and of 0 to 20 alternatives.
        logit_bias: token id to -100 ... 100.
        n: how many answers; the message is the first, the others stand in `response_metadata["other_choices"]`.
        user: who asks, for the service's abuse detection.
        stream_usage: ask for usage in streams (default: wherever the service must be asked).
        stream_options: more options of a stream.
    """

    seed: int | None
    frequency_penalty: float | None
    presence_penalty: float | None
    logprobs: bool | None
    top_logprobs: int | None
    logit_bias: dict[int | str, Any] | None
    n: int | None
    user: str | None
    stream_usage: bool | None
    stream_options: dict[str, Any] | None
