"""One question and its answer: open, retry, time out, close. Every call of every model runs through here.

An exchange is pulled: it reads the next bytes only when somebody asks for the next events, so that backpressure is
the socket's, and no task, queue or open cancel scope exists between two pieces.
"""

from __future__ import annotations

import itertools
import time
import uuid
from typing import TYPE_CHECKING, Any, Literal

import anyio

from chatkit.errors import ModelError
from chatkit.events import OUTPUT_TYPES, ErrorEvent, Event, Reset
from chatkit.fold import Fold
from chatkit.logs import log
from chatkit.messages.ai import AIMessage, message_of_fold
from chatkit.net.answer import Answer, no_answer
from chatkit.net.failures import before_sending, opening, without_secrets
from chatkit.net.keys import call_with_key
from chatkit.net.loops import finish
from chatkit.net.requests import request_of, secrets_of

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from chatkit.codec import Call
    from chatkit.net.plan import Plan

__all__ = ["Exchange"]

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
        self._answer: Answer | None = None
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
        if self._answer is not None:
            self._answer.abandon()
            self._answer = None
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
        if self._answer is None:
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
        answer = self._answer
        if answer is None or (parser := answer.parser) is None or parser.done:
            return self._nothing_more()
        return answer.read(self._deadline(self.plan.timeouts.idle), "idle")

    async def _nothing_more(self) -> None:
        if self._answer is not None:
            await self._answer.drain()

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
                await self._drop_answer()  # it came at the moment of the stop
        return events

    async def _begin(self) -> list[Event]:
        """Send the request until an attempt gets as far as the first output (or a whole answer)."""
        before = len(self.events)
        while True:
            try:
                return await self._attempt()
            except ModelError as error:
                await self._drop_answer(error)
                delay = self._delay(error)
                if delay is None or self.closed:
                    raise
                await self._pause(error, delay)
                del self.events[before:]

    def _delay(self, error: ModelError) -> float | None:
        """Seconds until the next attempt; None when there is none, or when the total clock would end before it."""
        elapsed, total = time.monotonic() - self._started_at, self.plan.timeouts.total
        delay = self.plan.retry.delay(self._retries, error, elapsed)
        return None if delay is None or (total is not None and elapsed + delay >= total) else delay

    async def _pause(self, error: ModelError, delay: float) -> None:
        self._retries += 1
        log.info("%s %s: %s; trying again in %.2f s", self.plan.provider, self.plan.call.model, type(error).__name__, delay)
        for observer in self.plan.observers:
            await observer.retrying(self, self._complete(error), delay)
        await anyio.sleep(delay)

    async def _attempt(self) -> list[Event]:
        plan = self.plan
        self.stage = "request"
        call = await self._admitted()
        request = request_of(plan, call)
        self._secrets = secrets_of(request, call.api_key)
        self.attempts += 1
        asked_at = time.monotonic()
        log.debug("%s %s: attempt %d: %r", plan.provider, call.model, self.attempts, request)
        first_event = self._deadline(plan.timeouts.first_event)
        wait = None if first_event is None else max(0.001, first_event - time.monotonic())
        parser = plan.parser(plan.call)
        response = await opening(plan.transport().open(request, plan.timeouts, wait), plan.timeouts, self._started_at)
        answer = self._answer = Answer(response, parser, plan, self._started_at, self._secrets)
        self.stage, self.request_id = "response", answer.request_id
        log.info(
            _RESPONDED, plan.provider, call.model, response.status, time.monotonic() - asked_at, self.attempts, self.request_id
        )
        for observer in plan.observers:
            await observer.opened(self, response.status, response.headers)
        if not 200 <= response.status < 300:
            raise await answer.refusal(self._deadline(min(plan.timeouts.idle or 10.0, 10.0)))
        return await self._first_output(answer, [answer.start()], first_event)

    async def _first_output(self, answer: Answer, events: list[Event], deadline: float | None) -> list[Event]:
        """Events up to the first that a user can see. Until then a failure can be mended unnoticed."""
        try:
            while self.stage != "output":
                more = await answer.read(deadline, "first_event")
                if more is None:
                    if len(events) == 1 and not self.plan.allow_incomplete:
                        raise no_answer()
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

    async def _admitted(self) -> Call:
        """Wait for those who may hold a request back, while the total clock runs; the call with its key."""
        timeouts, end = self.plan.timeouts, self._deadline(None)
        for observer in self.plan.observers:
            await before_sending(observer.admit(self), end, timeouts, getattr(observer, "waits_for", "the rate limiter"))
        return await before_sending(call_with_key(self.plan), end, timeouts, "the function that gives the API key")

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
        await self._drop_answer()
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

    async def _drop_answer(self, error: BaseException | None = None) -> None:
        answer, self._answer = self._answer, None
        if answer is not None:
            await answer.aclose(error)

    async def _close(self, error: BaseException | None) -> None:
        if self.closed:
            return
        self.closed = True
        how = "complete" if error is None else type(error).__name__
        log.debug(_ENDED, self.plan.provider, self.plan.call.model, how, time.monotonic() - self._started_at, len(self.events))
        try:
            await self._drop_answer(error)
        finally:
            for observer in self.plan.observers:
                waiting = observer.ended(self, error)
                if waiting is not None:
                    await finish(waiting)
