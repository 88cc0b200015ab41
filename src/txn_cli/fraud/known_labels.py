"""What was known of transactions at a moment: the last label that says it was known by then."""

from fraud.records.documents import record_of
from fraud.records.label import LabelledTransaction
from txn_cli.fraud.labelled_lake import KnownLabels
from txn_core.dynamodb.review.labels import LabelTable
from txn_core.transactions.instants import Instant


async def known_labels(table: LabelTable, by: Instant) -> KnownLabels:
    """The labels that were known by a moment, which their `labelled_at` says, of all accounts."""
    found: dict[tuple[str, str], bool] = {}
    async for document in table.walk():
        transaction = record_of(LabelledTransaction, document)
        known = [label for label in transaction.history if label.labelled_at <= by]
        if known:
            found[transaction.account, transaction.transaction_id] = known[-1].value == "fraud"
    return found
