"""Curated rows and rows of the vault, against plain Python that knows nothing of the SQL."""

import hashlib
import json
import math
import operator
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from tests.builders import ARRIVED_AT, arrived, card_number, full_body, position, transaction_id
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.lake.columns import table_of
from txn_core.lake.parquet import parquet_of
from txn_core.transactions.event import OFFSET, Event, same_content
from txn_core.transactions.payment_fields import METADATA, PAYMENT_FIELDS
from warehouse.curated.raw_tables import UnreadableObjectError, one_table, raw_table
from warehouse.curated.schema import CURATED_SCHEMA, VAULT_SCHEMA
from warehouse.curated.transformation import Transformation

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
DEGREES = st.one_of(
    st.floats(-90, 90), st.sampled_from([0.0, -0.0, 90.0, -180.0, 180.0, 91.0, 1e308, -1e308, 36.011293])
)
DATES = st.one_of(
    st.dates().map(date.isoformat),
    st.sampled_from(["2000-02-29", "2019-02-28", "2001-02-29", "0000-01-01", "epoch", "infinity", "1988-3-9", ""]),
    st.sampled_from(["1988-03-09 ", "1988-03-09T00:00:00", "44-03-15 (BC)", "١٩٨٨-٠٣-٠٩", "1988-03-09\n"]),
    TEXT,
)
MOMENTS = st.one_of(
    st.datetimes().map(lambda at: f"{at.isoformat(timespec='microseconds')}Z"),
    st.sampled_from(["2019-02-28T23:59:59.999999Z", "2020-02-29T00:00:00.000000Z", "2019-03-01T00:00:00.000000Z"]),
)
CARDS = st.integers(0, 2).map(lambda number: f"card_1_{number:032x}")


def maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.one_of(st.none(), values)


CUSTOMERS = st.fixed_dictionaries(
    {
        **dict.fromkeys(("reference", "first_name", "last_name", "gender", "job", "street", "city"), maybe(TEXT)),
        **dict.fromkeys(("state", "postal_code"), maybe(TEXT)),
        "date_of_birth": maybe(DATES),
        **dict.fromkeys(("latitude", "longitude"), maybe(DEGREES)),
        "city_population": maybe(st.integers(-(2**63), 2**63 - 1)),
    }
)
MERCHANTS = st.fixed_dictionaries(
    {"name": TEXT, "category": maybe(TEXT), "latitude": maybe(DEGREES), "longitude": maybe(DEGREES)},
    optional={"country": maybe(st.sampled_from(["DE", "US"]))},
)
LATER = {
    OFFSET: maybe(st.integers(-1439, 1439)),
    **{name: maybe(TEXT) for name in PAYMENT_FIELDS},
    "cardholder_amount_minor": maybe(st.integers(-(2**63), 2**63 - 1)),
    METADATA: maybe(st.dictionaries(TEXT, TEXT, max_size=2)),
}
EVENTS = st.fixed_dictionaries(
    {
        "schema": st.just(2),
        "transaction_id": st.integers(0, 1).map(transaction_id),
        "account": st.sampled_from(["acme", "globex"]),
        "card_id": CARDS,
        "card_masked": st.just("********9012"),
        "customer_id": st.integers(0, 3).map(lambda number: f"cus_{number:032x}"),
        "merchant_id": st.just(f"mer_{1:032x}"),
        "accepted_at": MOMENTS,
        "card_aliases": st.lists(CARDS, max_size=2),
        "type": st.one_of(st.sampled_from(["purchase", "refund"]), TEXT),
        "original_transaction_id": maybe(TEXT),
        "amount_minor": st.integers(-(2**63), 2**63 - 1),
        "currency": st.sampled_from(["USD", "JPY", "KWD", "XXX"]),
        "occurred_at": MOMENTS,
        "merchant": MERCHANTS,
        "customer": maybe(CUSTOMERS),
        "terminal": maybe(st.fixed_dictionaries({"terminal_id": maybe(TEXT), "entry_mode": maybe(TEXT)})),
        "is_fraud": maybe(st.booleans()),
    },
    optional=LATER,
)


def event_bytes(document: dict[str, Any]) -> bytes:
    document = {name: value for name, value in document.items() if value != []}
    return Event.model_validate_json(json.dumps(document)).model_dump_json(by_alias=True).encode()


def records(documents: list[dict[str, Any]]) -> list[StreamRecord]:
    return [StreamRecord(event_bytes(each), position(99 + place), ARRIVED_AT) for place, each in enumerate(documents)]


