"""A small star schema of made-up facts, written in SQL that DuckDB and PostgreSQL both take.

The facts are few and awkward: three currencies with 0, 2 and 3 decimals, refunds that outweigh purchases, a month
without transactions, labels that lack, states and genders that are not known, customers who move, ties of money and
of times, cells of one to six customers, and a name that a spreadsheet would run.
"""

import hashlib
import random
from collections.abc import Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date, datetime, timedelta
from typing import Final

FIRST: Final = datetime(2024, 11, 18, 5)  # noqa: DTZ001 - stored without a zone; the data spans the end of a year
DAYS: Final = 110
EMPTY_MONTH: Final = date(2025, 1, 1)
REGIONS: Final = {
    "CA": ("California", "West", "Pacific"),
    "NV": ("Nevada", "West", "Mountain"),
    "TX": ("Texas", "South", "West South Central"),
    "NY": ("New York", "Northeast", "Middle Atlantic"),
    "??": ("unknown", "unknown", "unknown"),
}
CURRENCIES: Final = {"USD": 2, "JPY": 0, "KWD": 3}
CATEGORIES: Final = ("travel", "grocery_pos", "misc_net", "unknown")
MERCHANTS: Final = {
    "mer_1": '=HYPERLINK("http://localhost")',
    "mer_2": "Rippin, Kub and Mann",
    "mer_3": "O'Keefe \x1b[31mred\u202e",
    "mer_4": "Zoë 東京",
}
URBANICITIES: Final = ("rural", "town", "city", "metropolis", "unknown")


@dataclass(frozen=True, slots=True)
class Fact:
    """A row of star.fact_transactions, its columns in the table's order."""

    transaction_key: str
    account: str
    transaction_id: str
    type: str
    original_transaction_id: str | None
    amount_minor: int
    net_minor: int
    currency: str
    accepted_at: datetime
    occurred_at: datetime
    date_key: int
    month: date
    hour_utc: int
    category: str
    state: str
    gender: str
    age_band: str
    meters_from_home: int | None
    customer_key: str | None
    customer_id: str
    merchant_id: str
    card_key: str
    terminal_id: str | None
    entry_mode: str | None
    is_fraud: bool | None
    writes: int
    load_id: int


def facts(count: int, seed: int) -> list[Fact]:
    """Facts of about 25 customers, some of whom have one transaction."""
    rng = random.Random(seed)
    return [_fact(rng, number) for number in range(count)]


def _fact(rng: random.Random, number: int) -> Fact:
    customer = min(rng.randrange(40), rng.randrange(40), 24)
    at = _moment(rng)
    state = rng.choice(("CA", "NV", "TX", "TX")) if customer % 3 else ("NY" if customer % 2 else "??")
    amount = rng.choice((0, 1, 5, 100, 333, 1005, 99_995, 10**9))
    kind = rng.choice(("purchase",) * 7 + ("refund", "reversal"))
    profile = None if customer % 6 == 5 else state
    return Fact(
        transaction_key=f"a#t{number:05}",
        account="a",
        transaction_id=f"t{number:05}",
        type=kind,
        original_transaction_id=None if kind == "purchase" else "t00000",
        amount_minor=amount,
        net_minor=amount if kind == "purchase" else -amount,
        currency=rng.choice(("USD", "USD", "JPY", "KWD")),
        accepted_at=at,
        occurred_at=at,
        date_key=int(f"{at:%Y%m%d}"),
        month=at.date().replace(day=1),
        hour_utc=at.hour,
        category=rng.choice(CATEGORIES),
        state=state,
        gender=("F", "M", "M", "unknown")[customer % 4],
        age_band=("under 18", "18-24", "65 and over", "unknown")[customer % 5 % 4],
        meters_from_home=rng.choice((None, 0, 50, 99_950, 100_000, 100_001, 250_000)),
        customer_key=None if profile is None else key_of(customer, profile),
        customer_id=f"cus_{customer:02}",
        merchant_id=rng.choice(list(MERCHANTS)),
        card_key=f"card_1_{customer:02}",
        terminal_id=None,
        entry_mode=None,
        is_fraud=rng.choice((None, True, False, False)) if state != "NV" else None,
        writes=rng.choice((1, 1, 2)),
        load_id=1,
    )


