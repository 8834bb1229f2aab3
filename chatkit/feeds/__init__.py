"""Event feeds: what a call does, as it does it. v2 are LangChain's event dicts, v3 its content-block events."""

from chatkit.feeds.blocks import BlockStream
from chatkit.feeds.events import EventFeed, StreamEvent, event_feed

__all__ = ["BlockStream", "EventFeed", "StreamEvent", "event_feed"]
