"""The event codec: what is written, and what is read for ever."""

import hashlib
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings

from tests.builders import (
    ACCEPTED_AT,
    ACCOUNT,
    body,
    card_number,
    encoded,
    full_body,
    json_bytes,
    keys,
    of_before,
    pan,
    payment_fields,
    request,
    transaction_id,
)
from tests.txn_core.strategies import bodies
from txn_core.exceptions import EventError
from txn_core.setting_groups.key_settings import CARD_KEYS_MAX
from txn_core.transactions import event_schema
from txn_core.transactions.event import (
    LATER_FIELDS,
    OFFSET,
    SCHEMA_VERSION,
    EncodedEvent,
    Event,
    content_digests,
    same_content,
)
from txn_core.transactions.fast_path import fast_fields
from txn_core.transactions.instants import Instant
from txn_core.transactions.reading import read_submission
from txn_core.transactions.transaction import parse_transaction

GOLDEN_DIR = Path(__file__).parents[1] / "golden"
SCHEMA_FILE = Path(__file__).parents[3] / "docs" / "event.schema.json"

# The requests of which the golden files are the events.
GOLDEN_REQUESTS: dict[str, dict[str, Any]] = {
    "full": full_body(transaction_id=transaction_id(1)),
    "minimal": body(transaction_id=transaction_id(2)),
    "refund": body(
        transaction_id=transaction_id(3),
        type="refund",
        original_transaction_id=transaction_id(1),
        card_number=card_number(77, length=19),
        amount_minor=999_999_999_999,
        currency="JPY",
        occurred_at="2026-01-01T23:59:59.999999+14:00",
        terminal={"entry_mode": "credential_on_file"},
        is_fraud=True,
    ),
    "unicode": body(
        transaction_id=transaction_id(4),
        card_number=card_number(5, length=8),
        amount_minor=0,
        merchant={
            "name": 'Caf\u00e9 "Zur \\ Post" \U0001f600 \u2028\ufeff \u0645\u0637\u0639\u0645 \u5bff\u53f8',
            "category": "e\u0301t\u00e9",
            "latitude": -0.0,
            "longitude": 1e-7,
        },
        customer={"first_name": "O'Hara", "city": "\u0130stanbul", "latitude": 90, "longitude": -180},
    ),
}

# What a compromise of the card key left behind, newest first: the ring has three versions.
GOLDEN_RINGS = {"rekeyed": keys(versions=3)}
GOLDEN_REQUESTS["rekeyed"] = full_body(transaction_id=transaction_id(5))
# Its name has a default-ignorable character (U+FEFF), so that it is another merchant's today (ADR 24): written then,
# and now.
GOLDEN_MERCHANTS = {"unicode": ("mer_e1baef6a16de64d0420f33b10361d4c1", "mer_4e5820c8d1d3897d98733785f27f6712")}

# What is an event of version 2: each of its fields, an offset alone, and a short id alone.
LATER_REQUESTS: dict[str, dict[str, Any]] = {
    "payment": full_body(
        transaction_id=transaction_id(6),
        merchant={"name": "Rippin, Kub and Mann", "category": "misc_net", "country": "DE"},
        occurred_at="2019-01-01T00:00:18-08:30",
        **payment_fields(metadata={"z": 'Caf\u00e9 "Zur \\ Post" \U0001f600', "metadata": "{}", "a.b-c_9": " 1 "}),
    ),
    "offset": body(transaction_id=transaction_id(7), occurred_at="2019-01-01T05:45:18+05:45"),
    "short": body(transaction_id="Ab-_09"),
}
EVENT = encoded()
DOCUMENT: dict[str, Any] = json.loads(EVENT.data)


def golden(name: str) -> bytes:
    version = 2 if name in LATER_REQUESTS else 1
    return (GOLDEN_DIR / f"event-v{version}-{name}.json").read_bytes().removesuffix(b"\n")


def encoded_golden(name: str) -> EncodedEvent:
    document = GOLDEN_REQUESTS[name]
    merchant_name: str = document["merchant"]["name"]
    taken = {**document["merchant"], "name": merchant_name.replace("\u2028", "")}  # refused today
    request = parse_transaction(json_bytes(document | {"merchant": taken}))
    return encoded(of_before(request, merchant_name), ring=GOLDEN_RINGS.get(name))


def changed(**changes: Any) -> bytes:
    """The bytes of a sound event but for some fields; a change to `...` leaves a field out."""
    return json_bytes({name: value for name, value in {**DOCUMENT, **changes}.items() if value is not ...})


