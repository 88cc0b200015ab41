"""Our frames against botocore's parser of event streams, which is what the client side reads them with."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from devkit.kinesis_server.fan_out import frames

_NAMES = st.text(st.characters(codec="ascii", min_codepoint=33), min_size=1, max_size=255)
_MESSAGES = st.lists(
    st.tuples(st.dictionaries(_NAMES, st.text(max_size=200), max_size=8), st.binary(max_size=3_000)), max_size=5
)


def _read(data: bytes, piece: int) -> Iterator[tuple[dict[str, str], bytes]]:
    buffer: Any = EventStreamBuffer()
    for first in range(0, len(data), piece):
        buffer.add_data(data[first : first + piece])
        yield from ((message.headers, message.payload) for message in buffer)


@given(_MESSAGES, st.integers(1, 5_000))
def test_botocore_reads_what_is_framed(messages: list[tuple[dict[str, str], bytes]], piece: int) -> None:
    """Any headers and payload, however the messages are cut on their way."""
    data = b"".join(frames.message(headers, payload) for headers, payload in messages)
    assert list(_read(data, piece)) == messages


@given(st.binary(max_size=300), st.data())
def test_botocore_refuses_a_frame_with_a_changed_payload(payload: bytes, data: st.DataObject) -> None:
    """Our checksums are those that it computes."""
    framed = bytearray(frames.message({":event-type": "x"}, b"-" + payload))
    place = data.draw(st.integers(len(framed) - 5 - len(payload), len(framed) - 5))
    framed[place] ^= 0x40
    with pytest.raises(ChecksumMismatch):
        list(_read(bytes(framed), len(framed)))


def test_an_event_and_an_exception_say_what_they_are() -> None:
    (event,) = _read(frames.event("SubscribeToShardEvent", {"Records": []}), 1_000)
    (exception,) = _read(frames.exception("InternalFailureException", "gone"), 1_000)
    assert event[0] == {
        ":message-type": "event",
        ":event-type": "SubscribeToShardEvent",
        ":content-type": "application/json",
    }
    assert exception[0][":exception-type"] == "InternalFailureException"
    assert exception[1] == b'{"message":"gone"}'