def _moment(rng: random.Random) -> datetime:
    while True:
        at = FIRST + timedelta(days=rng.randrange(DAYS), hours=rng.choice((0, 0, 7, 18)), seconds=rng.randrange(3))
        if at.date().replace(day=1) != EMPTY_MONTH:
            return at


def key_of(customer: int, profile: str) -> str:
    """The key of a customer with a profile."""
    return hashlib.md5(f"cus_{customer:02}#{profile}".encode(), usedforsecurity=False).hexdigest()


def statements(made: Sequence[Fact]) -> Iterator[str]:
    """The SQL that makes and fills the schemas star and marts."""
    yield "create schema star"
    yield "create schema marts"
    columns = ", ".join(f"{field.name} {_SQL_TYPES[field.type]}" for field in fields(Fact))
    yield f"create table star.fact_transactions ({columns})"
    yield _insert("star.fact_transactions", [astuple(fact) for fact in made])
    for name, columns, rows in _dimensions(made):
        yield f"create table {name} ({columns})"
        yield _insert(name, rows)
    yield from _MARTS


_SQL_TYPES: Final[dict[object, str]] = {
    str: "text",
    str | None: "text",
    int: "bigint",
    int | None: "bigint",
    datetime: "timestamp",
    date: "date",
    bool | None: "boolean",
}


def _dimensions(made: Sequence[Fact]) -> Iterator[tuple[str, str, Sequence[tuple[object, ...]]]]:
    regions = [(state, *named) for state, named in REGIONS.items()]
    yield "star.dim_region", "state text, state_name text, region text, division text", regions
    currencies = [(currency, exponent, currency.lower()) for currency, exponent in CURRENCIES.items()]
    yield "star.dim_currency", "currency text, exponent integer, name text", currencies
    yield "star.dim_merchant", "merchant_id text, name text", list(MERCHANTS.items())
    yield "star.dim_date", "date_key integer, month date, year integer, weekday integer, weekday_name text", _days()
    segments = {(fact.customer_key, fact.customer_id) for fact in made if fact.customer_key is not None}
    urbanicities = [
        (key, customer, "West", URBANICITIES[int(key, 16) % len(URBANICITIES)]) for key, customer in sorted(segments)
    ]
    yield "star.customer_segments", "customer_key text, customer_id text, region text, urbanicity text", urbanicities


def _days() -> list[tuple[object, ...]]:
    """A calendar without gaps that begins and ends outside the data."""
    days = [FIRST.date() + timedelta(days=number) for number in range(-20, DAYS + 20)]
    return [(int(f"{d:%Y%m%d}"), d.replace(day=1), d.year, d.isoweekday(), f"{d:%A}") for d in days]


def _insert(table: str, rows: Sequence[tuple[object, ...]]) -> str:
    written = (f"({', '.join(map(_literal, row))})" for row in rows)
    return f"insert into {table} values {', '.join(written)}"


def _literal(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool() | int():
            return str(value).lower()
        case _:
            text = str(value).replace("'", "''")
            return f"'{text}'"


_MARTS: Final = (
    """create table marts.customer_month as
    select month, customer_id, currency, count(*) as transactions, cast(sum(net_minor) as bigint) as net_minor,
        min(occurred_at) as first_at, max(occurred_at) as last_at
    from star.fact_transactions group by month, customer_id, currency""",
    """create table marts.kpi_day as
    select date_key, currency, count(*) as transactions, cast(sum(net_minor) as bigint) as net_minor
    from star.fact_transactions group by date_key, currency""",
)