@pytest.mark.parametrize("name", GOLDEN_REQUESTS)
def test_golden_events_are_still_written(name: str) -> None:
    """The bytes of version 1 do not change: equal content is equal bytes, yesterday and today."""
    then, today = GOLDEN_MERCHANTS.get(name, ("", ""))
    assert encoded_golden(name).data == golden(name).replace(then.encode(), today.encode())


@pytest.mark.parametrize("name", LATER_REQUESTS)
def test_golden_events_of_version_2_are_still_written(name: str) -> None:
    """By whoever may write version 2."""
    assert encoded(parse_transaction(json_bytes(LATER_REQUESTS[name])), event_schema=2).data == golden(name)


@pytest.mark.parametrize("event_schema", [1, 2])
def test_an_event_without_a_later_field_is_the_bytes_of_before(event_schema: int) -> None:
    """The digest was taken before there was a version 2, and holds whichever version may be written."""
    digest = hashlib.blake2b(digest_size=16)
    for n in range(100):
        own = {
            "transaction_id": transaction_id(n),
            "card_number": card_number(n, length=8 + n % 12),
            "amount_minor": n**5,
            "occurred_at": f"2019-01-{1 + n % 28:02}T{n % 24:02}:00:18.{n:06}Z",
        }
        for document in (body(**own), full_body(**own), body(**own, merchant={"name": f'Caf\u00e9 "{n}"'})):
            data = json_bytes(document)
            fast = read_submission(data, fast_fields(data), request_text="", today="2026-01-02")
            event = encoded(parse_transaction(data), event_schema=event_schema).data
            assert event.endswith(fast.client_fields[1:])
            digest.update(event)
    assert digest.hexdigest() == "536ab54a8f4424a3fc4aeab003138821"


@pytest.mark.parametrize("path", sorted(GOLDEN_DIR.glob("event-v*.json")), ids=lambda path: path.stem)
def test_golden_events_are_still_read(path: Path) -> None:
    """Events of every version ever written decode, with the ids that they were written with."""
    data = path.read_bytes().removesuffix(b"\n")
    event = Event.decode(data)
    assert event.model_dump(mode="json", by_alias=True) == json.loads(data)
    assert event.model_dump_json(by_alias=True).encode() == data


def test_there_are_golden_files_of_each_version() -> None:
    """Every golden request has its file, and no file is without one."""
    names = {path.stem for path in GOLDEN_DIR.glob("event-v*.json")}
    assert names == {f"event-v1-{name}" for name in GOLDEN_REQUESTS} | {f"event-v2-{name}" for name in LATER_REQUESTS}
    assert SCHEMA_VERSION == 2


@given(bodies())
@settings(max_examples=80)
def test_an_event_says_what_the_client_said_and_never_the_card_number(document: dict[str, Any]) -> None:
    """Read back, the client's fields are the request's; the card stands there as id and mask alone."""
    parsed = parse_transaction(json_bytes(document))
    written = encoded(parsed)
    event = Event.decode(written.data)
    assert event.model_dump_json(by_alias=True).encode() == written.data
    assert event.merchant.model_dump() == parsed.merchant.model_dump()
    assert not LATER_FIELDS & event.model_fields_set
    assert (event.customer and event.customer.model_dump()) == (parsed.customer and parsed.customer.model_dump())
    assert (event.terminal and event.terminal.model_dump()) == (parsed.terminal and parsed.terminal.model_dump())
    for name in ("type", "original_transaction_id", "amount_minor", "currency", "occurred_at", "is_fraud"):
        assert getattr(event, name) == getattr(parsed, name)
    assert event.card_id == keys().card_id(parsed.card_number)
    assert event.card_masked == parsed.card_number.masked
    derived = (event.card_id, event.card_masked, event.customer_id, event.merchant_id)
    assert not [text for text in derived if document["card_number"] in text]


def test_an_encoded_event_repeats_the_ids_of_its_bytes() -> None:
    """What the acknowledgement says is what the stream holds."""
    event = Event.decode(EVENT.data)
    assert EVENT.transaction_id == event.transaction_id == transaction_id(0)
    assert (EVENT.card_id, EVENT.customer_id, EVENT.merchant_id, EVENT.accepted_at) == (
        event.card_id,
        event.customer_id,
        event.merchant_id,
        event.accepted_at,
    )
    assert (event.account, event.accepted_at) == (ACCOUNT, ACCEPTED_AT)


