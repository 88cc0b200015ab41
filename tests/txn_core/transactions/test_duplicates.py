"""Names that come twice in one object: found in whatever way they are written, and never where there are none."""

import json
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builders import body, card_number, full_body, json_bytes
from tests.txn_core.strategies import bodies
from txn_core.exceptions import InvalidTransactionError
from txn_core.transactions.duplicates import CODE, duplicated_names, has_each_name_once, names_of
from txn_core.transactions.fast_path import fast_fields
from txn_core.transactions.faults import Fault
from txn_core.transactions.reading import read_submission
from txn_core.transactions.transaction import (
    COLONS_OF_A_TIME,
    Customer,
    Merchant,
    TransactionRequest,
    parse_transaction,
)

CONTRACT = names_of(TransactionRequest, merchant=names_of(Merchant), customer=names_of(Customer))
TODAY = "2026-01-02"


class TwiceError(Exception):
    """The oracle found a name twice."""


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise TwiceError
    return members


def names_something_twice(data: bytes) -> bool:
    """The oracle, by the standard library alone."""
    try:
        json.loads(data, object_pairs_hook=once)
    except TwiceError:
        return True
    return False


class Writer:
    """Writes a document as clients might: any white space, names with or without escapes, some of them twice."""

    def __init__(self, rng: random.Random, *, twice: float, escapes: float, spaces: str) -> None:
        self._rng, self._twice, self._escapes, self._spaces = rng, twice, escapes, spaces

    def value(self, value: object) -> str:
        if not isinstance(value, dict):
            return json.dumps(value, ensure_ascii=self._rng.random() < self._escapes)
        members = [self._member(name, inner) for name, inner in value.items()]
        self._rng.shuffle(members)
        # Whatever it is, it is overtaken by the sound one behind it.
        for name, inner in value.items():
            if self._rng.random() < self._twice:
                others: tuple[object, ...] = (inner, None, 1, {}, [], "a:b", {"name": {"name": 1}}, "\u00e9", ' ":')
                members.insert(0, self._member(name, self._rng.choice(others)))
        return "{" + self._space() + ",".join(members) + self._space() + "}"

    def _member(self, name: str, value: object) -> str:
        written = "".join(f"\\u{ord(c):04x}" if self._rng.random() < self._escapes / 4 else c for c in name)
        return f'{self._space()}"{written}"{self._space()}:{self._space()}{self.value(value)}{self._space()}'

    def _space(self) -> str:
        return "".join(self._rng.choice(self._spaces) for _ in range(self._rng.randrange(3))) if self._spaces else ""


COLONS = ["", "a:b", ":", '":', "\\", ' " : ', "at \u00e9:", "10:30:00"]


styles = st.builds(
    Writer,
    st.randoms(use_true_random=False),
    twice=st.sampled_from([0.0, 0.0, 0.05, 0.3]),
    escapes=st.sampled_from([0.0, 0.0, 0.5]),
    spaces=st.sampled_from(["", "", " ", " \t\r\n"]),
)


@given(document=bodies(), texts=st.tuples(*[st.sampled_from(COLONS)] * 3), style=styles)
@settings(max_examples=200, deadline=None)
def test_both_ways_agree_with_the_oracle(document: dict[str, Any], texts: tuple[str, ...], style: Writer) -> None:
    """A sound document is taken exactly when the oracle finds no name twice, and the short way takes no other."""
    document["merchant"]["name"] = f"Kub{texts[0]}"
    document["merchant"]["category"] = f"misc{texts[1]}"
    document["customer"] = {**(document.get("customer") or {}), "street": f"Perry{texts[2]}"}
    data = style.value(document).encode()
    expected = names_something_twice(data)
    fields = fast_fields(data)
    if fields is not None:
        assert not expected
        usual = read_submission(data, fields, request_text="", today=TODAY)
        assert usual == read_submission(data, None, request_text="", today=TODAY)
    try:
        read_submission(data, None, request_text="", today=TODAY)
    except InvalidTransactionError as error:
        codes = {fault.code for fault in error.faults}
        if "card_number_misplaced" not in codes:  # a text that was drawn may hold one
            assert codes == {CODE}
            assert expected
    else:
        assert not expected


