"""One question and its answer: open, retry, parse, time out, close. Every call of every model runs through here.

An exchange is pulled: it reads the next bytes only when somebody asks for the next events, so that backpressure is
the socket's, and no task, queue or open cancel scope exists between two pieces.
"""

from __future__ import annotations

import itertools
import time
import uuid
from typing import TYPE_CHECKING, Any, Literal, cast

import anyio
from msgspec import structs

from chatkit.dialects.base import broken_format
from chatkit.errors import IncompleteStreamError, InvalidResponseError, ModelError
from chatkit.events import OUTPUT_TYPES, ErrorEvent, Event, Reset, Start
from chatkit.fold import Fold
from chatkit.logs import log
from chatkit.messages.ai import AIMessage, message_of_fold
from chatkit.net.failures import ending_of, failure, interruption, read_error, timed_out, without_secrets
from chatkit.net.keys import resolved
from chatkit.net.loops import finish
from chatkit.net.requests import request_of, secrets_of
from chatkit.secrets import scrub
from chatkit.statuses import request_id_of

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from chatkit.codec import Call, Parser
    from chatkit.net.plan import Plan
    from chatkit.net.transport import Response

__all__ = ["Exchange"]

DRAIN_SECONDS = 0.1
_RESPONDED = "%s %s: status %d after %.2f s (attempt %d, request id %s)"
_ENDED = "%s %s: %s after %.2f s, %d events"


