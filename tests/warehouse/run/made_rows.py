"""Curated rows made by seed, as awkward as the rules of the curated table let rows be.

Few of everything: ids that come again with the same content or another one, accepted before or behind the first,
under two accounts, at the same moments; cards under up to four keys, whose events name some of the older ones;
customers who come back to a former profile; spellings, currencies with 0 and 3 decimals, states and categories of
no list; cards and merchants of one row, which are gone when an earlier write of its id turns up; and rows of which
nothing is known but what is required.
"""

import hashlib
import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import pyarrow as pa

from tests.warehouse.landing.commits import MadeCommit, made_commit
from warehouse.curated.schema import CURATED_SCHEMA

Row = dict[str, Any]

ACCEPTED: Final = datetime(2026, 1, 1, 22)  # noqa: DTZ001 - the curated table holds UTC without a zone
OCCURRED: Final = datetime(2018, 12, 30, 21)  # noqa: DTZ001 - the same; the rows span the end of a year
_NAMES: Final = ("Rippin, Kub and Mann", "RIPPIN, KUB  AND MANN", "rippin, kub and mann")


def made_rows(count: int, seed: int) -> list[Row]:
    """Rows as they come in, without their commit."""
    rng = random.Random(seed)
    return [_row(rng, number, count) for number in range(count)]


def commits_of(rows: Sequence[Row], seed: int, *, rows_per_commit: int) -> list[MadeCommit]:
    """The rows in append commits, in another order than the stream's; the last shard lags behind."""
    rng = random.Random(seed)
    late = max(row["shard_id"] for row in rows)
    parts = [
        own[at : at + rows_per_commit]
        for lagging in (False, True)
        for own in ([row for row in rows if (row["shard_id"] == late) is lagging],)
        for at in range(0, len(own), rows_per_commit)
    ]
    first = [part for part in parts if part[0]["shard_id"] != late]
    rng.shuffle(first)
    parts = first + [part for part in parts if part[0]["shard_id"] == late]
    return [
        made_commit(number, pa.Table.from_pylist([{**row, "commit_number": number} for row in part], CURATED_SCHEMA))
        for number, part in enumerate(parts, 1)
    ]


def _row(rng: random.Random, number: int, count: int) -> Row:
    pan = rng.randrange(7) if rng.random() < 0.85 else 7 + number
    version = 1 + min(3, 4 * number // count) if rng.random() < 0.9 else 1
    older = [v for v in range(1, version) if rng.random() < 0.6]
    referenced = pan % 3 == 0 or rng.random() < 0.1
    occurred_at = OCCURRED + timedelta(hours=rng.randrange(24 * 70), microseconds=rng.choice((0, 1, 744_780)))
    row: Row = {
        "shard_id": f"shardId-{rng.randrange(3):012d}",
        "sequence_number": str(10 ** rng.randrange(3, 50) + number),
        "sub_sequence_number": rng.randrange(3),
        "arrived_at": ACCEPTED + timedelta(seconds=number),
        "schema_version": 1,
        "transaction_id": f"id-{rng.randrange(count * 2 // 3):08d}",
        "account": rng.choice(("acme", "acme", "acme", "globex")),
        "type": rng.choice(("purchase", "purchase", "purchase", "refund", "reversal")),
        "original_transaction_id": rng.choice((None, "id-00000001")),
        "accepted_at": ACCEPTED + timedelta(seconds=rng.randrange(count)),
        "occurred_at": occurred_at,
        "amount_minor": rng.choice((0, 1, 497, 2**40)),
        "currency": rng.choice(("USD", "USD", "JPY", "KWD", "ZZZ")),
        "card_id": _card(version, pan),
        "card_aliases": " ".join(_card(v, pan) for v in reversed(older)) or None,
        "card_masked": f"900000******{pan:04d}",
        "customer_id": f"cus_{_hex('ref' if referenced else 'card', pan % 5 if referenced else (pan, version))}",
        "has_reference": referenced,
        "merchant_id": f"mer_{_hex('mer', rng.randrange(4) if rng.random() < 0.85 else 4 + number)}",
        "merchant_name": rng.choice(_NAMES),
        "category": rng.choice(("travel", "grocery_pos", "never_heard_of", None)),
        "terminal_id": rng.choice(("T1", None)),
        "entry_mode": rng.choice(("chip", None)),
        "is_fraud": rng.choice((None, False, True)),
        "content_digest": _hex("content", rng.randrange(2)),
        "meters_from_home": rng.choice((None, 0, 78_590)),
    }
    return row | _profile(rng, pan, occurred_at)


def _profile(rng: random.Random, pan: int, at: datetime) -> Row:
    """What is said of a customer, who is at one of two homes, or of nobody."""
    if rng.random() < 0.1:
        return dict.fromkeys(
            ("gender", "birth_year", "age", "job", "city", "state", "postal_area", "city_population")
        ) | {
            "profile_hash": None,
            "has_customer": False,
        }
    home = rng.randrange(2) if pan < 4 else 0
    profile: Row = {
        "gender": (None, "F", "M")[pan % 3],
        "birth_year": 1960 + 9 * (pan % 7) if pan else None,
        "job": ("Psychologist, counselling", "Naval architect", None)[pan % 3],
        "city": ("Orient", "Zoë's 東京")[home],
        "state": ("WA", "Baja", None, "DC")[(pan + home) % 4],
        "postal_area": ("991", "0")[home],
        "city_population": (149, 2_500, 499_999, 500_000, None)[(pan + home) % 5],
    }
    age = None if profile["birth_year"] is None else at.year - profile["birth_year"] - rng.randrange(2)
    return profile | {"age": age, "profile_hash": _hex("profile", tuple(profile.values())), "has_customer": True}


def _card(version: int, pan: int) -> str:
    return f"card_{version}_{_hex('pan', (pan, version))}"


def _hex(kind: str, subject: object) -> str:
    return hashlib.md5(f"{kind} {subject}".encode()).hexdigest()


def made_commits(seed: int) -> list[MadeCommit]:
    """Commits of rows whose number follows from the seed."""
    rng = random.Random(seed)
    return commits_of(made_rows(rng.randrange(60, 200), seed), seed, rows_per_commit=rng.randrange(5, 15))
