"""Makes raw lakes: rows become events, positions and Parquet objects by the project's own code, without any server.

For the tests and measurements of what reads the lake. The same arguments give the same bytes. Card numbers are made
up and begin with 9, which ISO/IEC 7812 leaves to national bodies.
"""

import json
import random
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from ingest.layouts.kaggle import read_rows
from ingest.layouts.read_rows import SoundRow
from txn_core.aws.objects import ObjectStore
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.lake.columns import table_of
from txn_core.lake.layout import range_key
from txn_core.lake.parquet import parquet_of
from txn_core.positions import Position, SequenceNumber, ShardId
from txn_core.transactions.event import encode
from txn_core.transactions.identity import Account, KeyRing, TransactionId
from txn_core.transactions.instants import instant_of
from txn_core.transactions.submission import Submission
from txn_core.transactions.transaction import parse_transaction

BEGIN: Final = datetime(2026, 1, 1, 22, tzinfo=UTC)
FIRST_NUMBER: Final = 99_900
"""Sequence numbers of one object and the next differ in length: their text is not in the order of their numbers."""

Body = dict[str, Any]

_STATES: Final = (("NC", "28654"), ("WA", "99160"), ("ID", "83252"), ("MA", "01821"), ("TX", "79759"), ("Baja", "0"))
_CATEGORIES: Final = ("misc_net", "grocery_pos", "travel", "gas_transport", "never_heard_of", None)
_MERCHANTS: Final = ("Rippin, Kub and Mann", "RIPPIN, KUB  AND MANN", "Lind-Buckridge", "Kiehn Inc", "O'Hara Ltd")
_JOBS: Final = ("Psychologist, counselling", "Naval architect", "Zoologist", None)


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares of rows, from 0 to 1, that have something about them.

    Attributes:
        repeats: rows that are sent again as they are.
        conflicts: rows that are sent again with another amount; every second one was accepted before the first.
        refunds: rows that refund or reverse the row before.
        movers: customers who move in the middle.
        currencies: rows in JPY or KWD.
        nobody: rows without a customer.
        accounts: rows that another account sends under the same id.
        key_change: whether a second card key signs from the middle on.
        late_shard: whether the objects of the last shard come behind all others.
    """

    repeats: float = 0.0
    conflicts: float = 0.0
    refunds: float = 0.0
    movers: float = 0.0
    currencies: float = 0.0
    nobody: float = 0.0
    accounts: float = 0.0
    key_change: bool = False
    late_shard: bool = False


ADVERSE: Final = Mix(0.15, 0.05, 0.08, 0.3, 0.1, 0.08, 0.05, key_change=True, late_shard=True)


@dataclass(frozen=True, slots=True)
class LakeObject:
    """An object of the raw lake, as the archive would write it."""

    key: str
    body: bytes = field(repr=False)
    metadata: dict[str, str]


def lake_of(
    bodies: Iterable[Body], mix: Mix | None = None, *, seed: int = 1, shards: int = 3, rows_per_object: int = 500
) -> list[LakeObject]:
    """The objects of a lake into which bodies were posted, in the order in which they would be written."""
    mix = mix or Mix()
    records = _sharded(_events(list(_varied(bodies, mix, random.Random(seed))), mix), shards)
    objects = [each for shard in records for each in _objects(shard, rows_per_object)]
    late = f"{_shard(shards - 1)}-"
    return sorted(objects, key=lambda each: (mix.late_shard and late in each.key, each.key))


def made_bodies(rows: int, *, seed: int = 1, customers: int = 40) -> Iterator[Body]:
    """Purchases of some customers, made up."""
    rng = random.Random(seed)
    people = [_person(rng, number) for number in range(customers)]
    for number in range(rows):
        at = datetime(2019, 1, 1, tzinfo=UTC) + timedelta(minutes=number * 7, microseconds=rng.randrange(10**6))
        person = rng.randrange(customers)
        yield {
            "transaction_id": f"{rng.getrandbits(128):032x}",
            "card_number": _card_number(person),
            "amount_minor": rng.randrange(1, 50_000),
            "currency": "USD",
            "occurred_at": instant_of(at),
            "merchant": {
                "name": rng.choice(_MERCHANTS),
                "category": rng.choice(_CATEGORIES),
                "latitude": round(rng.uniform(25, 49), 6),
                "longitude": round(rng.uniform(-124, -67), 6),
            },
            "customer": dict(people[person]),
            "terminal": {"terminal_id": "T0000042", "entry_mode": "chip"} if number % 3 else None,
            "is_fraud": (None, False, False, True)[rng.randrange(4)],
        }


def sample_bodies(file: Path) -> Iterator[Body]:
    """The rows of a file in the Kaggle layout."""
    with file.open("rb") as rows:
        for row in read_rows(rows):
            assert isinstance(row, SoundRow)
            yield json.loads(row.body)


async def write(objects: Iterable[LakeObject], store: ObjectStore) -> None:
    """Write objects into a bucket."""
    for each in objects:
        await store.put_if_absent(each.key, each.body, each.metadata)


def write_folder(objects: Iterable[LakeObject], folder: Path) -> None:
    """Write objects as files below a folder."""
    for each in objects:
        path = folder / each.key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(each.body)


def _person(rng: random.Random, number: int) -> Body:
    state, postal_code = rng.choice(_STATES)
    return {
        "reference": f"c-{number}" if number % 2 else None,
        "first_name": rng.choice(("Jennifer", "Zoë", "Bob")),
        "last_name": f"Banks{number}",
        "gender": rng.choice(("F", "M", None)),
        "date_of_birth": f"{rng.randrange(1930, 2012)}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 29):02d}",
        "job": rng.choice(_JOBS),
        "street": f"{number} Perry Cove",
        "city": rng.choice(("Moravian Falls", "Orient", "Malad City")),
        "state": state,
        "postal_code": postal_code,
        "latitude": round(rng.uniform(25, 49), 4),
        "longitude": round(rng.uniform(-124, -67), 4),
        "city_population": rng.choice((149, 3_495, 120_000, 2_400_000)),
    }


def _varied(bodies: Iterable[Body], mix: Mix, rng: random.Random) -> Iterator[tuple[Body, Account, timedelta]]:
    """Bodies with what the mix does to them: who sends each, and by how much its acceptance is put back."""
    plain, second, at_once = Account("acme"), Account("globex"), timedelta()
    given = list(bodies)
    movers: dict[str, bool] = {}
    for number, original in enumerate(given):
        body = dict(original)
        if body.get("customer") and _is(movers, body["card_number"], rng, mix.movers) and number * 2 >= len(given):
            body["customer"] = {**body["customer"], "city": "Elsewhere", "state": "ME", "postal_code": "04001"}
        if rng.random() < mix.nobody:
            body["customer"] = None
        if rng.random() < mix.currencies:
            body["currency"] = rng.choice(("JPY", "KWD"))
        if number and rng.random() < mix.refunds:
            body |= {"type": rng.choice(("refund", "reversal"))}
            body |= {"original_transaction_id": given[number - 1]["transaction_id"]}
        yield body, plain, at_once
        if rng.random() < mix.accounts:
            yield body, second, at_once
        if rng.random() < mix.repeats:
            yield body, plain, at_once
        if rng.random() < mix.conflicts:
            other = {**body, "amount_minor": body["amount_minor"] + 1}
            yield other, plain, timedelta(minutes=10) if rng.random() < 0.5 else at_once


def _is(known: dict[str, bool], who: str, rng: random.Random, share: float) -> bool:
    """Whether somebody is one of a share of all, decided once."""
    return known.setdefault(who, rng.random() < share)


def _events(varied: Sequence[tuple[Body, Account, timedelta]], mix: Mix) -> Iterator[tuple[str, bytes, datetime]]:
    """Each body's card, event, and arrival."""
    identity, first, second = bytes([2]) * 32, bytes([1]) * 32, bytes([102]) * 32
    before, behind = KeyRing({1: first}, identity), KeyRing({1: first, 2: second}, identity)
    for number, (body, account, put_back) in enumerate(varied):
        arrived_at = BEGIN + timedelta(milliseconds=25 * number)
        request = parse_transaction(json.dumps(body).encode())
        event = encode(
            Submission.of(request),
            transaction_id=TransactionId(body["transaction_id"]),
            account=account,
            keys=behind if mix.key_change and 2 * number >= len(varied) else before,
            accepted_at=instant_of(arrived_at - timedelta(milliseconds=40) - put_back),
        )
        yield body["card_number"], event.data, arrived_at


