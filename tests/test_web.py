"""The application of docs/web.md behind a real web server, with browsers that read, stop and go away."""

from __future__ import annotations

import contextlib
import re
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import orjson
import pytest

from chatkit import init_chat_model
from chatkit.simulator import Fault, Reply, simulate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chatkit.simulator import Server

uvicorn = pytest.importorskip("uvicorn", reason="uvicorn is not installed")
pytest.importorskip("starlette", reason="Starlette is not installed")

PAGE = Path(__file__).parent.parent / "docs" / "web.md"
WORDS = " ".join(f"word{n}" for n in range(200))


@contextlib.contextmanager
def site(provider: Server, model: str = "openai:gpt-4.1") -> Iterator[str]:
    """The page's application, served at an address; its model asks the simulated provider."""
    names: dict[str, Any] = {}
    exec("\n".join(re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)), names)
    names["model"] = init_chat_model(model, base_url=f"{provider.url}/v1", api_key="none", max_retries=0, use_responses_api=False)
    server = uvicorn.Server(uvicorn.Config(names["app"], port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join()


def frames(body: str) -> list[tuple[str, Any]]:
    """Kind and data of each event."""
    return [(kind, orjson.loads(data)) for kind, data in re.findall(r"event: (\w+)\ndata: (.*)\n\n", body)]


def test_an_answer_streams_to_the_end() -> None:
    with simulate([Reply("It is sunny.", reasoning="Let me see.")]) as provider, site(provider) as url:
        seen = frames(httpx.get(f"{url}/stream", params={"prompt": "weather"}).text)
    assert "".join(data for kind, data in seen if kind == "reasoning") == "Let me see."
    assert "".join(data for kind, data in seen if kind == "text") == "It is sunny."
    assert seen[-1][0] == "end"
    assert seen[-1][1]["usage"]["output_tokens"] > 0


def test_a_browser_that_goes_away_stops_the_provider() -> None:
    with simulate([WORDS], every=0.02) as provider, site(provider) as url:
        with httpx.stream("GET", f"{url}/stream", params={"prompt": "go on"}) as response:
            next(response.iter_text())
        left = time.monotonic()
        while provider.requests[-1].closed_at is None:
            assert time.monotonic() - left < 2, "the provider goes on writing"
            time.sleep(0.005)
    assert provider.requests[-1].closed_at - left < 0.5


def test_an_error_in_the_middle_is_told() -> None:
    with simulate([WORDS], fault=Fault(cut=2000)) as provider, site(provider) as url:
        seen = frames(httpx.get(f"{url}/stream", params={"prompt": "go on"}).text)
    assert seen[0][0] == "text"
    assert seen[-1][0] == "failed"
    assert seen[-1][1]["retryable"]


@pytest.mark.parametrize(
    ("fault", "status"), [(Fault(status=429, retry_after=7), 429), (Fault(status=400), 400), (Fault(status=500), 502)]
)
def test_errors_have_an_answer(fault: Fault, status: int) -> None:
    with simulate(fault=fault) as provider, site(provider) as url:
        response = httpx.post(f"{url}/ask", json={"prompt": "hi"})
    assert response.status_code == status
    assert response.headers.get("retry-after") == ("7" if status == 429 else None)


def test_an_answer_in_one_piece() -> None:
    with simulate(["Hello!"]) as provider, site(provider) as url:
        assert httpx.post(f"{url}/ask", json={"prompt": "hi"}).json()["text"] == "Hello!"
