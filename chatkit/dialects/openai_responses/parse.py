"""From the answer of the Responses API, streamed or whole, to events (wire sheet: openai_responses §5-§7).

Events are told apart by the `type` in their JSON: some servers send no `event:` names, some end with `[DONE]`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from chatkit.codec import incomplete
from chatkit.dialects.base import SSEParser
from chatkit.dialects.openai_responses.items import Items
from chatkit.dialects.openai_responses.pieces import PIECES, preview
from chatkit.dialects.openai_responses.slots import Slot, Slots
from chatkit.dialects.openai_responses.wire import Frame, Response, decode_frame, decode_response, metadata_of, usage_of
from chatkit.events import ErrorEvent, Event, Finish, Metadata, Start, Usage
from chatkit.jsons import is_list, is_object, not_json
from chatkit.statuses import error_from_body

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from chatkit.wire.sse import SSEEvent

__all__ = ["ResponsesParser"]


class ResponsesParser(SSEParser):
    """Reads one answer.

    Args:
        declared: names of the tools that the caller's side runs although they look like the provider's.
        partial_images: previews of an image are wanted as blocks of their own.
        resumed: id of the response that this stream goes on with (`starting_after`); what came before is not said again.
        numbered: tell the number of every event in `response_metadata["sequence_number"]`, from which a stream of a
            response in the background can be resumed.
    """

    def __init__(
        self,
        *,
        declared: Collection[str] = (),
        partial_images: bool = False,
        resumed: str | None = None,
        numbered: bool = False,
    ) -> None:
        super().__init__()
        self._slots = Slots()
        self._items = Items(declared)
        self._partial_images = partial_images
        self._resumed = resumed is not None
        self._numbered = numbered
        self._started = False
        self._greeting: list[Event] = [Start(id=resumed)] if resumed else []

    def frame(self, frame: SSEEvent) -> list[Event]:
        """Events of one SSE event."""
        if frame.data == b"[DONE]":
            self.done = True
            return []
        try:
            event = decode_frame(frame.data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise not_json(frame.data, error) from error
        piece = PIECES.get(event.type)
        if piece is None:
            events = _HANDLERS.get(event.type, ResponsesParser._other)(self, event)
        else:
            slot = self._slots.find(event.item_id, event.output_index)
            events = piece(slot, event, slot.opened or not self._resumed)
        if self._greeting:
            events, self._greeting = self._greeting + events, []
        if self._numbered and isinstance(event.sequence_number, int):
            # In front, so that the number reaches the user with the piece that it belongs to, not with the next one.
            events.insert(1 if events and type(events[0]) is Start else 0, Metadata({"sequence_number": event.sequence_number}))
        return events

    def whole(self, body: bytes) -> list[Event]:
        """Events of a whole answer."""
        try:
            response = decode_response(body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise not_json(body, error) from error
        if response.status is None and response.output is None:
            if response.error is None:
                raise not_json(body, "it has neither status nor output")
            return [ErrorEvent(error_from_body({"error": response.error}))]
        return [*self._start(response), *self._output(response), *_ending(response)]

    def end(self) -> list[Event]:
        """The stream is over; raises IncompleteStreamError when no event ended it."""
        if not self.done:
            raise incomplete("the event response.completed")
        return []

    # The response.

    def _start(self, response: Response) -> list[Event]:
        self._started = True
        return [Start(response.id, response.model, metadata_of(response, start=True))]

    def _begin(self, frame: Frame) -> list[Event]:
        response = None if self._started else frame.whole()
        return [] if response is None else self._start(response)

    def _finish(self, frame: Frame) -> list[Event]:
        self.done = True
        response = frame.whole() or Response(status=frame.type.removeprefix("response."))
        begin = [] if self._started else self._start(response)
        return [*begin, *self._rest(response), *_ending(response)]

    def _error(self, frame: Frame) -> list[Event]:
        self.done = True
        error = frame.error if frame.error is not None else {"message": frame.message, "code": frame.code, "param": frame.param}
        return [ErrorEvent(error_from_body({"error": error}))]

    def _other(self, frame: Frame) -> list[Event]:
        """An event of no known type; gateways report errors in one without type."""
        return self._error(frame) if frame.error is not None and not frame.type else []

    def _output(self, response: Response) -> list[Event]:
        """The items of a whole answer."""
        events: list[Event] = []
        for number, item in enumerate(_items(response)):
            events += self._items.end(item, self._slots.open(None, number))
        return events

    def _rest(self, response: Response) -> list[Event]:
        """What the last event says of items that the stream did not end. Proxies leave `output` empty here."""
        events: list[Event] = []
        for number, item in enumerate(_items(response)):
            slot = self._slots.by_id(item.get("id")) or (self._slots[number] if number < len(self._slots) else None)
            if slot is None and not self._resumed:
                slot = self._slots.open(item.get("id"), number)
            if slot is not None and not slot.done:
                events += self._items.end(item, slot, fill=self._fill(slot))
        return events

    # Its items.

    def _fill(self, slot: Slot) -> bool:
        return slot.opened or not self._resumed

    def _item_added(self, frame: Frame) -> list[Event]:
        if not is_object(frame.item):
            return []
        return self._items.open(frame.item, self._slots.open(frame.item.get("id"), frame.output_index))

    def _item_done(self, frame: Frame) -> list[Event]:
        if not is_object(frame.item):
            return []
        slot = self._slots.closing(frame.item.get("id"), frame.output_index)
        return self._items.end(frame.item, slot, fill=self._fill(slot))

    def _image(self, frame: Frame) -> list[Event]:
        return preview(self._slots.find(frame.item_id, frame.output_index), frame) if self._partial_images else []


def _items(response: Response) -> list[dict[str, Any]]:
    return [item for item in response.output if is_object(item)] if is_list(response.output) else []


def _ending(response: Response) -> list[Event]:
    """Usage and the reason, or the error."""
    usage = usage_of(response.usage)
    events: list[Event] = [] if usage is None else [Usage(usage)]
    if response.status == "failed" or (response.error and response.status != "cancelled"):
        return [*events, ErrorEvent(error_from_body({"error": response.error or {"message": "the response failed"}}))]
    details = response.incomplete_details
    reason = details.get("reason") if is_object(details) else None
    return [*events, Finish(reason or response.status or "completed", metadata_of(response))]


_HANDLERS: dict[str, Callable[[ResponsesParser, Frame], list[Event]]] = {
    "response.output_item.added": ResponsesParser._item_added,
    "response.output_item.done": ResponsesParser._item_done,
    "response.image_generation_call.partial_image": ResponsesParser._image,
    "response.created": ResponsesParser._begin,
    "response.queued": ResponsesParser._begin,
    "response.in_progress": ResponsesParser._begin,
    "response.completed": ResponsesParser._finish,
    "response.incomplete": ResponsesParser._finish,
    "response.failed": ResponsesParser._finish,
    "response.cancelled": ResponsesParser._finish,
    "error": ResponsesParser._error,
}
