"""Server-sent events as they are written (WHATWG HTML, 9.2 Server-sent events)."""

from typing import Final

MEDIA_TYPE: Final = "text/event-stream"
COMMENT: Final = b":\n\n"
"""Shows that the connection is alive, and is read by nobody."""


def event(name: str, data: bytes, event_id: str) -> bytes:
    """An event. `data` is JSON on one line; JSON without white space has no line ends."""
    return b"event: %b\nid: %b\ndata: %b\n\n" % (name.encode(), event_id.encode(), data)