def test_a_reference_names_the_customer() -> None:
    """With a reference two cards are one customer; without, the card is the customer."""
    one, other = (encoded(card_number=card_number(n), customer={"reference": "c-1"}) for n in (1, 2))
    assert one.customer_id == other.customer_id
    assert encoded(card_number=card_number(1)).customer_id != encoded(card_number=card_number(2)).customer_id


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "json_invalid at /"),
        (b"[]", "model_type at /"),
        (b"\xff", "json_invalid at /"),
        (EVENT.data + EVENT.data, "json_invalid at /"),
        (changed(schema=3), "literal_error at /"),
        (changed(mcc="5411"), "beyond_schema_1 at /"),
        (changed(mcc=None), "beyond_schema_1 at /"),
        (changed(occurred_at_offset_minutes=60), "beyond_schema_1 at /"),
        (changed(merchant={**DOCUMENT["merchant"], "country": "DE"}), "beyond_schema_1 at /"),
        (changed(transaction_id="seven77"), "beyond_schema_1 at /"),
        (changed(schema=2, occurred_at_offset_minutes=1440), "less_than_equal at /occurred_at_offset_minutes"),
        (changed(schema=2, metadata={"a": 1}), "string_type at /metadata"),
        (changed(schema=2, cardholder_amount_minor=2**63), "less_than_equal at /cardholder_amount_minor"),
        (changed(schema="1"), "literal_error at /"),
        (changed(schema=...), "missing at /"),
        (changed(surprise=1), "extra_forbidden at /"),
        (changed(transaction_id="short"), "string_pattern_mismatch at /transaction_id"),
        (changed(account="A#b"), "string_pattern_mismatch at /account"),
        (changed(card_id="card_0_" + "0" * 32), "string_pattern_mismatch at /card_id"),
        (changed(card_masked=card_number()), "string_pattern_mismatch at /card_masked"),
        (changed(card_masked="9" * 10 + "******"), "string_pattern_mismatch at /card_masked"),
        (changed(card_aliases=[]), "too_short at /card_aliases"),
        (changed(card_aliases=None), "tuple_type at /card_aliases"),
        (changed(card_aliases=[card_number()]), "string_pattern_mismatch at /card_aliases"),
        (changed(card_aliases=[DOCUMENT["card_id"]] * CARD_KEYS_MAX), "too_long at /card_aliases"),
        (changed(customer_id="cus_x"), "string_pattern_mismatch at /customer_id"),
        (changed(merchant_id="mer_" + "G" * 32), "string_pattern_mismatch at /merchant_id"),
        (changed(accepted_at="2026-01-02T03:04:05Z"), "string_pattern_mismatch at /accepted_at"),
        (changed(occurred_at="2026-02-30T03:04:05.000000Z"), "timestamp_format at /occurred_at"),
        (changed(occurred_at="2026-01-01T23:59:60.000000Z"), "timestamp_format at /occurred_at"),
        (changed(amount_minor=4.97), "int_type at /amount_minor"),
        (changed(amount_minor=2**63), "less_than_equal at /amount_minor"),
        (changed(merchant=None), "model_type at /merchant"),
        (changed(merchant={**DOCUMENT["merchant"], "latitude": float("nan")}), "finite_number at /merchant"),
        (changed(merchant={**DOCUMENT["merchant"], "latitude": float("inf")}), "finite_number at /merchant"),
        (changed(merchant={**DOCUMENT["merchant"], "latitude": "1"}), "float_type at /merchant"),
        (changed(customer={"first_name": "x"}), "missing at /customer"),
        (changed(is_fraud=0), "bool_type at /is_fraud"),
        (changed(**{card_number(): 1}), "extra_forbidden at /"),
        (EVENT.data.replace(b"Rippin", b"\\ud800"), "json_invalid at /"),
    ],
)
def test_what_is_no_event_is_told_by_field_alone(data: bytes, said: str) -> None:
    """Foreign bytes are an error that says which rule and field, never what stood there."""
    with pytest.raises(EventError) as caught:
        Event.decode(data)
    assert str(caught.value) == said
    assert caught.value.__suppress_context__


def test_an_object_that_says_nothing_is_read_as_none() -> None:
    """A foreign producer's empty customer is none, as it is for a table row, so that both views hold the same."""
    empty = changed(customer=dict.fromkeys(json.loads(golden("full"))["customer"]))
    assert Event.decode(empty) == Event.decode(EVENT.data)


def test_an_event_is_read_from_text_too() -> None:
    """The index holds events as text."""
    assert Event.decode(EVENT.data.decode()) == Event.decode(EVENT.data)