class Exchange:
    """The life of one call.

    Attributes:
        events: all events so far, in order.
        id: identity of the run; the message's id when the provider gives none.
        attempts: how many requests were sent.
        interrupted: the answer was left or broke before its end.
        request_id: the provider's id of the last request.
        stage: how far the last request came (as `ModelError.stage`).
    """

    closed = True  # until made: `__del__` may meet a half-made exchange

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.id = f"run-{uuid.uuid4()}"
        self.events: list[Event] = []
        self.attempts = 0
        self.interrupted = False
        self.request_id: str | None = None
        self.closed = False
        self._message: AIMessage | None = None
        self.stage: Literal["request", "response", "output"] = "request"
        self._started_at = 0.0
        self._retries = 0
        self._failure: ModelError | None = None  # told after the events that came before it
        self._secrets: list[str] = []
        self._response: Response | None = None
        self._parser: Parser | None = None
        self._opening: anyio.CancelScope | None = None

    # What a reader does.

    async def batch(self) -> list[Event] | None:
        """The next events, at least one; None at the end.

        Raises:
            ModelError: of the right class, with `.partial` when something had arrived.
        """
        if self.closed:
            return None
        try:
            return await self._next_batch()
        except ModelError as error:
            if self.closed:  # by `cancel()` in another task, while this one was reading
                return None
            self.interrupted = True
            await self._close(self._complete(error))
            raise error from error.__cause__
        except GeneratorExit:  # the coroutine itself is dropped: nothing can be awaited any more
            self.abandon()
            raise
        except BaseException as error:
            await self.fail(error)
            raise

    async def collect(self) -> AIMessage:
        """Read to the end and give the whole message."""
        while await self.batch() is not None:
            pass
        return self.message

    async def aclose(self) -> None:
        """Stop: close the socket and keep what came. Does nothing after the end.

        Another task may be reading meanwhile: its `batch` gives None.
        """
        if not self.closed:
            self.interrupted = True
            self.stop_opening()
            await self._close(GeneratorExit())

    async def fail(self, error: BaseException) -> None:
        """Stop, because the reader cannot go on."""
        if not self.closed:
            self.interrupted = True
            self.stop_opening()
            await self._close(error)

    def stop_opening(self) -> None:
        """End the wait for the first output in whatever task waits for it."""
        if self._opening is not None:
            self._opening.cancel()

    def abandon(self) -> None:
        """Stop, from code that cannot await."""
        if self.closed:
            return
        self.closed = self.interrupted = True
        if self._response is not None:
            self._response.abandon()
            self._response = None
        for observer in self.plan.observers:
            observer.dropped(self)

    def __del__(self) -> None:
        if not self.closed and self.attempts:
            self.abandon()

    @property
    def message(self) -> AIMessage:
        """The message as far as it came; once the exchange is over, always the same one."""
        if self._message is not None:
            return self._message
        cut = self.interrupted or not self.closed
        message = message_of_fold(Fold().feed_all(self.events), id=self.id, cut=cut, as_blocks=self.plan.as_blocks)
        if self.closed:
            self._message = message
        return message

    @property
    def usage(self) -> Any:
        """The last usage that was reported, or None."""
        return Fold().feed_all(self.events).usage

    # How it goes.

    async def _next_batch(self) -> list[Event] | None:
        if self._response is None:
            self._started_at = time.monotonic()
            return self._take(await self._open())
        while True:
            try:
                events = await self._more()
            except ModelError as error:
                events = await self._again(error)
            if self.closed:
                return None
            if events is None:
                await self._close(None)
                return None
            if taken := self._take(events):
                return taken

    def _more(self) -> Coroutine[Any, Any, list[Event] | None]:
        if self._failure is not None:
            raise self._told_failure()
        if self._parser is None or self._parser.done:
            return self._drain()
        return self._read_until(self._deadline(self.plan.timeouts.idle), "idle")

    def _told_failure(self) -> ModelError:
        """The error that waited; not kept, since an error that is raised refers back to here by its traceback."""
        failure, self._failure = self._failure, None
        assert failure is not None
        return failure

    def _take(self, events: list[Event]) -> list[Event] | None:
        """The events for the reader: those before an error, which is raised when the reader asks for more."""
        if self.closed:  # by another task, which has been given the message without these events
            return None
        for nth, event in enumerate(events):
            if type(event) is ErrorEvent:
                self._failure, events = event.error, events[:nth]
                break
        self.events += events
        return events

    async def _open(self) -> list[Event]:
        """`_begin`, which `aclose` in another task can stop; this scope is never open while the reader has the turn."""
        events: list[Event] = []
        try:
            with anyio.CancelScope() as self._opening:
                events = await self._begin()
        finally:
            self._opening = None
            if self.closed:
                await self._drop_response()  # it came at the moment of the stop
        return events

    async def _begin(self) -> list[Event]:
        """Send the request until an attempt gets as far as the first output (or a whole answer)."""
        before = len(self.events)
        while True:
            try:
                return await self._attempt()
            except ModelError as error:
                await self._drop_response(error)
                delay = self._delay(error)
                if delay is None or self.closed:
                    raise
                await self._pause(error, delay)
                del self.events[before:]

    def _delay(self, error: ModelError) -> float | None:
        return self.plan.retry.delay(self._retries, error, time.monotonic() - self._started_at)

    async def _pause(self, error: ModelError, delay: float) -> None:
        self._retries += 1
        log.info("%s %s: %s; trying again in %.2f s", self.plan.provider, self.plan.call.model, type(error).__name__, delay)
        for observer in self.plan.observers:
            await observer.retrying(self, self._complete(error), delay)
        await anyio.sleep(delay)

    async def _attempt(self) -> list[Event]:
        plan = self.plan
        self.stage = "request"
        for observer in plan.observers:
            await observer.admit(self)
        call = await self._with_key()
        request = request_of(plan, call)
        self._secrets = secrets_of(request, call.api_key)
        self.attempts += 1
        asked_at = time.monotonic()
        log.debug("%s %s: attempt %d: %r", plan.provider, call.model, self.attempts, request)
        first_event = self._deadline(plan.timeouts.first_event)
        wait = None if first_event is None else max(0.001, first_event - time.monotonic())
        response = self._response = await plan.transport().open(request, plan.timeouts, wait)
        self.stage, self.request_id = "response", self._known_id(response)
        log.info(
            _RESPONDED, plan.provider, call.model, response.status, time.monotonic() - asked_at, self.attempts, self.request_id
        )
        for observer in plan.observers:
            await observer.opened(self, response.status, response.headers)
        if not 200 <= response.status < 300:
            body = await read_error(response, self._deadline(min(plan.timeouts.idle or 10.0, 10.0)))
            raise plan.fail(response.status, response.headers, body)
        self._parser = plan.parser(plan.call)
        return await self._first_output([self._start()], first_event)

    async def _first_output(self, events: list[Event], deadline: float | None) -> list[Event]:
        """Events up to the first that a user can see. Until then a failure can be mended unnoticed."""
        try:
            while self.stage != "output":
                more = await self._read_until(deadline, "first_event")
                if more is None:
                    self._must_have_answer(events)
                    break
                events += more
                self._look_at(more)
        except ModelError:
            self.events += itertools.takewhile(lambda event: type(event) is not ErrorEvent, events)
            raise
        return events

    def _look_at(self, events: list[Event]) -> None:
        for event in events:
            if type(event) in OUTPUT_TYPES:
                self.stage = "output"
                return
            if type(event) is ErrorEvent:
                raise event.error

    async def _with_key(self) -> Call:
        """The call with its key; a function that gives the key is asked anew for every attempt."""
        key = await resolved(self.plan.key)
        return self.plan.call if key is None else structs.replace(self.plan.call, api_key=key)

    def _known_id(self, response: Response) -> str | None:
        id = request_id_of(response.headers)
        return None if id is None else scrub(id, self._secrets)

    def _start(self) -> Start:
        metadata: dict[str, Any] = {"model_provider": self.plan.provider}
        if self.request_id is not None:
            metadata["request_id"] = self.request_id
        return Start(model=self.plan.call.model, metadata=metadata)

    def _must_have_answer(self, events: list[Event]) -> None:
        if len(events) == 1 and not self.plan.allow_incomplete:
            raise InvalidResponseError(
                "the answer is empty: no event of the expected format came; check base_url and the model", retryable=True
            )

    async def _read_until(self, deadline: float | None, phase: str) -> list[Event] | None:
        """Events of the next bytes that hold any; None at the end of a complete answer."""
        response, parser = self._response, self._parser
        if response is None or parser is None:
            return None
        while True:
            try:
                data = await response.receive(deadline)
            except TimeoutError:
                raise timed_out(self.plan.timeouts, phase, self._started_at) from None
            except ModelError:
                raise
            except Exception as error:
                return self._broken(parser, error, phase)
            if not data:
                return self._end_of(parser)
            try:
                events = parser.feed(data)
            except Exception as error:
                raise broken_format(error) from error
            if events or parser.done:
                return events

    def _broken(self, parser: Parser, error: Exception, phase: str) -> list[Event] | None:
        """The connection broke: that is the end, or an error when the answer is not complete."""
        self._parser = None
        events = ending_of(parser)
        if events is None:
            raise (interruption(error) if self.stage == "output" else failure(error, phase)) from error
        return events or None

    def _end_of(self, parser: Parser) -> list[Event] | None:
        self._parser = None
        try:
            events = parser.close()
        except Exception as error:
            events = cast("list[Event]", [ErrorEvent(broken_format(error))])
        if self.plan.allow_incomplete:
            events = [
                event for event in events if type(event) is not ErrorEvent or type(event.error) is not IncompleteStreamError
            ]
        return events or None

    async def _drain(self) -> None:
        """After the end marker: read the body's last bytes, so that the connection can be used again."""
        response = self._response
        deadline = time.monotonic() + DRAIN_SECONDS
        try:
            while response is not None and await response.receive(deadline):
                pass
        except Exception as error:
            log.debug("the connection did not end cleanly after the answer: %r", error)

    def _deadline(self, seconds: float | None) -> float | None:
        total = self.plan.timeouts.total
        end = None if seconds is None else time.monotonic() + seconds
        if total is None:
            return end
        return self._started_at + total if end is None else min(end, self._started_at + total)

    # How it fails.

    async def _again(self, error: ModelError) -> list[Event] | None:
        """A stream that broke after output starts anew when the retry policy says `restart`."""
        delay = self._delay(error) if self.plan.retry.restart else None
        if delay is None or self.closed:
            raise error
        self._failure = None
        await self._drop_response()
        await self._pause(error, delay)
        return [Reset(error.with_traceback(None)), *await self._open()]

    def _complete(self, error: ModelError) -> ModelError:
        """Add what only the exchange knows to an error, and take secrets out."""
        error.provider = error.provider or self.plan.provider
        error.model = error.model or self.plan.call.model
        error.request_id = error.request_id or self.request_id
        error.stage = self.stage
        if error.partial is None and len(self.events) > 1:  # more than the exchange's own Start
            error.partial = self.message
        without_secrets(error, self._secrets)
        return error

    # How it ends.

    async def _drop_response(self, error: BaseException | None = None) -> None:
        response, self._response = self._response, None
        if response is None:
            return
        if isinstance(error, IncompleteStreamError | InvalidResponseError):
            response.abandon()  # who breaks the format may have broken HTTP as well: no other request on this connection
        await response.aclose()

    async def _close(self, error: BaseException | None) -> None:
        if self.closed:
            return
        self.closed = True
        how = "complete" if error is None else type(error).__name__
        log.debug(_ENDED, self.plan.provider, self.plan.call.model, how, time.monotonic() - self._started_at, len(self.events))
        try:
            await self._drop_response(error)
        finally:
            for observer in self.plan.observers:
                waiting = observer.ended(self, error)
                if waiting is not None:
                    await finish(waiting)