def _sharded(events: Iterable[tuple[str, bytes, datetime]], shards: int) -> list[list[StreamRecord]]:
    """Events by shard, three to a record of the stream."""
    records: list[list[StreamRecord]] = [[] for _ in range(shards)]
    for card, data, arrived_at in events:
        shard = zlib.crc32(card.encode()) % shards
        place, sub = divmod(len(records[shard]), 3)
        position = Position(_shard(shard), SequenceNumber(str(FIRST_NUMBER + place)), sub)
        records[shard].append(StreamRecord(data, position, arrived_at))
    return records


def _objects(records: Sequence[StreamRecord], rows: int) -> Iterator[LakeObject]:
    for at in range(0, len(records), rows):
        part = records[at : at + rows]
        first, last = part[0], part[-1]
        ends = {"first": first.position, "last": last.position}
        metadata = {name: f"{p.sequence_number}/{p.sub_sequence_number}" for name, p in ends.items()}
        key = range_key(first.position, instant_of(first.arrived_at))
        yield LakeObject(key, parquet_of(table_of(part)), {**metadata, "rows": str(len(part))})


def _shard(number: int) -> ShardId:
    return ShardId(f"shardId-{number:012d}")


def _card_number(number: int) -> str:
    """A number of sixteen digits that passes the Luhn check (ISO/IEC 7812-1, annex B)."""
    digits = f"9{number:014d}"
    doubled = [int(digit) * (2 - place % 2) for place, digit in enumerate(reversed(digits))]
    return digits + str(-sum(value // 10 + value % 10 for value in doubled) % 10)