@pytest.mark.parametrize(
    "again",
    [
        encoded(accepted_at=Instant("2027-01-01T00:00:00.000000Z")),
        encoded(occurred_at="2019-01-01T01:00:18.000000+01:00"),
        encoded(occurred_at="2019-01-01T00:00:18.000000999Z"),
        encoded(customer={}, terminal={"terminal_id": None}),
        encoded(type="purchase", original_transaction_id=None, is_fraud=None),
    ],
)
def test_the_same_content_sent_again_is_the_same(again: EncodedEvent) -> None:
    """Neither the time of acceptance nor another spelling of the same fields is another content."""
    assert same_content(EVENT.data, again.data.decode())


def written_by_old_and_new() -> Iterator[tuple[str, EncodedEvent, EncodedEvent]]:
    """Bodies that say nothing new, as a process of before would write them and as one of today does."""
    at = "2019-01-01T01:00:18+01:00"
    yield "offset", encoded(occurred_at=at), encoded(occurred_at=at, event_schema=2)
    nothing = dict.fromkeys(payment_fields()) | {"merchant": {**body()["merchant"], "country": None}}
    yield "null", encoded(), encoded(**nothing, event_schema=2)
    yield "empty", encoded(), encoded(metadata={}, event_schema=2)


@pytest.mark.parametrize(("name", "before", "after"), [*written_by_old_and_new()])
def test_old_and_new_processes_write_the_same_content(name: str, before: EncodedEvent, after: EncodedEvent) -> None:
    """A client that sends the same again through another version meets no conflict, and null is absent."""
    assert same_content(before.data, after.data)
    assert content_digests(before.data) == content_digests(after.data)
    assert (before.data == after.data) == (name != "offset")


def test_an_offset_is_kept_from_version_2_on() -> None:
    """In minutes, east of Greenwich positive; UTC, however it is written, leaves no trace."""
    offsets = {"Z": None, "+00:00": None, "-00:00": None, "+05:45": 345, "-23:59": -1439, "+23:59": 1439}
    for written, minutes in offsets.items():
        at = f"2019-01-02T00:00:18{written}"
        assert json.loads(encoded(occurred_at=at, event_schema=2).data).get(OFFSET) == minutes
        assert OFFSET.encode() not in encoded(occurred_at=at).data


def test_metadata_is_written_in_the_order_of_its_names() -> None:
    """So equal pairs are equal bytes, and readers give them in that order as well."""
    one, other = (encoded(metadata=pairs).data for pairs in ({"b": "1", "a": "2"}, {"a": "2", "b": "1"}))
    assert one == other
    assert Event.decode(one.replace(b'{"a":"2","b":"1"}', b'{"b":"1","a":"2"}')) == Event.decode(one)
    assert Event.decode(one.replace(b'{"a":"2","b":"1"}', b"{}")).metadata is None


@pytest.mark.parametrize(("name", "value"), [*payment_fields().items(), ("merchant", {"country": "DE"})])
def test_each_later_field_is_content_and_makes_version_2(name: str, value: Any) -> None:
    """One of them is enough, whichever it is, and a reader of before would refuse it."""
    changes: dict[str, Any] = {name: {**body()["merchant"], **value} if name == "merchant" else value}
    if name.startswith("cardholder"):
        changes = {key: payment_fields()[key] for key in ("cardholder_amount_minor", "cardholder_currency")}
    data = encoded(**changes).data
    assert data.startswith(b'{"schema":2,')
    assert Event.decode(data).model_dump_json(by_alias=True).encode() == data
    assert not same_content(EVENT.data, data)


@pytest.mark.parametrize(
    "other",
    [
        encoded(amount_minor=498),
        encoded(currency="EUR"),
        encoded(card_number=card_number(2)),
        encoded(merchant={"name": "rippin, kub and mann"}),
        encoded(occurred_at="2019-01-01T00:00:18.000001Z"),
        encoded(customer={"city": "x"}),
        encoded(terminal={"terminal_id": "T"}),
        encoded(is_fraud=False),
        encoded(type="refund", original_transaction_id=transaction_id(9)),
    ],
)
def test_any_other_client_field_is_another_content(other: EncodedEvent) -> None:
    """Every field of the client counts, the card by its id, the merchant by its spelling."""
    assert not same_content(EVENT.data, other.data)


def under(*versions: int, **changes: Any) -> EncodedEvent:
    """An event written while the ring had these versions of the card key."""
    ring = keys(versions=max(versions))
    return encoded(ring=replace(ring, card_keys={v: ring.card_keys[v] for v in versions}), **changes)


