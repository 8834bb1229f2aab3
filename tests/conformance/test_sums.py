"""The pieces of a stream add up to what `invoke` gives, whatever is said: message, usage, metadata. For every codec."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from chatkit.registry import init_chat_model
from chatkit.simulator import Fault, Reply, Simulator
from chatkit.simulator.transport import SimulatedTransport
from tests.conformance.subjects import SUBJECTS, Subject

if TYPE_CHECKING:
    from chatkit.messages import AIMessage
    from chatkit.model import ChatModel

CODECS = [subject for subject in SUBJECTS if subject.page != "openai_compatible" or subject.provider in ("groq", "xai")]

words = st.text(st.characters(exclude_categories=("Cs", "Cn")), max_size=25)
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**40), 2**40) | st.floats(-1e6, 1e6) | words,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(words, inner, max_size=2),
    max_leaves=5,
)
arguments = st.dictionaries(words, values, max_size=3)
BROKEN = '{"a": '
OBJECTS = ("anthropic", "google_genai", "google_vertexai", "aws", "ollama")
"""APIs whose whole answers have arguments as objects, which cannot be broken."""
reasoning = words.map(lambda text: {"type": "reasoning", "reasoning": text})
calls = st.builds(
    lambda name, args: {"type": "tool_call", "name": name, "args": args},
    st.sampled_from(["get_weather", "f"]),
    arguments | st.just(BROKEN),
)
usages = st.builds(
    lambda read, given, thought: {
        "input_tokens": 100 + read,
        "output_tokens": given + thought,
        "total_tokens": 100 + read + given + thought,
        "input_token_details": {"cache_read": read},
        "output_token_details": {"reasoning": thought},
    },
    st.integers(0, 50),
    st.integers(1, 50),
    st.integers(0, 50),
)


@st.composite
def texts(draw: st.DrawFn) -> dict[str, Any]:
    """A text block, with a citation of a part of it or without."""
    text = draw(words)
    end = draw(st.integers(0, len(text)))
    note = {"type": "citation", "url": "https://x.example", "title": "X", "start_index": 0, "end_index": end}
    cited = {**note, "cited_text": text[:end]}
    return {"type": "text", "text": text, **({"annotations": [cited]} if end and draw(st.booleans()) else {})}


@st.composite
def replies(draw: st.DrawFn) -> Reply:
    """Any answer that a model may give, in pieces of any size, in packets of any size."""
    blocks = [
        *draw(st.lists(reasoning, max_size=1)),
        *draw(st.lists(texts(), min_size=1, max_size=2)),
        *draw(st.lists(calls, max_size=3)),
    ]
    split = draw(st.none() | st.integers(1, 300))
    return Reply(
        blocks=blocks,
        finish=draw(st.none() | st.sampled_from(["stop", "length", "content_filter"])),
        usage=draw(st.none() | usages),
        piece=draw(st.none() | st.integers(1, 8)),
        fault=None if split is None else Fault(split=split),
    )


def asked_of(subject: Subject, *, searching: bool, logged: bool) -> dict[str, Any]:
    """Parameters, as far as the provider has them."""
    tool = {} if "tool of the provider's" in subject.lacks else subject.server_tool or subject.search
    logprobs = {} if "logprobs" in subject.lacks else subject.logprobs
    return {**(tool if searching else {}), **(logprobs if logged else {})}


def with_tool(subject: Subject, reply: Reply) -> Reply:
    """The reply with a run of the provider's own tool, after the reasoning."""
    code, name = subject.runs == "code", "code_execution" if subject.runs == "code" else subject.searches_as
    args = {"code": "print('é')"} if code else {"query": "é"}
    output: Any = "é" if code else [{"url": "https://x.example", "title": "É"}]
    call = {"type": "server_tool_call", "id": "ws_1", "name": name, "args": args}
    result = {"type": "server_tool_result", "tool_call_id": "ws_1", "status": "success", "output": output}
    at = next(nth for nth, block in enumerate(reply.content) if block["type"] != "reasoning")
    return msgspec.structs.replace(reply, blocks=[*reply.content[:at], call, result, *reply.content[at:]])


def model_of(subject: Subject, reply: Reply, **params: Any) -> ChatModel:
    """The provider's model with the simulator in the place of the network."""
    model = init_chat_model(f"{subject.provider}:{subject.model}", **subject.options("http://sim"), **params)
    simulator = Simulator(lambda question: reply)
    model.__dict__["_transport"] = lambda: SimulatedTransport(simulator)
    return model


def told(message: AIMessage) -> dict[str, Any]:
    """All that a message tells, without what tells requests apart."""
    said = message.model_dump()
    metadata = {name: value for name, value in message.response_metadata.items() if name != "request_id"}
    return {
        "blocks": [_without_made_id(block) for block in message.content_blocks],
        "calls": [_without_made_id(call) for call in message.tool_calls],
        "invalid": message.invalid_tool_calls,
        "text": message.text,
        "usage": message.usage_metadata,
        "metadata": metadata,
        "is_text": isinstance(said["content"], str),
        "id": None if str(message.id).startswith("run-") else message.id,
    }


def _without_made_id(block: Any) -> dict[str, Any]:
    """Gemini 2.5 gives no ids to calls, so that chatkit makes some, which are never the same."""
    return {**block, "id": None} if str(block.get("id")).startswith("call_gemini_") else dict(block)


@pytest.mark.parametrize("subject", CODECS, ids=lambda subject: subject.name)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(reply=replies(), searching=st.booleans(), logged=st.booleans())
@example(reply=Reply(""), searching=False, logged=False)
@example(reply=Reply("", tool_calls=[("f", {})]), searching=False, logged=False)
@example(reply=Reply("Hm. ", reasoning="Hm.", tool_calls=[("f", {}), ("f", {"a": "é"})], piece=1), searching=True, logged=True)
def test_a_stream_adds_up_to_invoke(subject: Subject, reply: Reply, searching: bool, logged: bool) -> None:
    if subject.page in OBJECTS:
        assume(all(block.get("args") != BROKEN for block in reply.content))
    asked = asked_of(subject, searching=searching, logged=logged)
    if searching and "tool of the provider's" not in subject.lacks:
        reply = with_tool(subject, reply)
    model = model_of(subject, reply, **asked)
    chunks = list(model.stream("Hi"))
    assert told(sum(chunks[1:], chunks[0])) == told(model.invoke("Hi"))
