"""One question and its answer: open, retry, parse, time out, close. Every call of every model runs through here.

An exchange is pulled: it reads the next bytes only when somebody asks for the next events, so that backpressure is
the socket's, and no task, queue or open cancel scope exists between two pieces.
"""

from __future__ import annotations

import inspect
import logging
import time
import uuid
from typing import TYPE_CHECKING, Any, cast

import anyio
from msgspec import structs

from chatkit.dialects.base import broken_format
from chatkit.errors import (
    APITimeoutError,
    IncompleteStreamError,
    InvalidResponseError,
    ModelError,
    StreamInterruptedError,
)
from chatkit.events import OUTPUT_TYPES, ErrorEvent, Event, Reset, Start
from chatkit.fold import Fold
from chatkit.messages.ai import AIMessage, message_of_fold
from chatkit.net.http import failure
from chatkit.net.loops import finish
from chatkit.secrets import Secret, scrub
from chatkit.statuses import request_id_of

if TYPE_CHECKING:
    from chatkit.codec import Call, Parser
    from chatkit.net.http import Response
    from chatkit.net.plan import Plan

__all__ = ["Exchange"]

log = logging.getLogger("chatkit")
MAX_ERROR_BODY = 1024 * 1024
DRAIN_SECONDS = 0.1


class Exchange:
    """The life of one call.

    Attributes:
        events: all events so far, in order.
        id: identity of the run; the message's id when the provider gives none.
        attempts: how many requests were sent.
        interrupted: the answer was left or broke before its end.
        request_id: the provider's id of the last request.
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
        self._started_at = 0.0
        self._output = False
        self._secret: str | None = None
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
            if self._opening is not None:
                self._opening.cancel()
            await self._close(GeneratorExit())

    async def fail(self, error: BaseException) -> None:
        """Stop, because the reader cannot go on."""
        if not self.closed:
            self.interrupted = True
            await self._close(error)

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
        """The message as far as it came."""
        return message_of_fold(
            Fold().feed_all(self.events), id=self.id, cut=self.interrupted or not self.closed, as_blocks=self.plan.as_blocks
        )

    @property
    def usage(self) -> Any:
        """The last usage that was reported, or None."""
        return Fold().feed_all(self.events).usage

    # How it goes.

    async def _next_batch(self) -> list[Event] | None:
        if self._response is None:
            return self._take(await self._open())
        if self._parser is None or self._parser.done:
            return await self._drain()
        while True:
            try:
                events = await self._read(self.plan.timeouts.idle)
            except ModelError as error:
                events = await self._again(error)
            if events is None:
                await self._close(None)
                return None
            if events:
                return self._take(events)

    def _take(self, events: list[Event]) -> list[Event] | None:
        if self.closed:  # by another task, which has been given the message without these events
            return None
        for event in events:
            if type(event) is ErrorEvent:
                self.events += events[: events.index(event)]
                raise event.error
        self.events += events
        return events

    async def _open(self) -> list[Event]:
        """`_begin`, which `aclose` in another task can stop; this scope is never open while the reader has the turn."""
        events: list[Event] = []
        try:
            with anyio.CancelScope() as self._opening:
                events = await self._begin()
        finally:
            if self.closed:
                await self._drop_response()  # it came at the moment of the stop
        return events

    async def _begin(self) -> list[Event]:
        """Send the request until an attempt gets as far as the first output (or a whole answer)."""
        self._started_at = time.monotonic()
        retries, before = 0, len(self.events)
        while True:
            try:
                return await self._attempt()
            except ModelError as error:
                await self._drop_response()
                delay = self.plan.retry.delay(retries, error, time.monotonic() - self._started_at)
                if delay is None or self.closed:
                    raise
                await self._pause(error, delay)
                del self.events[before:]
                self._output = False
                retries += 1

    async def _pause(self, error: ModelError, delay: float) -> None:
        log.info("%s: %s; trying again in %.2f s", self.plan.provider, type(error).__name__, delay)
        for observer in self.plan.observers:
            await observer.retrying(self, self._complete(error), delay)
        await anyio.sleep(delay)

    async def _attempt(self) -> list[Event]:
        plan = self.plan
        for observer in plan.observers:
            await observer.admit(self)
        call = await self._with_key()
        request = plan.sign(plan.encode(call), call)
        self.attempts += 1
        first_event = self._deadline(plan.timeouts.first_event)
        wait = None if first_event is None else max(0.001, first_event - time.monotonic())
        response = self._response = await plan.transport().open(request, plan.timeouts, wait)
        self.request_id = request_id_of(response.headers)
        for observer in plan.observers:
            await observer.opened(self, response.status, response.headers)
        if response.status >= 400:
            raise plan.fail(response.status, response.headers, await self._error_body(response))
        self._parser = plan.parser(plan.call)
        return await self._first_output([self._start()], first_event)

    async def _first_output(self, events: list[Event], deadline: float | None) -> list[Event]:
        """Events up to the first that a user can see. Until then a failure can be mended unnoticed."""
        try:
            while not self._output:
                more = await self._read_until(deadline, "first_event")
                if more is None:
                    self._must_have_answer(events)
                    break
                events += more
                self._look_at(more)
        except ModelError:
            self.events += [event for event in events if type(event) is not ErrorEvent]
            raise
        return events

    def _look_at(self, events: list[Event]) -> None:
        for event in events:
            if type(event) is ErrorEvent:
                raise event.error
            if type(event) in OUTPUT_TYPES:
                self._output = True

    async def _with_key(self) -> Call:
        """The call with its key; a function that gives the key is asked anew for every attempt, off the loop if it blocks."""
        key = self.plan.key
        if callable(key):
            value = await key() if inspect.iscoroutinefunction(key) else await anyio.to_thread.run_sync(key)
            if inspect.isawaitable(value):
                value = await value
            key = Secret.of(value)
        self._secret = key.get_secret_value() if key is not None else None
        return self.plan.call if key is None else structs.replace(self.plan.call, api_key=self._secret)

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

    async def _error_body(self, response: Response) -> bytes:
        body = bytearray()
        deadline = self._deadline(min(self.plan.timeouts.idle or 10.0, 10.0))
        try:
            while len(body) < MAX_ERROR_BODY and (data := await response.receive(deadline)):
                body += data
        except Exception as error:
            log.debug("the error body broke off: %r", error)
        return bytes(body)

    async def _read(self, seconds: float | None) -> list[Event] | None:
        return await self._read_until(self._deadline(seconds), "idle")

    async def _read_until(self, deadline: float | None, phase: str) -> list[Event] | None:
        """Events of the next bytes that hold any; None at the end of a complete answer."""
        response, parser = self._response, self._parser
        if response is None or parser is None:
            return None
        while True:
            try:
                data = await response.receive(deadline)
            except TimeoutError:
                raise self._timeout(phase) from None
            except ModelError:
                raise
            except Exception as error:
                raise self._broken(error, phase) from error
            if not data:
                return self._end_of(parser)
            try:
                events = parser.feed(data)
            except Exception as error:
                raise broken_format(error) from error
            if events or parser.done:
                return events

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
        await self._close(None)

    def _deadline(self, seconds: float | None) -> float | None:
        now = time.monotonic()
        total = self.plan.timeouts.total
        ends = [now + seconds] if seconds is not None else []
        if total is not None:
            ends.append(self._started_at + total)
        return min(ends) if ends else None

    # How it fails.

    def _timeout(self, phase: str) -> APITimeoutError:
        total = self.plan.timeouts.total
        if total is not None and time.monotonic() >= self._started_at + total:
            phase = "total"
        seconds = getattr(self.plan.timeouts, phase)
        what = {"first_event": "no event came", "idle": "nothing more came", "total": "the answer was not complete"}[phase]
        return APITimeoutError(f"{what} within the {phase} timeout of {seconds:g} s", phase=phase)

    def _broken(self, error: Exception, phase: str) -> ModelError:
        if self._output:
            return StreamInterruptedError(f"the connection broke in the middle of the answer: {type(error).__name__}: {error}")
        return failure(error, phase)

    async def _again(self, error: ModelError) -> list[Event] | None:
        """A stream that broke after output starts anew when the retry policy says `restart`."""
        retries = self.attempts - 1
        delay = self.plan.retry.delay(retries, error, time.monotonic() - self._started_at) if self.plan.retry.restart else None
        if delay is None or self.closed:
            raise error
        await self._drop_response()
        await self._pause(error, delay)
        self._output = False
        return [Reset(error.with_traceback(None)), *await self._open()]

    def _complete(self, error: ModelError) -> ModelError:
        """Add what only the exchange knows to an error, and take secrets out."""
        error.provider = error.provider or self.plan.provider
        error.model = error.model or self.plan.call.model
        error.request_id = error.request_id or self.request_id
        if self.events and error.partial is None:
            error.partial = self.message
        key = self._secret
        if key and key in f"{error.provider_message} {error.body}":
            error.provider_message = scrub(error.provider_message, [key])
            error.args = (error.provider_message,)
            error.body = scrub(str(error.body), [key])
        return error

    # How it ends.

    async def _drop_response(self) -> None:
        response, self._response = self._response, None
        if response is not None:
            await response.aclose()

    async def _close(self, error: BaseException | None) -> None:
        if self.closed:
            return
        self.closed = True
        try:
            await self._drop_response()
        finally:
            for observer in self.plan.observers:
                await finish(observer.ended(self, error))
