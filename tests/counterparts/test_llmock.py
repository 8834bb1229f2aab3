"""llmock, which breaks answers on request and then judges what the client did about it."""

from __future__ import annotations

from typing import Any

import pytest

from chatkit import RetryPolicy, init_chat_model
from chatkit.errors import APITimeoutError, IncompleteStreamError, InvalidResponseError, ModelError, StreamError
from chatkit.timeouts import Timeouts
from tests.counterparts.peer import Peer, address

pytestmark = pytest.mark.anyio

WIRES: dict[str, tuple[str, dict[str, Any]]] = {
    "openai:gpt-4.1": ("/v1", {}),
    "openai:gpt-5": ("/v1", {"use_responses_api": True}),
    "anthropic:claude-sonnet-4-5": ("/anthropic", {}),
    "google_genai:gemini-2.5-flash": ("/gemini", {}),
    "cohere:command-a-03-2025": ("/cohere", {}),
    "mistralai:mistral-large-latest": ("/mistral/v1", {}),
}
each_wire = pytest.mark.parametrize("name", WIRES)
TEXT = "One two three four five six seven eight nine ten eleven twelve."


@pytest.fixture
def peer() -> Peer:
    return Peer(address("CHATKIT_LLMOCK_URL"))


def queue(peer: Peer, *behaviors: dict[str, Any]) -> None:
    """Have the next requests answered so, and the former ones forgotten."""
    peer.post("/_llmock/reset", {})
    peer.post("/_llmock/scenario", {"behaviors": [{"type": "reply", "text": TEXT, "times": None}, *behaviors]})


def model(peer: Peer, name: str, **options: Any) -> Any:
    path, fixed = WIRES[name]
    return init_chat_model(name, base_url=peer.url + path, api_key="k", **{"timeout": 20, **fixed, **options})


def findings(peer: Peer) -> list[str]:
    return sorted(found["code"] for found in peer.get("/_llmock/verdict")["findings"])


@each_wire
@pytest.mark.parametrize(("status", "attempts"), [(400, 1), (401, 1), (404, 1), (429, 2), (500, 2), (503, 2), (529, 2)])
async def test_what_can_help_is_tried_again_and_nothing_else(peer: Peer, name: str, status: int, attempts: int) -> None:
    queue(peer, {"type": "fail", "status": status})
    try:
        answer = await model(peer, name).ainvoke("Hello")
    except ModelError as error:
        assert (error.status, attempts) == (status, 1)
    else:
        assert (answer.text, attempts) == (TEXT, 2)
    assert peer.get("/_llmock/verdict")["attempts"] == attempts
    assert findings(peer) == []


@each_wire
async def test_retry_after_is_kept_and_attempts_end(peer: Peer, name: str) -> None:
    queue(peer, {"type": "fail", "status": 429, "retry_after": 0.5, "times": 2})
    assert (await model(peer, name).ainvoke("Hello")).text == TEXT
    queue(peer, {"type": "fail", "status": 503, "times": None})
    with pytest.raises(ModelError):
        await model(peer, name, max_retries=RetryPolicy(3, initial_delay=0.1)).ainvoke("Hello")
    assert peer.get("/_llmock/verdict")["attempts"] == 4
    assert findings(peer) == []


BROKEN: dict[str, tuple[type[ModelError], list[str]]] = {
    "disconnect": (StreamError, ["gave_up"]),
    "truncate": (IncompleteStreamError, ["truncated_stream_accepted"]),
    "stall": (APITimeoutError, []),
    "malformed": (InvalidResponseError, ["malformed_chunk_ignored"]),
}
"""What is raised. llmock cannot see that: for it a stream that is not asked for again was accepted."""


@each_wire
@pytest.mark.parametrize("kind", BROKEN)
async def test_a_broken_stream_is_an_error(peer: Peer, name: str, kind: str) -> None:
    expected, verdict = BROKEN[kind]
    stall = {"stall_seconds": 3} if kind == "stall" else {}
    queue(peer, {"type": "stream_fault", "kind": kind, "after_chunks": 5, **stall})
    text = ""
    with pytest.raises(expected) as caught:
        async for piece in model(peer, name, timeout=Timeouts(idle=0.5)).astream("Hello"):
            text += piece.text
    assert caught.value.partial is not None
    assert TEXT.startswith(text)
    assert caught.value.partial.text == text != ""
    assert findings(peer) == verdict


@each_wire
@pytest.mark.parametrize("kind", ["disconnect", "truncate"])
async def test_a_broken_stream_can_be_started_again(peer: Peer, name: str, kind: str) -> None:
    queue(peer, {"type": "stream_fault", "kind": kind, "after_chunks": 5})
    policy = RetryPolicy(initial_delay=0.05, restart=True)
    async with model(peer, name, max_retries=policy).open_stream("Hello") as stream:
        async for _ in stream:
            pass
    assert stream.message.text == TEXT
    assert findings(peer) == []
