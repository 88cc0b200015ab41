"""Of a transaction's labels the last one counts that was known at the moment that is asked about."""

from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from fraud.records.documents import document_of
from fraud.records.label import Label, LabelledTransaction, LabelValue, labelled
from txn_cli.fraud.known_labels import known_labels
from txn_core.dynamodb.review.labels import LabelTable
from txn_core.transactions.identity import Account, TransactionId
from txn_core.transactions.instants import Instant


def day(number: int) -> Instant:
    return Instant(f"2026-01-{number:02d}T00:00:00.000000Z")


class Walked(LabelTable):
    """Labels that somebody stored."""

    def __init__(self, *documents: str) -> None:
        super().__init__(cast("Any", None), "labels")
        self._documents = documents

    async def walk(self, *, segment: int = 0, segments: int = 1) -> AsyncIterator[str]:
        for document in self._documents:
            yield document


def stored(account: str, name: str, *labels: tuple[LabelValue, int]) -> str:
    """A transaction's labels as they were made, all of them recorded on the last day of the month."""
    found: LabelledTransaction | None = None
    for value, known in labels:
        label = Label(value=value, source="chargeback", labelled_at=day(known), recorded_at=day(31), by="bank")
        found = labelled(found, label, account=Account(account), transaction_id=TransactionId(name))
    return document_of(found)


@pytest.mark.parametrize(
    ("by", "known"),
    [
        (1, {}),
        (2, {("acme", "one"): True}),
        (3, {("acme", "one"): True, ("globex", "one"): False}),
        (9, {("acme", "one"): False, ("globex", "one"): False}),
    ],
)
async def test_the_last_label_known_by_then_counts_of_each_account(
    by: int, known: dict[tuple[str, str], bool]
) -> None:
    table = Walked(stored("acme", "one", ("legitimate", 9), ("fraud", 2)), stored("globex", "one", ("legitimate", 3)))
    assert await known_labels(table, day(by)) == known
