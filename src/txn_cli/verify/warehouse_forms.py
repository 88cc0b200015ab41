"""What the tables of a warehouse must say of a transaction, worked out from the document, apart from the models' SQL.

A form is one table: the query for what it says of each transaction, and the same values from a document. Names,
streets and coordinates come into no table. Distances and profiles are checked by the tests of the models.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Any, Final

from txn_cli.verify.row_content import digest_of_values

Document = Mapping[str, object]

IDS: Final = ("account", "transaction_id", "writes", "card", "customer_id", "merchant_id", "merchant_name")
"""What a query gives before the values; `writes` is how often the transaction was sent."""
_BANDS: Final = ((18, "under 18"), (25, "18-24"), (35, "25-34"), (45, "35-44"), (55, "45-54"), (65, "55-64"))


@dataclass(frozen=True, slots=True)
class Form:
    """One table.

    Attributes:
        name: the table, as the report calls it.
        query: gives `IDS`, and then the values, the time first.
        values: the same values from a document.
        folded: whether a row stands for all writes of a transaction, under ids that hold across card key versions.
    """

    name: str
    query: str
    values: Callable[[Document], tuple[object, ...]]
    folded: bool = False

    def digest(self, document: Document) -> int:
        """What the table must say of a transaction, as a number to compare."""
        return digest_of_values(self.values(document))


def _landing_values(document: Document) -> tuple[object, ...]:
    customer = _part(document, "customer")
    born, postal_code = _born(customer), customer.get("postal_code")
    return (
        *_core(document),
        document.get("card_masked"),
        _part(document, "merchant").get("category"),
        customer.get("gender"),
        None if born is None else born.year,
        *(customer.get(name) for name in ("job", "city", "state", "city_population")),
        postal_code[:3] if isinstance(postal_code, str) else None,
    )


def _star_values(document: Document) -> tuple[object, ...]:
    customer, at = _part(document, "customer"), datetime.fromisoformat(str(document["occurred_at"]))
    amount, state = document["amount_minor"], customer.get("state")
    assert isinstance(amount, int)  # noqa: S101 - the document is one of ours
    return (
        *_core(document),
        -amount if document.get("type") in {"refund", "reversal"} else amount,
        at.year * 10_000 + at.month * 100 + at.day,
        f"{at.year:04}-{at.month:02}-01",
        at.hour,
        _part(document, "merchant").get("category") or "unknown",
        state if state in states() else "??",
        customer.get("gender") or "unknown",
        _band(_born(customer), at.date()),
    )


def _oltp_values(document: Document) -> tuple[object, ...]:
    return (*_core(document), document.get("card_masked"), _part(document, "merchant").get("category"))


_CORE: Final = (
    "{from_}.occurred_at, {from_}.type, {from_}.original_transaction_id, {from_}.amount_minor, {from_}.currency, "
    "{from_}.terminal_id, {from_}.entry_mode, {from_}.is_fraud"
)

LANDING: Final = Form(
    "landing",
    "select p.account, p.transaction_id, 1 as writes, p.card_id as card, p.customer_id, p.merchant_id, "
    "p.merchant_name, "
    + _CORE.replace("{from_}", "p")
    + ", p.card_masked, p.category, p.gender, p.birth_year, p.job, p.city, p.state, p.city_population, p.postal_area "
    "from {landing}.positions as p",
    _landing_values,
)
STAR: Final = Form(
    "star",
    "select f.account, f.transaction_id, f.writes, f.card_key as card, f.customer_id, f.merchant_id, "  # noqa: S608
    "m.name as merchant_name, "
    + _CORE.replace("{from_}", "f")
    + ", f.net_minor, f.date_key, cast(f.month as varchar(10)) as month, f.hour_utc, f.category, f.state, f.gender, "
    "f.age_band from {star}.fact_transactions as f "
    "left join {star}.dim_merchant as m on m.merchant_id = f.merchant_id",
    _star_values,
    folded=True,
)
OLTP: Final = Form(
    "oltp",
    "select t.account, t.transaction_id, 1 as writes, t.card_id as card, t.customer_id, t.merchant_id, "  # noqa: S608
    "m.name as merchant_name, "
    + _CORE.replace("{from_}", "t")
    + ", c.card_masked, t.category from {oltp}.transaction as t "
    "left join {oltp}.card as c on c.card_id = t.card_id "
    "left join {oltp}.merchant as m on m.merchant_id = t.merchant_id",
    _oltp_values,
)
OF_ANALYSTS: Final = (LANDING, STAR)
"""The tables that every warehouse has."""


@cache
def states() -> frozenset[str]:
    """The states that the star schema knows."""
    lines = (files("warehouse") / "models/seeds/regions.csv").read_text("utf-8").splitlines()
    return frozenset(line.split(",")[0] for line in lines[1:])


def _core(document: Document) -> tuple[object, ...]:
    terminal = _part(document, "terminal")
    return (
        document["occurred_at"],
        *(document.get(name) for name in ("type", "original_transaction_id", "amount_minor", "currency")),
        *(terminal.get(name) for name in ("terminal_id", "entry_mode")),
        document.get("is_fraud"),
    )


def _part(document: Document, name: str) -> Mapping[str, Any]:
    part = document.get(name)
    return part if isinstance(part, Mapping) else {}


def _born(customer: Mapping[str, Any]) -> date | None:
    text = customer.get("date_of_birth")
    return date.fromisoformat(text) if isinstance(text, str) else None


def _band(born: date | None, on: date) -> str:
    if born is None or born > on:
        return "unknown"
    age = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    return next((name for limit, name in _BANDS if age < limit), "65 and over")
