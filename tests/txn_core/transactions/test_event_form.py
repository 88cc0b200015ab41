"""The form of an event by patterns: it never says yes where the parser says no."""

import json
import re
from typing import Final

import pytest
from bench.write_path.load.bodies import bodies
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import arrived, encoded, full_body, json_bytes, keys, payment_fields
from tests.workers.builders import event
from txn_core.exceptions import EventError
from txn_core.lake.column_form import of_other_form
from txn_core.lake.columns import arrived_of, table_of
from txn_core.setting_groups.key_settings import CARD_KEYS_MAX
from txn_core.transactions.event import OFFSET, Event
from txn_core.transactions.event_form import has_shape, have_shape
from txn_core.transactions.payment_fields import COUNTRY, PAYMENT_FIELDS
from txn_core.transactions.transaction import parse_transaction

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


LATER: Final = encoded(
    parse_transaction(
        json_bytes(
            full_body(
                merchant={"name": "Kub", "country": "DE"},
                occurred_at="2019-01-01T01:00:18-11:07",
                **payment_fields(),
            )
        )
    ),
    event_schema=2,
).data
PLACES_OF_LATER: Final = [match.start() for match in re.finditer(rb'[{}",:.0-9[\]-]', LATER)]


def has_form(data: bytes) -> bool:
    """Both steps: the shape, and then the columns, which Arrow makes or refuses to make."""
    if not has_shape(data):
        return False
    try:
        return of_other_form(table_of([arrived(data)])) == []
    except EventError:
        return False


def test_an_event_of_ours_has_the_form() -> None:
    """Of one version of the card key, and behind a compromise of it."""
    assert has_form(event())
    for versions in range(2, CARD_KEYS_MAX + 1):
        assert has_form(encoded(ring=keys(versions=versions)).data)


@pytest.mark.parametrize("name", [OFFSET, "merchant", *PAYMENT_FIELDS])
def test_an_event_of_version_2_has_the_form_with_any_field_left_out(name: str) -> None:
    """Of version 1 it has none of them."""
    assert has_form(LATER)
    document = json.loads(LATER)
    if name == "merchant":
        del document[name][COUNTRY]
    else:
        del document[name]
    assert has_form(json_bytes(document))
    assert not has_form(json_bytes(document | {"schema": 1}))
    assert not has_form(json_bytes(json.loads(LATER) | {name: None}))


@pytest.mark.parametrize(("minutes", "fits"), [(0, False), (1, True), (-1, True), (1439, True), (1440, False)])
def test_an_offset_is_less_than_a_day_and_never_none(minutes: int, fits: bool) -> None:  # noqa: FBT001 - a table
    assert has_form(json_bytes(json.loads(LATER) | {OFFSET: minutes})) is fits


@pytest.mark.parametrize("pairs", ["{}", '{"b":"1","a":"2"}', '{"a":"1","a":"2"}', '{"a":1}', "null"])
def test_metadata_that_would_be_written_otherwise_needs_a_closer_look(pairs: str) -> None:
    """Without a pair, out of order, with a name twice or with other values than texts."""
    own = LATER[LATER.index(b'"metadata":') :]
    assert not has_form(LATER.replace(own, b'"metadata":' + pairs.encode() + b"}"))


@given(st.sampled_from(PLACES_OF_LATER), st.integers(0, 4), st.sampled_from(PIECES))
def test_what_has_the_form_of_version_2_is_an_event_however_it_was_damaged(at: int, cut: int, piece: bytes) -> None:
    """And its bytes are those that it would be written as."""
    damaged = LATER[:at] + piece + LATER[at + cut :]
    if has_form(damaged):
        assert [*arrived_of(table_of([arrived(damaged)]))] == [
            arrived(Event.decode(damaged).model_dump_json(by_alias=True).encode())
        ]


@given(st.sampled_from(PLACES), st.integers(0, 4), st.sampled_from(PIECES))
def test_what_has_the_form_is_an_event_however_it_was_damaged(at: int, cut: int, piece: bytes) -> None:
    data = REKEYED
    damaged = data[:at] + piece + data[at + cut :]
    if has_form(damaged):
        assert Event.decode(damaged).transaction_id


@given(
    st.lists(st.tuples(st.sampled_from(PLACES), st.integers(0, 2), st.sampled_from(PIECES)), max_size=1), st.data()
)
def test_lines_have_the_shape_when_each_has(damages: list[tuple[int, int, bytes]], data: st.DataObject) -> None:
    """But for line breaks in them, of which the number of rows tells."""
    lines = [event() for _ in range(3)]
    for at, cut, piece in damages:
        index = data.draw(st.integers(0, 2))
        lines[index] = lines[index][:at] + piece + lines[index][at + cut :]
    if not any(b"\n" in line for line in lines):
        assert have_shape(b"\n".join(lines)) == all(map(has_shape, lines))


@pytest.mark.parametrize("name", list(json.loads(event())))
def test_no_field_may_be_missing(name: str) -> None:
    """Arrow takes a missing field for null."""
    document = json.loads(event())
    del document[name]
    assert not has_shape(json_bytes(document))


@pytest.mark.parametrize("part", ["merchant", "customer", "terminal"])
def test_no_field_of_a_part_may_be_missing(part: str) -> None:
    for name in json.loads(event())[part]:
        document = json.loads(event())
        del document[part][name]
        assert not has_shape(json_bytes(document))


@pytest.mark.parametrize("text", ["Caf\u00e9", "\u3000", " ", "", 'a"b', "a\\b", "a\nb", "x" * 257])
def test_a_merchant_that_normalising_may_change_beyond_the_bounds_needs_a_closer_look(text: str) -> None:
    document = json.loads(event())
    document["merchant"]["name"] = text
    assert not has_form(json_bytes(document))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("transaction_id", "seven77"),
        ("account", "Acme"),
        ("card_id", f"card_0_{'0' * 32}"),
        ("card_masked", "2703186189652095"),
        ("customer_id", f"cus_{'0' * 31}"),
        ("merchant_id", f"mer_{'G' * 32}"),
    ],
)
def test_an_id_of_another_form_is_found_in_its_row(name: str, text: str) -> None:
    document = json.loads(event())
    document[name] = text
    odd = json_bytes(document)
    assert have_shape(b"\n".join([event(), odd, event()]))
    assert of_other_form(table_of([arrived(data) for data in (event(), odd, event())])) == [1]


def test_a_text_that_ends_behind_a_backslash_has_no_shape() -> None:
    """A parser would go on to the next quote."""
    assert not has_shape(event().replace(b"Jennifer", b"Jennifer\\"))


def test_simulated_bodies_are_what_the_form_is_for() -> None:
    """A form that nothing has would be right, too."""
    for body in bodies(50):
        document = json.loads(event())
        document["merchant"]["name"] = json.loads(body)["merchant"]["name"]
        assert has_form(json_bytes(document))
