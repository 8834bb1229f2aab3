"""Short streams of every dialect, and what a reader must have seen after each of their frames."""

from __future__ import annotations

from functools import lru_cache
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from msgspec.structs import replace

from chatkit.codec import Call, Request
from chatkit.events import OUTPUT_TYPES, ErrorEvent, Event
from chatkit.fold import Fold
from chatkit.messages.ai import message_of_fold
from chatkit.messages.coerce import to_messages
from chatkit.simulator import Reply
from chatkit.simulator.dialects.by_path import dialect_of
from chatkit.simulator.pieces import text_pieces
from chatkit.simulator.problem import problem
from chatkit.simulator.reply import settle
from tests.faults.dialects import model_of

if TYPE_CHECKING:
    from chatkit.codec import Parser
    from chatkit.messages import AIMessage

__all__ = ["REPLIES", "Recording", "Shown", "recording", "shown"]

REPLIES = {
    "text": Reply("Hé 🦜!", piece=2),
    "call": Reply("Ok", reasoning="Hm", tool_calls=[("f", {"a": "é"})]),
}


class Shown(NamedTuple):
    """What a reader sees of a message."""

    text: str
    reasoning: str
    calls: list[Any]
    broken_calls: list[Any]


def shown(message: AIMessage) -> Shown:
    reasoning = "".join(block.get("reasoning") or "" for block in message.content_blocks if block["type"] == "reasoning")
    calls = [(call["name"], call["args"]) for call in message.tool_calls]
    return Shown(message.text, reasoning, calls, [(call["name"], call["args"]) for call in message.invalid_tool_calls])


class Recording:
    """One streamed answer, and the same answer whole.

    Attributes:
        frames: the bytes of each event, `body` all of them.
        seen: what a reader has seen after no frame, after the first ...
        started_from: with how many frames the provider has said anything of its answer, its id for one.
        output_from: with how many frames the first output is there.
        complete_from: with how many frames nothing of the answer is missing.
        done_from: with how many frames the end marker is there, so that nothing after it is read.
        whole: the answer to a request that did not ask for a stream.
    """

    def __init__(self, dialect: str, reply: Reply) -> None:
        self.model = model_of(dialect)
        self._call = Call(self.model.model, to_messages("x"), {}, stream=True, api_key="k")
        request = self.model._encode(self._call)
        self._dialect, self._question, self._answer = _settled(request, reply)
        frames = list(self._dialect.frames(self._question, self._answer))
        self.frames = [frame.data for frame in frames]
        self.body = b"".join(self.frames)
        whole = replace(self._call, stream=False)
        dialect_, question, answer = _settled(self.model._encode(whole), reply)
        self.whole = dialect_.whole(question, answer)
        self._read()

    def _read(self) -> None:
        parser, events = self.parser(), list[Event]()
        self.seen = [shown(_message(events, cut=True))]
        self.started_from = self.output_from = self.done_from = len(self.frames) + 1
        for count, frame in enumerate(self.frames, 1):
            events += parser.feed(frame)
            self.seen.append(shown(_message(events, cut=True)))
            if events:
                self.started_from = min(self.started_from, count)
            if any(type(event) in OUTPUT_TYPES for event in events):
                self.output_from = min(self.output_from, count)
            if parser.done:
                self.done_from = min(self.done_from, count)
        self.complete = shown(_message([*events, *parser.close()], cut=False))
        self.complete_from = next(count for count in range(len(self.frames) + 1) if self._ends_well(count))

    def parser(self) -> Parser:
        return self.model._parser(self._call)

    def _ends_well(self, count: int) -> bool:
        parser = self.parser()
        try:
            for frame in self.frames[:count]:
                parser.feed(frame)
            return not any(type(event) is ErrorEvent for event in parser.close())
        except Exception:
            return False

    def frames_in(self, cut: int, *, ended: bool) -> int:
        """How many frames the first `cut` bytes hold.

        Args:
            ended: the body ends there; then the line ends that close a frame may be missing.
        """
        at = count = 0
        for frame in self.frames:
            missing = len(frame) - len(frame.rstrip(b"\r\n")) if ended else frame.endswith(b"\r\n")
            if at + len(frame) - missing > cut:
                break
            at += len(frame)
            count += 1
        return count

    def failing(self, count: int, kind: str) -> bytes:
        """The first frames, then one that reports an error."""
        found = problem(kind)
        return b"".join(self.frames[:count]) + self._dialect.error_frame(found, self._question, count)

    def error_body(self, kind: str) -> bytes:
        return self._dialect.error(problem(kind))


def _settled(request: Request, reply: Reply) -> tuple[Any, Any, Any]:
    url = urlsplit(request.url)
    target = url.path + (f"?{url.query}" if url.query else "")
    dialect = dialect_of(url.path)
    assert dialect is not None
    question = dialect.read(Request(target, request.body, request.headers, request.method))
    return dialect, question, settle(question, reply, dialect.call_prefix)


def _message(events: list[Event], *, cut: bool) -> AIMessage:
    return message_of_fold(Fold().feed_all(events), id="x", cut=cut, as_blocks=False)


@lru_cache
def recording(dialect: str, reply: str) -> Recording:
    return Recording(dialect, REPLIES[reply])


def growing_texts(reply: str) -> list[str]:
    """The texts that a reader sees one after the other, as the script says, not as any parser reads it."""
    said = REPLIES[reply]
    return ["", *accumulate(text_pieces(said.text, said.piece))]