@pytest.mark.parametrize(
    ("before", "after"),
    [((1,), (1, 2)), ((1, 2), (1,)), ((1,), (1, 2, 3)), ((1, 2), (2, 3)), ((1, 2), (1, 2, 3)), ((2,), (1, 2))],
)
def test_a_new_version_of_the_card_key_makes_no_other_content(
    before: tuple[int, ...], after: tuple[int, ...]
) -> None:
    """A retry behind a compromise says the same, whichever process of a rolling restart took which of the two."""
    one, again = under(*before), under(*after)
    assert same_content(one.data, again.data)
    assert not content_digests(one.data).isdisjoint(content_digests(again.data))
    for other in (under(*after, amount_minor=498), under(*after, card_number=card_number(2))):
        assert not same_content(one.data, other.data)
        assert content_digests(one.data).isdisjoint(content_digests(other.data))


def test_versions_without_one_in_common_cannot_be_compared() -> None:
    """Which is why a version stays in the ring while data of it is kept."""
    assert not same_content(under(1).data, under(2, 3).data)


def test_aliases_are_the_ids_under_the_older_versions() -> None:
    """Newest first; with one version an event is the bytes that it always was."""
    event = Event.decode(under(1, 2, 3).data)
    assert (event.card_id, *event.card_aliases) == keys(versions=3).card_ids(pan())
    assert b"card_aliases" not in under(3).data
    assert Event.decode(under(3).data).card_aliases == ()


def test_equal_floats_are_equal_content() -> None:
    """An integer given for a coordinate is the float that it stands for."""
    one, other = (encoded(merchant={"name": "x", "latitude": latitude}) for latitude in (36, 36.0))
    assert one.data == other.data
    assert b'"latitude":36.0' in one.data


def test_the_schema_file_is_what_the_model_says() -> None:
    """docs/event.schema.json has not drifted: the module `event_schema` writes it."""
    assert SCHEMA_FILE.read_text(encoding="utf-8") == event_schema.text()


def test_the_schema_file_can_be_checked_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command writes the file and says with its exit code whether one has drifted."""
    path = tmp_path / "schema.json"
    monkeypatch.setattr("sys.argv", ["event_schema", str(path)])
    event_schema.main()
    monkeypatch.setattr("sys.argv", ["event_schema", "--check", str(path)])
    event_schema.main()
    path.write_text("{}", encoding="utf-8")
    with pytest.raises(SystemExit, match="1"):
        event_schema.main()


def validator() -> jsonschema.Draft202012Validator:
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("name", [*GOLDEN_REQUESTS, *LATER_REQUESTS])
def test_the_schema_takes_golden_events(name: str) -> None:
    """A reader that goes by the schema alone takes every event."""
    validator().validate(json.loads(golden(name)))


@pytest.mark.parametrize(
    "document",
    [
        {**DOCUMENT, "card_number": "x"},
        {**DOCUMENT, "schema": 3},
        {**DOCUMENT, "mcc": "5411"},
        {**DOCUMENT, "transaction_id": "seven77"},
        {**DOCUMENT, "merchant": {**DOCUMENT["merchant"], "country": "DE"}},
        {**DOCUMENT, "schema": 2, "metadata": {"a": 1}},
        {**DOCUMENT, "card_masked": card_number()},
        {**DOCUMENT, "amount_minor": "497"},
        {name: value for name, value in DOCUMENT.items() if name != "merchant"},
    ],
)
def test_the_schema_refuses_what_the_model_refuses(document: dict[str, Any]) -> None:
    """Unknown fields, other versions, unmasked numbers and missing fields do not fit the schema."""
    with pytest.raises(jsonschema.ValidationError):
        validator().validate(document)
    with pytest.raises(EventError):
        Event.decode(json_bytes(document))


def test_the_schemas_fields_stand_in_the_order_of_the_bytes() -> None:
    """The schema lists the fields as they are written."""
    schema = json.loads(SCHEMA_FILE.read_text(encoding="utf-8"))
    names = list(schema["properties"])
    for name in ("rekeyed", "payment"):
        document = json.loads(golden(name))
        assert list(document) == [field for field in names if field in document]
    assert set(names) == {*json.loads(golden("rekeyed")), *json.loads(golden("payment"))}
    assert list(DOCUMENT) == schema["required"]
    assert re.fullmatch("urn:txn-api:event:2", schema["$id"])


def test_a_request_and_its_event_differ_in_the_card_number_alone() -> None:
    """Every field of the contract but the card number is in the event."""
    contract = set(type(request()).model_fields)
    assert contract - set(json.loads(golden("payment"))) == {"card_number"}
