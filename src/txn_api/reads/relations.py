"""What refunds and reversals make of the transaction that they refer to.

It follows from the rows that are stored at the moment of reading, each id once, and from nothing else. So the order
of arrival, replays and rebuilds do not matter, and what conflicts with a refund's first content counts nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal, get_args

from pydantic_core import from_json, to_json

from txn_api.reads.differences import card_ids
from txn_core.dynamodb.ranges import Row
from txn_core.transactions.identity import normalise_merchant

SUMMED_MAX: Final = 100
"""Refunds and reversals of one transaction that are summed up when it is read."""
Flag = Literal["exceeds_original", "currency_differs", "card_differs", "merchant_differs"]


@dataclass(frozen=True, slots=True)
class Relations:
    """What refers to a transaction, in the minor units of its own currency; None where that is not known.

    It is not where more refer to it than are summed up, and where not all of them could be read.

    `original_missing` is None of a transaction that refers to none.
    """

    refunded_minor: int | None
    reversed_minor: int | None
    reversed: bool | None
    flags: tuple[Flag, ...]
    original_missing: bool | None = None

    def added_to(self, document: str) -> str:
        """A transaction's JSON document with its relations."""
        members: dict[str, object] = {
            "refunded_minor": self.refunded_minor,
            "reversed_minor": self.reversed_minor,
            "reversed": self.reversed,
            "flags": self.flags,
        }
        if self.original_missing is not None:
            members["original_missing"] = self.original_missing
        return f"{document[:-1]},{to_json(members).decode()[1:]}"


def relations_of(
    event: str, related: Sequence[Row], *, is_all: bool, original_missing: bool | None = None
) -> Relations:
    """The relations of an event by rows that refer to it; `is_all` says whether all do, flags are of those alone."""
    own, rows = from_json(event), [from_json(row.event) for row in related]
    totals = {"refund": 0, "reversal": 0}
    for row in rows:
        if row["currency"] == own["currency"] and row["type"] in totals:
            totals[row["type"]] += row["amount_minor"]
    raised = {flag for row in rows for flag in _differences(own, row)}
    if sum(totals.values()) > own["amount_minor"]:
        raised.add("exceeds_original")
    is_reversed = totals["reversal"] >= own["amount_minor"] and any(
        row["type"] == "reversal" and row["currency"] == own["currency"] for row in rows
    )
    return Relations(
        refunded_minor=totals["refund"] if is_all else None,
        reversed_minor=totals["reversal"] if is_all else None,
        reversed=is_reversed if is_all or is_reversed else None,
        flags=tuple(flag for flag in get_args(Flag) if flag in raised),
        original_missing=original_missing,
    )


def _differences(own: Mapping[str, Any], row: Mapping[str, Any]) -> list[Flag]:
    found: list[Flag] = []
    if row["currency"] != own["currency"]:
        found.append("currency_differs")
    if not card_ids(row) & card_ids(own):
        found.append("card_differs")
    # Not by their ids, which an older rule may have made.
    if normalise_merchant(row["merchant"]["name"]) != normalise_merchant(own["merchant"]["name"]):
        found.append("merchant_differs")
    return found
