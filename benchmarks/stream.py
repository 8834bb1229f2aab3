"""What a streamed token costs: `python benchmarks/stream.py [deltas]` (5,000 by default).

A server in a process of its own sends an answer that was made beforehand, one write for each delta. The floor is what
one would write by hand: httpx for the bytes, split at empty lines, each decoded by orjson. Figures are the CPU time of
this process, the median of several runs; on a busy machine compare the ratios.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import statistics
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx
import orjson

from chatkit import AIMessageChunk, BaseCallbackHandler, init_chat_model

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from multiprocessing.queues import Queue

    from chatkit import ChatModel

RUNS = 7
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"


def frames(deltas: int) -> list[bytes]:
    """The chunks of the body of one OpenAI chat completion."""

    def frame(data: str) -> bytes:
        event = f"data: {data}\n\n".encode()
        return b"%x\r\n%s\r\n" % (len(event), event)

    base = '{"id":"c1","object":"chat.completion.chunk","created":1,"model":"m","choices":[{"index":0,'
    texts = [frame(f'{base}"delta":{{"content":"word{n} "}},"finish_reason":null}}]}}') for n in range(deltas)]
    return [*texts, frame(base + '"delta":{},"finish_reason":"stop"}]}'), frame("[DONE]"), b"0\r\n\r\n"]


def serve(deltas: int, port: Queue[int]) -> None:
    """Answer every request with the same stream, until killed."""
    body = frames(deltas)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
                await reader.readexactly(int(length.partition(b":")[2]))
                writer.write(HEAD)
                for frame in body:
                    writer.write(frame)
                    await asyncio.sleep(0)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    async def main() -> None:
        server = await asyncio.start_server(answer, "127.0.0.1", 0)
        port.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


class Silent(BaseCallbackHandler):
    """A handler that is told of every token and does nothing."""

    def on_llm_new_token(self, token: str, **kwargs: Any) -> None:
        """Nothing."""


async def by_hand(url: str, client: httpx.AsyncClient) -> int:
    """httpx and orjson."""
    seen, buffer = 0, b""
    body = {"model": "m", "messages": [{"role": "user", "content": "hi"}], "stream": True}
    async with client.stream("POST", f"{url}/chat/completions", content=orjson.dumps(body)) as response:
        async for data in response.aiter_bytes():
            *events, buffer = (buffer + data).split(b"\n\n")
            for event in events:
                if event != b"data: [DONE]":
                    seen += bool(orjson.loads(event[6:])["choices"][0]["delta"].get("content"))
    return seen


async def plain(model: ChatModel) -> int:
    """`astream`."""
    seen = 0
    async for chunk in model.astream("hi"):
        seen += bool(chunk.text)
    return seen


async def summed(model: ChatModel) -> int:
    """`astream`, every chunk added to the last."""
    seen, total = 0, AIMessageChunk(content="")
    async for chunk in model.astream("hi"):
        seen += bool(chunk.text)
        total += chunk
    return seen


async def events(model: ChatModel) -> int:
    """`astream_events`."""
    seen = 0
    async for event in model.astream_events("hi", version="v2"):
        seen += event["event"] == "on_chat_model_stream" and bool(event["data"]["chunk"].text)
    return seen


async def handled(model: ChatModel) -> int:
    """`astream` with a handler."""
    seen = 0
    async for chunk in model.astream("hi", config={"callbacks": [Silent()]}):
        seen += bool(chunk.text)
    return seen


async def measure(url: str, deltas: int) -> dict[str, float]:
    """Microseconds of CPU a delta, by way of reading."""
    model = init_chat_model("openai:m", base_url=url, api_key="none", use_responses_api=False, timeout=60)
    async with httpx.AsyncClient(timeout=60) as client:
        ways: dict[str, Callable[[], Awaitable[int]]] = {
            "httpx and orjson by hand": lambda: by_hand(url, client),
            "chatkit astream": lambda: plain(model),
            "chatkit astream, summed": lambda: summed(model),
            "chatkit astream, a handler": lambda: handled(model),
            "chatkit astream_events": lambda: events(model),
        }
        costs: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(RUNS):
            for name, way in ways.items():
                begin = time.process_time()
                seen = await way()
                costs[name].append((time.process_time() - begin) / deltas * 1e6)
                assert seen == deltas, f"{name}: {seen} of {deltas} deltas"
    return {name: statistics.median(cost) for name, cost in costs.items()}


def import_cost() -> float:
    """Milliseconds of CPU of `import chatkit`, in a new interpreter."""
    code = "import time; t = time.process_time(); import chatkit; print((time.process_time() - t) * 1000)"
    runs = [subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True) for _ in range(RUNS)]
    return statistics.median(float(run.stdout) for run in runs)


def main(deltas: int = 5000) -> None:
    """Print the table."""
    context = multiprocessing.get_context("spawn")
    port: Queue[int] = context.Queue()
    server = context.Process(target=serve, args=(deltas, port), daemon=True)
    server.start()
    costs = asyncio.run(measure(f"http://127.0.0.1:{port.get()}/v1", deltas))
    server.kill()
    floor = costs["httpx and orjson by hand"]
    for name, cost in costs.items():
        print(f"{name:28} {cost:6.1f} us a delta   {cost / floor:.2f}x")
    print(f"{'import chatkit':28} {import_cost():6.1f} ms")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
