"""Counting tokens without a tokenizer."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st

from chatkit.messages import AIMessage, HumanMessage, ToolMessage, count_tokens_approximately


def test_plain_text() -> None:
    assert count_tokens_approximately(["x" * 396]) == 103  # 400 characters with the role, and 3 for the message
    assert count_tokens_approximately(["x" * 396], chars_per_token=2, extra_tokens_per_message=0) == 200
    assert count_tokens_approximately([HumanMessage("x", name="n" * 40)]) == 3 + 12
    assert count_tokens_approximately([HumanMessage("x", name="n" * 40)], count_name=False) == 3 + 2
    assert count_tokens_approximately([]) == 0


def test_media_do_not_count_by_their_bytes() -> None:
    data = base64.b64encode(b"x" * 100_000).decode()
    image = HumanMessage([{"type": "image", "base64": data, "mime_type": "image/png"}])
    openai = HumanMessage([{"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}}])
    assert count_tokens_approximately([image]) == count_tokens_approximately([openai]) == 3 + 1 + 85
    assert count_tokens_approximately([image], tokens_per_image=1000) == 3 + 1 + 1000


def test_calls_count_once_wherever_they_stand() -> None:
    call = {"type": "tool_call", "name": "get_weather", "args": {"location": "Boston"}, "id": "1"}
    plain = count_tokens_approximately([AIMessage("", tool_calls=[call])])
    in_content = count_tokens_approximately([AIMessage([call], tool_calls=[call])])
    assert plain > 15
    assert abs(plain - in_content) <= 3
    assert count_tokens_approximately([ToolMessage("", tool_call_id="c" * 40)]) == 3 + 11


def test_tools_count() -> None:
    def get_weather(location: str) -> str:
        """Get the weather at a location."""
        return location

    bare = count_tokens_approximately(["hi"])
    assert count_tokens_approximately(["hi"], tools=[get_weather]) > bare + 20


def test_what_the_provider_counted_raises_the_estimate() -> None:
    def answer(tokens: int, vendor: str | None = "openai") -> AIMessage:
        usage = {"input_tokens": tokens - 1, "output_tokens": 1, "total_tokens": tokens}
        return AIMessage("x" * 391, usage_metadata=usage, response_metadata={"model_provider": vendor} if vendor else {})

    def count(*messages: AIMessage) -> int:
        return count_tokens_approximately([*messages, "x" * 396], use_usage_metadata_scaling=True)

    plain = count_tokens_approximately([answer(1), "x" * 396])
    assert plain == 206
    assert (count(answer(1)), count(answer(113)), count(answer(5000))) == (206, 226, 258), "never less, a quarter more at most"
    assert count(answer(113, vendor=None)) == 206
    assert count(answer(5000), answer(5000, vendor="other")) == 309, "tokens of several providers are not comparable"


@given(st.lists(st.text(max_size=50), max_size=6))
def test_the_parts_add_up_to_the_whole(texts: list[str]) -> None:
    assert count_tokens_approximately(texts) == sum(count_tokens_approximately([text]) for text in texts)
