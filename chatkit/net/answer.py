"""The answer to one request while it is read: bytes in, events out, until the format says that it is complete."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, cast

from chatkit.dialects.base import broken_format
from chatkit.errors import IncompleteStreamError, InvalidResponseError, ModelError
from chatkit.events import ErrorEvent, Start
from chatkit.logs import log
from chatkit.net.failures import ending_of, failure, interruption, read_error, timed_out
from chatkit.secrets import scrub
from chatkit.statuses import request_id_of

if TYPE_CHECKING:
    from chatkit.codec import Parser
    from chatkit.events import Event
    from chatkit.net.plan import Plan
    from chatkit.net.transport import Response

__all__ = ["Answer", "no_answer"]

DRAIN_SECONDS = 0.1


def no_answer() -> InvalidResponseError:
    """The error for a body without a single event."""
    words = "the answer is empty: no event of the expected format came; check base_url and the model"
    return InvalidResponseError(words, retryable=True)


class Answer:
    """A response and the parser that reads it.

    Args:
        response: its head has come.
        parser: a new one.
        plan: what the exchange was told.
        started_at: when the call began, for the words of an error.
        secrets: what must not be told, should the server say it back.

    Attributes:
        request_id: the provider's id of the request.
        parser: who reads the body; None when that is over. `parser.done`: nothing more is of interest.
    """

    def __init__(self, response: Response, parser: Parser, plan: Plan, started_at: float, secrets: list[str]) -> None:
        self._response = response
        self._secrets = secrets
        self.parser: Parser | None = parser
        self._plan = plan
        self._started_at = started_at
        id = request_id_of(response.headers)
        self.request_id = None if id is None else scrub(id, secrets)

    def start(self) -> Start:
        """The first event: what is known before a byte of the body."""
        metadata: dict[str, Any] = {"model_provider": self._plan.provider}
        if self.request_id is not None:
            metadata["request_id"] = self.request_id
        if self._plan.as_blocks:
            metadata["output_version"] = "v1"
        if self._plan.tell_headers:
            metadata["headers"] = {name: scrub(value, self._secrets) for name, value in self._response.headers.items()}
        return Start(model=self._plan.call.model, metadata=metadata)

    async def read(self, deadline: float | None, phase: str) -> list[Event] | None:
        """Events of the next bytes that hold any; None at the end of a complete answer.

        Args:
            deadline: when `time.monotonic()` passes it, the clock of `phase` has run out.
            phase: "first_event" before any output, "idle" after it.

        Raises:
            ModelError: the connection broke, a clock ran out, or the bytes are not of the format.
        """
        parser = self.parser
        if parser is None:
            return None
        while True:
            try:
                data = await self._response.receive(deadline)
            except TimeoutError:
                raise timed_out(self._plan.timeouts, phase, self._started_at) from None
            except ModelError:
                raise
            except Exception as error:
                return self._broken(parser, error, phase)
            if not data:
                return self._end(parser)
            try:
                events = parser.feed(data)
            except Exception as error:
                raise broken_format(error) from error
            if events or parser.done:
                return events

    def _broken(self, parser: Parser, error: Exception, phase: str) -> list[Event] | None:
        """The connection broke: that is the end, or an error when the answer is not complete."""
        self.parser = None
        events = ending_of(parser)
        if events is None:
            raise (failure(error, phase) if phase == "first_event" else interruption(error)) from error
        return events or None

    def _end(self, parser: Parser) -> list[Event] | None:
        self.parser = None
        try:
            events = parser.close()
        except Exception as error:
            events = cast("list[Event]", [ErrorEvent(broken_format(error))])
        if self._plan.allow_incomplete:
            events = [
                event for event in events if type(event) is not ErrorEvent or type(event.error) is not IncompleteStreamError
            ]
        return events or None

    async def refusal(self, deadline: float | None) -> ModelError:
        """The error that a response with an error status tells."""
        response = self._response
        return self._plan.fail(response.status, response.headers, await read_error(response, deadline))

    async def drain(self) -> None:
        """After the end marker: read the body's last bytes, so that the connection can be used again."""
        deadline = time.monotonic() + DRAIN_SECONDS
        try:
            while await self._response.receive(deadline):
                pass
        except Exception as error:
            log.debug("the connection did not end cleanly after the answer: %r", error)

    def abandon(self) -> None:
        """Drop the connection, from code that cannot await."""
        self._response.abandon()

    async def aclose(self, error: BaseException | None = None) -> None:
        """Give the connection back, or close it when the answer is not read to its end."""
        if isinstance(error, IncompleteStreamError | InvalidResponseError):
            self._response.abandon()  # who breaks the format may have broken HTTP as well: no other request on it
        await self._response.aclose()
