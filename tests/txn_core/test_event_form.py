"""The form of an event as one pattern: it never says yes where the parser says no."""

import json
import re
from typing import Final

import pytest
from bench.write_path.bodies import bodies
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import encoded, full_body, json_bytes, keys
from tests.workers.builders import event
from txn_core.errors import EventError
from txn_core.event import Event
from txn_core.event_form import has_form
from txn_core.settings import CARD_KEYS_MAX
from txn_core.transaction import parse_transaction

PIECES: Final = (
    b'"',
    b"\\",
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b"null",
    b"NaN",
    b"-",
    b"0",
    b"9",
    b"99999999999",
    b".",
    b" ",
    b"\n",
    b"x",
)
REKEYED: Final = encoded(parse_transaction(json_bytes(full_body())), ring=keys(versions=3)).data
PLACES: Final = [match.start() for match in re.finditer(rb'[{}",:.0-9[\]]', REKEYED)]


def test_an_event_of_ours_has_the_form() -> None:
    """Of one version of the card key, and behind a compromise of it."""
    assert has_form(event())
    for versions in range(2, CARD_KEYS_MAX + 1):
        assert has_form(encoded(ring=keys(versions=versions)).data)


@given(st.sampled_from(PLACES), st.integers(0, 4), st.sampled_from(PIECES))
def test_what_has_the_form_is_an_event_however_it_was_damaged(at: int, cut: int, piece: bytes) -> None:
    """But for the calendar, which Arrow holds moments to."""
    data = REKEYED
    damaged = data[:at] + piece + data[at + cut :]
    if has_form(damaged) is None:
        return
    try:
        Event.decode(damaged)
    except EventError as error:
        assert str(error).endswith(("/accepted_at", "/occurred_at"))  # noqa: PT017 - not every damage is an error


@pytest.mark.parametrize("name", list(json.loads(event())))
def test_no_field_may_be_missing(name: str) -> None:
    """Arrow takes a missing field for null."""
    document = json.loads(event())
    del document[name]
    assert has_form(json.dumps(document, separators=(",", ":")).encode()) is None


@pytest.mark.parametrize("text", ["Café", "\u3000", " ", "", 'a"b', "a\\b", "a\nb", "x" * 257])
def test_a_merchant_that_normalising_may_change_beyond_the_bounds_needs_a_closer_look(text: str) -> None:
    document = json.loads(event())
    document["merchant"]["name"] = text
    assert has_form(json.dumps(document, separators=(",", ":"), ensure_ascii=False).encode()) is None


def test_simulated_bodies_are_what_the_form_is_for() -> None:
    """A form that nothing has would be right, too."""
    names = [json.loads(body)["merchant"]["name"] for body in bodies(50)]
    documents = [json.loads(event()) for _ in names]
    for document, name in zip(documents, names, strict=True):
        document["merchant"]["name"] = name
    assert all(has_form(json.dumps(document, separators=(",", ":")).encode()) for document in documents)