@pytest.fixture(scope="module")
def transformation() -> Iterator[Transformation]:
    with Transformation.open() as opened:
        yield opened


def years_between(born: date, at: datetime) -> int:
    """Birthdays that somebody has had; who is born on 29 February has them on 1 March of other years."""
    before_birthday = (at.month, at.day) < (born.month, born.day)
    return at.year - born.year - before_birthday


def date_of(text: str | None) -> date | None:
    if text is None or len(text) != 10 or not text.isascii() or text[4] + text[7] != "--":
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def great_circle_m(*degrees: float | None) -> float | None:
    """Meters between two places by the angle between their vectors, which is not the haversine formula."""
    if any(each is None for each in degrees):
        return None
    lat1, lon1, lat2, lon2 = (each or 0.0 for each in degrees)
    if not (abs(lat1) <= 90 and abs(lat2) <= 90 and abs(lon1) <= 180 and abs(lon2) <= 180):
        return None

    def vector(latitude: float, longitude: float) -> tuple[float, float, float]:
        up, east = math.radians(latitude), math.radians(longitude)
        return math.cos(up) * math.cos(east), math.cos(up) * math.sin(east), math.sin(up)

    one, other = vector(lat1, lon1), vector(lat2, lon2)
    cross = (
        one[1] * other[2] - one[2] * other[1],
        one[2] * other[0] - one[0] * other[2],
        one[0] * other[1] - one[1] * other[0],
    )
    return 6_371_008.8 * math.atan2(math.hypot(*cross), sum(map(operator.mul, one, other)))


def curated(record: StreamRecord) -> dict[str, Any]:
    """The curated row of an event, but for its digests and its distance."""
    event = Event.decode(record.data)
    customer, terminal = event.customer, event.terminal
    of_customer = {} if customer is None else customer.model_dump()
    occurred_at = datetime.fromisoformat(event.occurred_at[:-1])
    born = date_of(of_customer.get("date_of_birth"))
    unborn = born is None or born > occurred_at.date()
    postal_code = of_customer.get("postal_code")
    return {
        "commit_number": 7,
        "shard_id": record.position.shard_id,
        "sequence_number": record.position.sequence_number,
        "sub_sequence_number": record.position.sub_sequence_number,
        "arrived_at": record.arrived_at.replace(tzinfo=None),
        "schema_version": 2,
        **event.model_dump(include={"transaction_id", "account", "type", "original_transaction_id"}),
        "accepted_at": datetime.fromisoformat(event.accepted_at[:-1]),
        "occurred_at": occurred_at,
        **event.model_dump(include={"amount_minor", "currency", "card_id"}),
        "card_aliases": " ".join(event.card_aliases) or None,
        **event.model_dump(include={"card_masked", "customer_id"}),
        "has_reference": of_customer.get("reference") is not None,
        "has_customer": customer is not None,
        "gender": of_customer.get("gender"),
        "birth_year": born.year if born else None,
        "age": None if unborn or born is None else years_between(born, occurred_at),
        **{name: of_customer.get(name) for name in ("job", "city", "state")},
        "postal_area": None if postal_code is None else postal_code[:3],
        "city_population": of_customer.get("city_population"),
        "merchant_id": event.merchant_id,
        "merchant_name": event.merchant.name,
        "category": event.merchant.category,
        "terminal_id": terminal.terminal_id if terminal else None,
        "entry_mode": terminal.entry_mode if terminal else None,
        "is_fraud": event.is_fraud,
    }


PROFILE = ("gender", "birth_year", "job", "city", "state", "postal_area", "city_population")