@given(document=bodies(), rng=st.randoms(use_true_random=False), spaces=st.sampled_from(["", " ", "\n"]))
@settings(max_examples=100, deadline=None)
def test_each_name_that_comes_twice_is_pointed_at(document: dict[str, Any], rng: random.Random, spaces: str) -> None:
    """The faults are those places, each once, and no others."""
    sound = Writer(rng, twice=0, escapes=0.5, spaces=spaces).value(document)
    assert duplicated_names(sound.encode(), CONTRACT) == []
    name = rng.choice(list(document))
    twice = f'{{"{name}":null,{sound[1:]}'.encode()
    assert duplicated_names(twice, CONTRACT) == [Fault(f"/{name}", CODE)]


def _positions() -> list[tuple[str, ...]]:
    document = full_body()
    parts = [(name, inner) for name, value in document.items() if isinstance(value, dict) for inner in value]
    return [*((name,) for name in document), *parts]


def _escaped(name: str) -> str:
    return f"\\u{ord(name[0]):04x}{name[1:]}"


@pytest.mark.parametrize("place", _positions(), ids="/".join)
@pytest.mark.parametrize("indent", [None, 2])
def test_any_field_of_the_contract_that_comes_twice_is_refused(place: tuple[str, ...], indent: int | None) -> None:
    """With the same value or another one, in front or behind, also where one of the names has an escape."""
    *outer, name = place
    document = full_body()
    part = document[outer[0]] if outer else document
    for other in (part[name], None, 7, "x", {"name": "x"}):
        for marked in (name, _escaped(name)):
            part["TWICE"] = other
            data = json.dumps(document, indent=indent, separators=None if indent else (",", ":"))
            del part["TWICE"]
            behind = data.replace('"TWICE"', f'"{marked}"').encode()
            front = _moved_to_front(data, outer, marked, other).encode()
            for twice in (front, behind):
                assert fast_fields(twice) is None
                with pytest.raises(InvalidTransactionError) as caught:
                    read_submission(twice, fast_fields(twice), request_text="", today=TODAY)
                codes = {(fault.pointer, fault.code) for fault in caught.value.faults}
                # What stands behind counts as the field's value, and may itself be wrong.
                assert ("/" + "/".join(place), CODE) in codes


def _moved_to_front(data: str, outer: list[str], marked: str, other: object) -> str:
    document = json.loads(data)
    part = document[outer[0]] if outer else document
    del part["TWICE"]
    rest = {**part}
    part.clear()
    part.update({"TWICE": other, **rest})
    return json.dumps(document, separators=(",", ":")).replace('"TWICE"', f'"{marked}"')


@pytest.mark.parametrize(
    ("sound", "twice"),
    [
        (b'"amount_minor":497', b'"amount_minor" :1,"amount_minor":497'),
        (b'"amount_minor":497', b'"amount_minor"\n\t:1,"amount_minor":497'),
        (b'"amount_minor":497', b'"amount_minor":1,"amount_minor" \r\n :497'),
        # As many names more as colons are hidden in the time.
        (b"T00:00:18Z", rb'T00\u003a00:18Z","amount_minor":1,"is_fraud":true,"type":"purchase'),
        (b"T00:00:18Z", rb'T00\u003a00\u003a18Z","amount_minor":1,"amount_minor":1,"type":"purchase'),
        (b"T00:00:18Z", b'T00:00:18Z","amount_minor":1,"type":"purchase'),
        (b"T00:00:18Z", b'T00:00:18+00:00","amount_minor":1,"type":"purchase'),
    ],
)
def test_no_count_is_deceived(sound: bytes, twice: bytes) -> None:
    """White space before a colon takes none away, and colons that are written as escapes make no room for names."""
    data = json_bytes(body()).replace(sound, twice)
    assert names_something_twice(data)
    assert fast_fields(data) is None
    with pytest.raises(InvalidTransactionError) as caught:
        read_submission(data, None, request_text="", today=TODAY)
    assert {*caught.value.faults} == {Fault("/amount_minor", CODE)}


