"""What the normalised database should hold: a plain fold over all rows, in no particular order."""

from collections.abc import Iterable
from typing import Any, Final

from tests.warehouse.landing.commits import MadeCommit

Row = dict[str, Any]

TRANSACTION: Final = (
    *("account", "transaction_id", "type", "original_transaction_id", "amount_minor", "currency", "accepted_at"),
    *("occurred_at", "card_id", "customer_id", "merchant_id", "category", "terminal_id", "entry_mode", "is_fraud"),
    "meters_from_home",
)
CUSTOMER: Final = (
    "customer_id",
    "first_name",
    "last_name",
    "gender",
    "date_of_birth",
    "job",
    "street",
    "city",
    "state",
)


def written(row: Row) -> tuple[Any, ...]:
    """The order of writes."""
    return row["accepted_at"], row["shard_id"], int(row["sequence_number"]), row["sub_sequence_number"]


def transactions(commits: Iterable[MadeCommit]) -> list[tuple[Any, ...]]:
    """The first write of each id."""
    first: dict[tuple[str, str], Row] = {}
    for row in _rows(commits):
        key = row["account"], row["transaction_id"]
        if key not in first or written(row) < written(first[key]):
            first[key] = row
    return [tuple(row[name] for name in TRANSACTION) for _, row in sorted(first.items())]


def merchants(commits: Iterable[MadeCommit]) -> dict[str, str]:
    """The spelling of each merchant that was written first."""
    ordered = sorted(_rows(commits), key=written, reverse=True)
    return {row["merchant_id"]: row["merchant_name"] for row in ordered}


def customers(commits: Iterable[MadeCommit]) -> list[tuple[Any, ...]]:
    """What was said of each customer at the latest transaction, with what the vault knows of that."""
    commits = list(commits)
    ordered = sorted(_rows(commits), key=lambda row: (row["occurred_at"], written(row)))
    latest = {row["customer_id"]: row for row in ordered if row["has_customer"]}
    said = sorted((row for each in commits for row in each.vault.to_pylist()), key=lambda row: row["first_commit"])
    found = []
    for customer_id in sorted({row["customer_id"] for row in ordered}):
        profile = latest.get(customer_id, {})
        vault = [row for row in said if row["customer_id"] == customer_id and profile and _same(profile, row)]
        known = {**dict.fromkeys(CUSTOMER), **(vault[-1] if vault else {}), "customer_id": customer_id}
        known |= {name: profile.get(name) for name in ("gender", "job")}
        found.append(tuple(known[name] for name in CUSTOMER))
    return found


def _same(profile: Row, vault: Row) -> bool:
    area = vault["postal_code"] and vault["postal_code"][:3]
    year = vault["date_of_birth"] and int(vault["date_of_birth"][:4])
    own = (profile["account"], profile["city"], profile["state"], profile["postal_area"], profile["birth_year"])
    return own == (vault["account"], vault["city"], vault["state"], area, year)


def _rows(commits: Iterable[MadeCommit]) -> Iterable[Row]:
    return (row for each in commits for row in each.rows.to_pylist())
