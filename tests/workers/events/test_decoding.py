"""What is taken in from the stream, and in which form."""

import json

import pytest

from tests.builders import arrived
from tests.workers.builders import event
from txn_core.exceptions import EventError
from workers.events.decoding import EVENT_BYTES_MAX, decode, event_in


def test_an_event_of_ours_is_kept_byte_for_byte() -> None:
    record = arrived(event())
    assert decode(record).arrived is record


def test_a_foreign_event_is_kept_in_canonical_form() -> None:
    """White space, escapes and the order of fields do not matter; line breaks would split a row of the lake."""
    data = event()
    foreign = json.dumps(dict(reversed(json.loads(data).items())), indent=2, ensure_ascii=True).encode()
    assert decode(arrived(foreign)).arrived.data == data
    for written in (foreign, foreign + b" " * EVENT_BYTES_MAX):
        assert event_in(arrived(written)) == decode(arrived(data)).event


@pytest.mark.parametrize("name", ["\u200b", "\ufeff \u3164", "\u2800", "Kub\u200b"])
def test_an_event_of_before_is_taken_whatever_its_name_shows(name: str) -> None:
    """It was answered 202 when such names were taken, and every view keeps it."""
    record = arrived(event().replace(b"Rippin, Kub and Mann", name.encode()))
    assert decode(record).arrived is record


@pytest.mark.parametrize(
    "poison",
    [
        b"",
        b"\x00\xff",
        b"{}",
        event() + b"\n" + event(),
        event().replace(b"Jennifer", b"Jenn\xff"),
        event().replace(b"36.011293", b"NaN"),
        event().replace(b'"amount_minor":497', b'"amount_minor":99999999999999999999'),
        event().replace(b"2019-01-01T", b"2019-13-01T"),
        event().replace(b"Rippin, Kub and Mann", b"   "),
        event().replace(b"Rippin, Kub and Mann", b"x" * 1025),
        event().replace(b"Jennifer", b"x" * EVENT_BYTES_MAX),
    ],
    ids=range(11),
)
def test_what_a_view_could_not_hold_is_refused_without_saying_what_it_was(poison: bytes) -> None:
    with pytest.raises(EventError) as caught:
        decode(arrived(poison))
    assert len(str(caught.value)) < 80
    with pytest.raises(EventError) as alone:
        event_in(arrived(poison))
    assert str(alone.value) == str(caught.value)
