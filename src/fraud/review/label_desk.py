"""Where labels are written: read, add, and write on the version that was seen, until nobody else was quicker."""

import asyncio
import random
from collections.abc import Callable
from typing import Final

from fraud.records.documents import document_of, record_of
from fraud.records.label import Label, LabelledTransaction, labelled
from txn_core.dynamodb.review.labels import LabelTable
from txn_core.exceptions import StoreError
from txn_core.transactions.identity import Account, TransactionId

ROUNDS_MAX: Final = 100
PAUSE_S_MAX: Final = 0.1


class LabelDesk:
    """Writes and reads labels."""

    def __init__(self, table: LabelTable, random_: Callable[[], float] = random.random) -> None:
        self._table, self._random = table, random_

    async def of(self, account: Account, transaction_id: TransactionId) -> LabelledTransaction | None:
        """The labels of a transaction, read consistently."""
        document = await self._table.of(account, transaction_id)
        return None if document is None else record_of(LabelledTransaction, document)

    async def put(
        self, account: Account, transaction_id: TransactionId, label: Label, *, is_dated: bool = True
    ) -> LabelledTransaction:
        """Add a label, and give all labels of the transaction; a label that is there already changes nothing.

        Raises:
            StoreError: others labelled the same transaction again and again. To add the label once more is safe.
        """
        for lost in range(ROUNDS_MAX):
            known = await self.of(account, transaction_id)
            after = labelled(known, label, account=account, transaction_id=transaction_id, is_dated=is_dated)
            if after is known or await self._table.put(account, transaction_id, after.version, document_of(after)):
                return after
            await asyncio.sleep(self._random() * min(PAUSE_S_MAX, 0.002 * 2**lost))
        raise StoreError("too many labelled the same transaction at once")
