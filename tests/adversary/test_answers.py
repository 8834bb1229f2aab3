"""Bad answers from servers: a typed error that says what to do, for every provider's class, streamed and whole."""

from __future__ import annotations

import gzip
import zlib
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest

from chatkit.errors import ChatKitError, InvalidResponseError, ModelError, NotFoundError
from chatkit.registry import provider_class
from tests.adversary.every import OVER_HTTP, answering

if TYPE_CHECKING:
    from chatkit.messages import AIMessage
    from chatkit.model import ChatModel

DEEP = b"[" * 100_000
HTML = b"<!DOCTYPE html><html><body>502 Bad Gateway</body></html>"
NONSENSE: dict[str, bytes] = {
    "nothing": b"",
    "white space": b" \r\n" * 1000,
    "a byte order mark": b"\xef\xbb\xbf",
    "a half byte order mark": b"\xef\xbb",
    "html": HTML,
    "html in an event": b"data: " + HTML + b"\n\n",
    "plain text": b"hello world",
    "invalid utf-8": b"\xff\xfe\x00\x80" * 10,
    "invalid utf-8 in json": b'{"id":"\xff"}',
    "invalid utf-8 in an event": b'data: {"id":"\xff"}\n\n',
    "null": b"null",
    "a number": b"42",
    "a text": b'"hi"',
    "an empty list": b"[]",
    "an empty object": b"{}",
    "a list of lists": b"[[[]]]",
    "not a number": b'{"id": NaN}',
    "half of json": b'{"id": "x", "choices": [',
    "deep json": DEEP,
    "deep json in an object": b'{"id":' + DEEP,
    "deep json in an error": b'{"error":' + DEEP,
    "deep json in an event": b'data: {"id":' + DEEP + b"\n\n",
    "deep json in an ndjson line": b'{"a":' + DEEP + b"\n",
    "a huge number": b'{"id":' + b"9" * 5000 + b"}",
    "a huge exponent": b'{"created": 1e999}',
    "an event of nulls": b"data: null\n\n",
    "an event of a number": b"data: 42\n\n",
    "an event of a list": b"data: []\n\n",
    "an event without end": b"data: {",
    "wrong types": b'{"id":5,"model":[],"choices":{"x":1},"content":5,"candidates":7,"message":8,"output":9,"usage":"x"}',
    "wrong types in an event": b'data: {"id":5,"type":[],"choices":5,"candidates":7,"message":8,"output":9,"delta":1}\n\n',
    "only comments": b": ping\n\n" * 1000,
    "zero bytes": b"\0" * 1000,
    "an aws frame with wrong sums": b"\0\0\0\x10\0\0\0\0\0\0\0\0\0\0\0\0" * 4,
}


OWN_FORMAT = [name for name in OVER_HTTP if not provider_class(name).__module__.startswith("chatkit_openai_compatible")]
ALIKE = [name for name in OVER_HTTP if name not in OWN_FORMAT]


def some_of(what: str) -> list[str]:
    """Every provider with a format of its own, and ten of those that are alike, others for each kind of nonsense."""
    first = sum(what.encode()) % len(ALIKE)
    return [*OWN_FORMAT, *(ALIKE * 2)[first : first + 10]]


async def outcome(model: ChatModel, streamed: bool) -> AIMessage:
    if not streamed:
        return await model.ainvoke("x")
    total: Any = None
    async for chunk in model.astream("x"):
        total = chunk if total is None else total + chunk
    return total.to_message()


@pytest.mark.asyncio
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("what", NONSENSE)
async def test_nonsense_with_status_200(what: str, streamed: bool) -> None:
    """Every class: a ModelError, or an answer without text where its format allows that; never anything untyped."""
    types = ("text/event-stream", "application/json", "application/vnd.amazon.eventstream", "text/html")
    for nth, provider in enumerate(some_of(what)):
        headers = {"content-type": types[nth % len(types)]}
        model = answering(provider, lambda request, headers=headers: httpx.Response(200, headers=headers, content=NONSENSE[what]))
        with anyio.fail_after(5):
            try:
                message = await outcome(model, streamed)
            except ModelError as error:
                assert len(str(error)) < 4000
                assert error.provider == model.provider
            else:
                assert message.text == "" and not message.tool_calls, provider


@pytest.mark.asyncio
@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
async def test_pages_of_gateways_say_what_to_check(streamed: bool) -> None:
    """A web page with status 200 is no answer: the error names base_url."""
    for provider in OVER_HTTP:
        model = answering(provider, lambda request: httpx.Response(200, content=HTML, headers={"content-type": "text/html"}))
        with pytest.raises(InvalidResponseError, match="base_url"):
            await outcome(model, streamed)


ERRORS: dict[str, bytes] = {
    **NONSENSE,
    "a word for a code": '{"error":{"code":"²","status":"³"}}'.encode(),
    "a number for a code": b'{"error":{"code":' + b"4" * 5000 + b"}}",
    "a long message": b'{"error":{"message":"' + b"x" * 100_000 + b'"}}',
    "a broken delay": b'{"error":{"message":"m","details":[{"retryDelay":"1.2.3s"}]}}',
    "objects for texts": b'{"error":{"message":{"a":[1]},"type":{"x":1},"code":[1],"details":7,"metadata":{"raw":[1]}}}',
    "one error in another": b'{"error":{"error":{"error":{"message":"m"}}}}',
}


