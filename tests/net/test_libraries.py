"""Which HTTP library carries the requests, who may choose it, and that each does what the others do."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

import pytest

from chatkit.errors import APIConnectionError, APITimeoutError, InputError, InputTypeError
from chatkit.net import libraries
from chatkit.net.libraries import transport_for
from chatkit.simulator import Fault, simulate
from chatkit.timeouts import Timeouts
from chatkit_openai import ChatOpenAI
from tests.net.clients import NAMED, skip_if_missing
from tests.toy import ToyModel

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatkit.simulator.server import Server


@pytest.fixture
def server() -> Iterator[Server]:
    with simulate() as running:
        yield running


@pytest.mark.parametrize(("said", "module"), [(None, "http"), ("httpx", "http"), ("httpx2", "http"), ("aiohttp", "aiohttp")])
def test_the_environment_chooses_and_the_setting_overrules_it(
    said: str | None, module: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without either it is httpx, whatever else is installed: respx and other tools that patch httpx keep working."""
    if said:
        skip_if_missing(said, "asyncio")
        monkeypatch.setenv("CHATKIT_HTTP", said)
    assert type(transport_for(None, None)).__module__ == f"chatkit.net.{module}"
    assert type(transport_for("httpx", None)).__module__ == "chatkit.net.http"


def test_an_unknown_library_is_refused_when_the_model_is_made(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match="'requests'; there are httpx, httpx2, aiohttp"):
        ToyModel("m", api_key="k", http_client="requests")
    with pytest.raises(InputTypeError, match="it has no build_request"):
        ToyModel("m", api_key="k", http_client=object())
    monkeypatch.setattr(libraries, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'chatkit-sdk\[aiohttp\]'"):
        ToyModel("m", api_key="k", http_client="aiohttp")


def test_a_wrong_environment_is_told_at_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CHATKIT_HTTP", "urllib")
    with pytest.raises(InputError, match="CHATKIT_HTTP names no HTTP library"):
        ToyModel("m", api_key="k").invoke("x")


def test_the_library_is_imported_when_it_is_used() -> None:
    """A model that was never called has loaded none."""
    code = (
        "import sys; from chatkit_openai import ChatOpenAI; ChatOpenAI('m', api_key='k', http_client='httpx2');"
        "print([n for n in ('httpx', 'httpx2', 'aiohttp', 'anyio') if n in sys.modules])"
    )

    async def run() -> bytes:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE, env={"PYTHONPATH": ":".join(sys.path)}
        )
        return (await process.communicate())[0]

    assert asyncio.run(run()).strip() == b"[]"


@pytest.mark.anyio
@pytest.mark.parametrize("way", NAMED)
async def test_the_request_is_the_same_over_each(way: str, server: Server, anyio_backend: str) -> None:
    """Names and values of headers, path, query, body: exactly what the codec wrote, and our name."""
    skip_if_missing(way, "asyncio")
    model = ChatOpenAI(
        "m",
        api_key="k",
        base_url=f"{server.url}/v1",
        http_client=way,
        default_query={"a": "b c/d%"},
        default_headers={"OpenAI-Project": "me"},
    )
    assert (await model.ainvoke("Hello")).text
    assert "".join([chunk.text async for chunk in model.astream("Hello")])
    whole, streamed = server.requests
    for seen in (whole, streamed):
        assert seen.path == "/v1/chat/completions?a=b+c%2Fd%25"
        assert (seen.headers["openai-project"], seen.headers["content-type"]) == ("me", "application/json")
        assert seen.headers["user-agent"].startswith("chatkit/")
        assert seen.headers["accept-encoding"] == "identity"
        assert seen.headers["host"] == server.url.removeprefix("http://")
    assert server.connections == 1


@pytest.mark.anyio
@pytest.mark.parametrize("way", NAMED)
async def test_each_fails_with_the_same_types(way: str, server: Server, anyio_backend: str) -> None:
    skip_if_missing(way, "asyncio")
    model = ToyModel("m", api_key="k", base_url="http://127.0.0.1:9/v1", http_client=way, max_retries=0)
    with pytest.raises(APIConnectionError, match="base_url") as caught:
        await model.ainvoke("x")
    assert caught.value.stage == "request"
    late = ChatOpenAI("m?fault=stall=headers", api_key="k", base_url=f"{server.url}/v1", http_client=way, max_retries=0)
    with pytest.raises(APITimeoutError) as late_error:
        await late.bind(timeout=Timeouts(first_event=0.05)).ainvoke("x")
    assert (late_error.value.phase, late_error.value.stage) == ("first_event", "request")


@pytest.mark.anyio
@pytest.mark.parametrize("way", NAMED)
async def test_a_proxy_is_used_where_one_is_named(
    way: str, server: Server, monkeypatch: pytest.MonkeyPatch, anyio_backend: str
) -> None:
    """By setting or environment; the simulator plays the proxy: it is asked with the whole address."""
    skip_if_missing(way, "asyncio")
    plain: dict[str, Any] = {"api_key": "k", "base_url": "http://nowhere.test/v1", "http_client": way, "max_retries": 0}
    with pytest.raises(Exception, match="nothing at this path"):
        await ChatOpenAI("m", **plain, proxy=server.url).ainvoke("x")
    monkeypatch.setenv("http_proxy", server.url)
    with pytest.raises(Exception, match="nothing at this path"):
        await ChatOpenAI("m", **plain).ainvoke("x")
    assert [seen.path for seen in server.requests] == ["http://nowhere.test/v1/chat/completions"] * 2
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    direct = ChatOpenAI("m", **{**plain, "base_url": f"{server.url}/v1"})
    assert (await direct.ainvoke("x")).text
    assert server.requests[-1].path == "/v1/chat/completions"


@pytest.mark.anyio
@pytest.mark.parametrize("way", NAMED)
async def test_the_last_bytes_count_although_the_socket_breaks(way: str, anyio_backend: str) -> None:
    """After the end marker a broken connection takes nothing away."""
    skip_if_missing(way, "asyncio")
    with simulate(["Hello there"] * 2, fault=Fault(cut=1_000_000)) as server:
        model = ChatOpenAI("m", api_key="k", base_url=f"{server.url}/v1", http_client=way, max_retries=0)
        assert "".join([chunk.text async for chunk in model.astream("x")]) == "Hello there"
        assert (await model.ainvoke("x")).text == "Hello there"