@settings(max_examples=8, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(st.lists(EVENTS, min_size=1, max_size=25))
def test_a_row_is_what_plain_python_makes_of_its_event(
    transformation: Transformation, documents: list[dict[str, Any]]
) -> None:
    taken = records(documents)
    raw = raw_table(parquet_of(table_of(taken)))
    table = transformation.curated(raw, 7)
    assert table.schema.equals(CURATED_SCHEMA)
    rows = table.to_pylist()
    profiles: dict[str, tuple[Any, ...]] = {}
    for record, row in zip(taken, rows, strict=True):
        expected = curated(record)
        assert {name: row[name] for name in expected} == expected
        assert row.keys() - expected.keys() == {"profile_hash", "meters_from_home", "content_digest"}
        assert (row["profile_hash"] is None) == (not row["has_customer"])
        if row["has_customer"]:
            profile = tuple(row[name] for name in PROFILE)
            assert profiles.setdefault(row["profile_hash"], profile) == profile
        customer, merchant = Event.decode(record.data).customer, Event.decode(record.data).merchant
        home = (customer.latitude, customer.longitude) if customer else (None, None)
        meters = great_circle_m(*home, merchant.latitude, merchant.longitude)
        assert (row["meters_from_home"] is None) == (meters is None)
        assert meters is None or abs(row["meters_from_home"] - meters) <= 0.6
    assert len(set(profiles.values())) == len(profiles), "one hash for one profile"
    for one, row in zip(taken, rows, strict=True):
        for other, other_row in zip(taken, rows, strict=True):
            same = row["content_digest"] == other_row["content_digest"]
            assert same_content(one.data, other.data) == (same and bool(cards_of(row) & cards_of(other_row)))
    people = transformation.vault(raw, 7)
    assert people.schema.equals(VAULT_SCHEMA)
    assert {tuple(row.values()) for row in people.to_pylist()} == set(named(taken))
    assert people.num_rows == len(set(named(taken)))


def cards_of(row: dict[str, Any]) -> set[str]:
    return {row["card_id"], *(row["card_aliases"] or "").split()}


def named(taken: list[StreamRecord]) -> Iterator[tuple[Any, ...]]:
    for event in (Event.decode(record.data) for record in taken):
        if event.customer is not None:
            values = [getattr(event.customer, name) for name in VAULT_SCHEMA.names[2:-1]]
            if any(value is not None for value in values):
                yield event.account, event.customer_id, *values, 7


@given(EVENTS, EVENTS, st.sampled_from(sorted(Event.model_fields)))
@settings(max_examples=12, phases=[Phase.explicit, Phase.reuse, Phase.generate])
def test_two_events_share_a_digest_when_they_say_the_same(
    transformation: Transformation, one: dict[str, Any], other: dict[str, Any], field: str
) -> None:
    field = "schema" if field == "schema_version" else field
    pair = records([one, {**one, field: other.get(field)}])
    rows = transformation.curated(raw_table(parquet_of(table_of(pair))), 1).to_pylist()
    same = rows[0]["content_digest"] == rows[1]["content_digest"]
    assert same_content(pair[0].data, pair[1].data) == (same and bool(cards_of(rows[0]) & cards_of(rows[1])))


def test_texts_that_meet_at_other_places_are_other_content(transformation: Transformation) -> None:
    bodies = [
        full_body(merchant={"name": 'A","B', "category": None}, customer=None),
        full_body(merchant={"name": "A", "category": "B"}, customer=None),
        full_body(merchant={"name": "A", "category": '","B'}, customer=None),
        full_body(merchant={"name": "A", "category": "null"}, customer=None),
        full_body(merchant={"name": "A", "category": None}, customer=None),
        full_body(merchant={"name": "A", "category": None, "latitude": 0.0}, customer=None),
    ]
    assert len(set(digests(transformation, bodies))) == len(bodies)
    signed = [full_body(merchant={"name": "A", "latitude": zero}) for zero in (0, 0.0, -0.0)]
    assert len(set(digests(transformation, signed))) == 1


def digests(transformation: Transformation, bodies: list[dict[str, Any]]) -> list[str]:
    taken = [arrived(at=position(place), **body) for place, body in enumerate(bodies)]
    return list(transformation.curated(raw_table(parquet_of(table_of(taken))), 1)["content_digest"].to_pylist())


def test_digests_are_those_of_every_run_before(transformation: Transformation) -> None:
    record = arrived(**full_body())
    row = transformation.curated(raw_table(parquet_of(table_of([record]))), 1).to_pylist()[0]
    said = [
        *(transaction_id(0), "purchase", None, 497, "USD", 1546300818000000, "Rippin, Kub and Mann", "misc_net"),
        *(36.011293, -82.048315, "c-1001", "Jennifer", "Banks", "F", "1988-03-09", "Psychologist, counselling"),
        *("561 Perry Cove", "Moravian Falls", "NC", "28654", 36.0788, -81.1781, 3495, "T0000042", "contactless"),
        False,
    ]
    assert row["content_digest"] == md5_of(said)
    assert row["profile_hash"] == md5_of(
        ["F", 1988, "Psychologist, counselling", "Moravian Falls", "NC", "286", 3495]
    )
    assert (row["age"], row["meters_from_home"]) == (30, 78_598)


@pytest.mark.parametrize(
    ("born", "happened", "birth_year", "age"),
    [
        ("1988-03-09", "2019-03-08T23:59:59.999999Z", 1988, 30),
        ("1988-03-09", "2019-03-09T00:00:00.000000Z", 1988, 31),
        ("2000-02-29", "2019-02-28T12:00:00.000000Z", 2000, 18),
        ("2000-02-29", "2019-03-01T00:00:00.000000Z", 2000, 19),
        ("2000-02-29", "2020-02-29T00:00:00.000000Z", 2000, 20),
        ("2019-01-01", "2019-01-01T00:00:00.000000Z", 2019, 0),
        ("2019-01-02", "2019-01-01T23:59:59.000000Z", 2019, None),
        ("2020-01-01", "2019-06-01T00:00:00.000000Z", 2020, None),
        ("2001-02-29", "2019-01-01T00:00:00.000000Z", None, None),
        ("0000-01-01", "2019-01-01T00:00:00.000000Z", None, None),
        ("epoch", "2019-01-01T00:00:00.000000Z", None, None),
        ("1988-3-9", "2019-01-01T00:00:00.000000Z", None, None),
        ("1988-03-09T00:00:00", "2019-01-01T00:00:00.000000Z", None, None),
        ("", "2019-01-01T00:00:00.000000Z", None, None),
        (None, "2019-01-01T00:00:00.000000Z", None, None),
    ],
)
def test_an_age_is_whole_years_at_the_transaction(
    transformation: Transformation, born: str | None, happened: str, birth_year: int | None, age: int | None
) -> None:
    document = json.loads(arrived(**full_body()).data)
    document |= {"occurred_at": happened, "customer": {**document["customer"], "date_of_birth": born}}
    (row,) = transformation.curated(raw_table(parquet_of(table_of(records([document])))), 1).to_pylist()
    assert (row["birth_year"], row["age"]) == (birth_year, age)


def md5_of(values: list[Any]) -> str:
    return hashlib.md5(json.dumps(values, separators=(",", ":")).encode(), usedforsecurity=False).hexdigest()


def test_an_old_object_lacks_a_column_and_a_future_one_has_another(transformation: Transformation) -> None:
    table = table_of([arrived(at=position(1), **full_body())])
    old = raw_table(parquet_of(table.drop_columns(["card_aliases", "merchant_category", "is_fraud"])))
    loyalty = pa.array([None, "gold", "gold"])
    future = table_of([arrived(at=position(place), **full_body()) for place in (2, 3, 4)])
    future = future.append_column("loyalty", loyalty).append_column("odd \"name'", pa.array([None, 1, 2]))
    nested = future.set_column(future.num_columns - 2, "loyalty", pa.array([None, ["gold"], []]))
    rows = transformation.curated(one_table([old, raw_table(parquet_of(future))]), 1).to_pylist()
    assert [row["category"] for row in rows] == [None, *["misc_net"] * 3]
    assert [row["card_aliases"] for row in rows] == [None] * 4
    assert rows[1]["content_digest"] == digests(transformation, [full_body()])[0], "nothing was said there"
    assert len({row["content_digest"] for row in rows}) == 4
    assert transformation.curated(one_table([raw_table(parquet_of(future)), raw_table(parquet_of(nested))]), 1)
    assert not {"loyalty", "gold"} & {*rows[2], *rows[2].values()}


def test_versions_and_columns_of_the_archive_are_known(transformation: Transformation) -> None:
    table = table_of([arrived(**full_body())])
    newer = table.set_column(0, "schema_version", pa.array([2]))
    assert transformation.curated(raw_table(parquet_of(newer)), 1)["schema_version"].to_pylist() == [2]


@pytest.mark.parametrize("column", ["transaction_id", "amount_minor", "arrived_at", "shard_id"])
def test_an_object_without_what_every_row_has_is_refused_by_itself(column: str) -> None:
    table = table_of([arrived(**full_body())])
    with pytest.raises(UnreadableObjectError, match=column):
        raw_table(parquet_of(table.drop_columns([column])))


def test_text_that_is_no_text_is_refused_and_not_quoted() -> None:
    table = table_of([arrived(card_number=card_number(3), currency="USD")])
    broken = pa.Array.from_buffers(
        pa.string(), 1, [None, pa.py_buffer(b"\0\0\0\0\2\0\0\0"), pa.py_buffer(b"\xff\xfe")]
    )
    table = table.set_column(table.column_names.index("merchant_name"), "merchant_name", broken)
    with pytest.raises(UnreadableObjectError, match="ArrowInvalid"):
        raw_table(parquet_of(table))