@pytest.mark.parametrize(
    ("data", "pointers"),
    [
        (b'{"a":1,"a":2}', [""]),
        (b'{"merchant":{"9999":1,"9999":2}}', ["/merchant"]),
        (b'{"x":{"name":1,"name":2}}', [""]),
        (b'{"merchant":[{"name":1,"name":2},{"name":1}]}', ["/merchant"]),
        (b'{"currency":{"currency":1,"currency":2}}', ["/currency"]),
        (
            b'{"merchant":{"name":1,"name":1,"name":1},"merchant":{"name":1,"name":2}}',
            ["/merchant/name", "/merchant"],
        ),
        (b'{"merchant":{"name":1},"customer":{"name":2},"name":3}', []),
        (b'[{"a":1},{"a":1}]', []),
        (b'[[{"a":1,"\\u0061":1}]]', [""]),
        (b'{"\\ud83d\\ude00":1,"\xf0\x9f\x98\x80":1}', [""]),
        (b'{"":1,"":1}', [""]),
        (b'{"A":1,"a":1}', []),
        (b'{"n":NaN,"m":-Infinity,"k":' + b"9" * 5_000 + b"}", []),
        (b"17", []),
    ],
)
def test_pointers_are_made_of_the_contracts_names(data: bytes, pointers: list[str]) -> None:
    """A name of the client's own is never repeated, and names are compared as they are read."""
    assert duplicated_names(data, CONTRACT) == [Fault(pointer, CODE) for pointer in pointers]


@pytest.mark.parametrize(
    "document",
    [
        body(),
        full_body(),
        full_body(terminal={}, customer={}),
        full_body(customer={"street": "Building 7: left"}),
        full_body(merchant={"name": "10:30 Kub & Mann"}, is_fraud=...),
    ],
)
def test_a_sound_body_needs_no_second_parse(document: dict[str, Any]) -> None:
    """Both counts tell of the usual forms that nothing comes twice, also where a text has colons."""
    document = {name: value for name, value in document.items() if value is not ...}
    for data in (json_bytes(document), json.dumps(document).encode(), json.dumps(document, indent=1).encode()):
        fields = fast_fields(data)
        assert fields is not None
        assert has_each_name_once(data, _names(document), COLONS_OF_A_TIME)


def _names(document: dict[str, Any]) -> int:
    return sum(1 + (_names(value) if isinstance(value, dict) else 0) for value in document.values())


def test_faults_of_another_kind_are_told_too() -> None:
    """A client mends a body in one go, and no body makes the answer grow without end."""
    twice = json_bytes(body(currency="XYZ")).replace(b'"amount_minor":497', b'"amount_minor":497,"amount_minor":-1')
    with pytest.raises(InvalidTransactionError) as caught:
        parse_transaction(twice)
    assert [(fault.pointer, fault.code) for fault in caught.value.faults] == [
        ("/amount_minor", CODE),
        ("/amount_minor", "number_out_of_range"),
        ("/currency", "currency_unknown"),
    ]
    many = b"{" + b",".join(b'"x%d":1,"x%d":1' % (number, number) for number in range(500)) + b"}"
    with pytest.raises(InvalidTransactionError) as caught:
        parse_transaction(many)
    told = [(fault.pointer, fault.code) for fault in caught.value.faults]
    assert told.count(("", CODE)) == told.count(("", "field_unknown")) == 1
    assert len(told) == 7  # and five that are required


def test_a_card_number_under_a_name_that_comes_twice_is_misplaced_first() -> None:
    """Whoever sent one has a leak to mend, which counts for more."""
    number = card_number(7)
    data = json_bytes(body(card_number=number)).replace(b'"name":', b'"name":"%b","name":' % number.encode())
    with pytest.raises(InvalidTransactionError) as caught:
        read_submission(data, None, request_text="", today=TODAY)
    assert {fault.code for fault in caught.value.faults} == {"card_number_misplaced"}
