"""Scenarios: questions and answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chatkit.simulator import Reply
from tests.conformance.scenario import scenario

if TYPE_CHECKING:
    from tests.conformance.lab import Lab

TEXT = "Hello — 世界, how are you?"
USAGE = {
    "input_tokens": 30,
    "output_tokens": 9,
    "total_tokens": 39,
    "input_token_details": {"cache_read": 12},
    "output_token_details": {},
}
CUT = {"length", "max_tokens", "MAX_TOKENS", "max_output_tokens"}
FILTERED = {"content_filter", "refusal", "SAFETY", "content_filtered"}


@scenario("text")
async def text(lab: Lab) -> None:
    lab.says(TEXT)
    message = await lab.model().ainvoke([("system", "Be kind."), ("human", "Hi — 世界")])
    assert message.text == TEXT
    assert message.response_metadata["model_provider"] == lab.subject.provider
    assert message.usage_metadata is not None
    assert message.usage_metadata["total_tokens"] > 0
    (question,) = lab.questions
    assert [(said.type, said.text) for said in question.messages] == [("system", "Be kind."), ("human", "Hi — 世界")]
    assert question.model == lab.subject.model
    assert not question.stream


@scenario("stream")
async def stream(lab: Lab) -> None:
    lab.says(TEXT)
    chunks = [chunk async for chunk in lab.model().astream("Hi")]
    assert [chunk.text for chunk in chunks if chunk.text] == ["Hello", " —", " 世界,", " how", " are", " you?"]
    total = sum(chunks[1:], chunks[0])
    assert total.text == TEXT
    assert total.usage_metadata is not None
    assert lab.questions[0].stream


@scenario("usage, streamed and not")
async def usage(lab: Lab) -> None:
    model = lab.model()
    lab.says(TEXT, TEXT)
    whole = await model.ainvoke("Hi")
    streamed = [chunk async for chunk in model.astream("Hi")]
    assert whole.usage_metadata == sum(streamed[1:], streamed[0]).usage_metadata
    assert whole.usage_metadata is not None
    assert whole.usage_metadata["output_tokens"] == 6


@scenario("cached tokens")
async def cache(lab: Lab) -> None:
    lab.says(Reply(TEXT, usage=USAGE))
    message = await lab.model().ainvoke("Hi")
    assert message.usage_metadata is not None
    assert (message.usage_metadata["input_tokens"], message.usage_metadata["output_tokens"]) == (30, 9)
    assert (message.usage_metadata.get("input_token_details") or {}).get("cache_read") == 12


@scenario("stop")
async def stop(lab: Lab) -> None:
    lab.says("one two END three")
    message = await lab.model().ainvoke("Count", stop=["END"])
    assert message.text == "one two "
    assert lab.questions[0].stop == ["END"]


@scenario("max_tokens")
async def max_tokens(lab: Lab) -> None:
    lab.says("one two three four")
    message = await lab.model(max_tokens=2).ainvoke("Count")
    assert message.text == "one two"
    assert lab.questions[0].max_tokens == 2
    assert message.response_metadata["finish_reason"] in CUT


@scenario("logprobs")
async def logprobs(lab: Lab) -> None:
    lab.says(TEXT)
    chunks = [chunk async for chunk in lab.model(**lab.subject.logprobs).astream("Hi")]
    entries = sum(chunks[1:], chunks[0]).response_metadata["logprobs"]["content"]
    assert "".join(entry["token"] for entry in entries) == TEXT
    wanted = lab.subject.logprobs.get("top_logprobs", 0)
    assert all(entry["logprob"] < 0 and len(entry["top_logprobs"]) == wanted for entry in entries)


@scenario("refusal")
async def refusal(lab: Lab) -> None:
    lab.says(Reply("I will not", finish="content_filter"))
    message = await lab.model().ainvoke("Do harm")
    assert message.text == "I will not"
    assert message.response_metadata["finish_reason"] in FILTERED