@pytest.mark.asyncio
@pytest.mark.parametrize("what", ERRORS)
async def test_nonsense_with_an_error_status(what: str) -> None:
    """The status decides the class of the error, whatever the body is."""
    for provider in some_of(what):
        for status in (400, 500):
            model = answering(provider, lambda request, status=status: httpx.Response(status, content=ERRORS[what]))
            with pytest.raises(ModelError) as caught:
                await model.ainvoke("x")
            assert caught.value.status == status, provider
            assert len(str(caught.value)) < 4000


@pytest.mark.asyncio
@pytest.mark.parametrize(
    "value",
    ["nan", "inf", "-5", "1e400", "x" * 1000, "²", "Mon, 01 Jan 0001 00:00:00 -0000", "Mon, 99 Jan 2020 00:00:00 GMT", ""],
)
async def test_odd_wishes_to_wait(value: str) -> None:
    """`retry-after` may hold anything."""
    headers = [(b"retry-after", value.encode()), (b"retry-after-ms", value.encode())]
    model = answering("openai", lambda request: httpx.Response(429, headers=headers, content=b""))
    with pytest.raises(ModelError) as caught:
        await model.ainvoke("x")
    assert caught.value.retry_after is None or caught.value.retry_after >= 0


@pytest.mark.asyncio
@pytest.mark.parametrize("status", [300, 301, 302, 303, 304, 307, 308])
async def test_redirects_are_told_and_not_followed(status: int) -> None:
    """Every class: where the server points to is said, without what its query holds, and the key is not sent there."""
    for provider in OVER_HTTP:
        asked: list[str] = []

        def answer(request: httpx.Request, asked: list[str] = asked) -> httpx.Response:
            asked.append(request.url.host)
            return httpx.Response(status, headers={"location": "https://elsewhere.example/v1?token=abc"}, content=HTML)

        with pytest.raises(NotFoundError, match=r"redirects to 'https://elsewhere\.example/v1\?token=\*+'.*base_url"):
            await answering(provider, answer).ainvoke("x")
        assert len(asked) == 1


HI = b'{"id":"c","model":"m-1","choices":[{"index":0,"message":{"content":"Hi"},"finish_reason":"stop"}]}'


@pytest.mark.asyncio
@pytest.mark.parametrize(
    ("encoding", "body"),
    [("gzip", gzip.compress(HI)), ("deflate", zlib.compress(HI)), ("x-unknown", HI), ("identity", HI)],
)
async def test_answers_are_read_although_they_are_compressed(encoding: str, body: bytes) -> None:
    """Identity was asked for; a proxy that compresses all the same does no harm."""
    model = answering("openai", lambda request: httpx.Response(200, headers={"content-encoding": encoding}, content=body))
    assert (await model.ainvoke("x")).text == "Hi"


@pytest.mark.asyncio
async def test_a_broken_compression() -> None:
    """What cannot be unpacked is a typed error."""
    headers = {"content-encoding": "gzip"}

    async def pieces() -> Any:
        yield b"this is not gzip"

    model = answering("openai", lambda request: httpx.Response(200, headers=headers, content=pieces()))
    with pytest.raises(ChatKitError):
        await model.ainvoke("x")


@pytest.mark.asyncio
async def test_numbers_too_large_for_64_bits_survive_the_next_turn() -> None:
    """A model may write any number into the arguments of a call; the conversation can go on with it."""
    number = 10**30
    call = {"id": "1", "type": "function", "function": {"name": "f", "arguments": f'{{"n": {number}}}'}}
    answer = {
        "id": "c",
        "model": "m",
        "choices": [{"index": 0, "message": {"tool_calls": [call]}, "finish_reason": "tool_calls"}],
    }
    sent: list[bytes] = []

    def reply(request: httpx.Request) -> httpx.Response:
        sent.append(request.content)
        return httpx.Response(200, json=answer)

    model = answering("openai", reply)
    message = await model.ainvoke("x")
    assert message.tool_calls[0]["args"] == {"n": number}
    await model.ainvoke(["x", message, {"role": "tool", "tool_call_id": "1", "content": "y"}])
    assert str(number).encode() in sent[1]


@pytest.mark.asyncio
async def test_arguments_nested_too_deeply() -> None:
    """Arguments nobody can read are an invalid call, also while they arrive; reading the message does not raise."""
    call = {"index": 0, "id": "1", "function": {"name": "f", "arguments": '{"a":' + "[" * 50_000}}
    chunk = httpx.Response(200, content=b"data: " + json_of({"choices": [{"index": 0, "delta": {"tool_calls": [call]}}]}) + END)
    total: Any = None
    async for piece in answering("openai", lambda request: chunk).astream("x"):
        total = piece if total is None else total + piece
        assert total.tool_calls is not None
    assert total.invalid_tool_calls[0]["name"] == "f"
    assert total.tool_calls == []


def json_of(value: Any) -> bytes:
    import json

    return json.dumps(value).encode()


END = b'\n\ndata: {"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}\n\ndata: [DONE]\n\n'


@pytest.mark.asyncio
async def test_the_last_of_two_equal_keys_counts() -> None:
    """As in every JSON reader that people use."""
    body = HI.replace(b'"content":"Hi"', b'"content":"first","content":"last"')
    assert (await answering("openai", lambda request: httpx.Response(200, content=body)).ainvoke("x")).text == "last"
