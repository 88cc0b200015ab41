"""An upload of labels: lines become labels, and each is durable before it counts as accepted.

The upload itself is the same as of transactions (`bulk_upload.py`), with the table of labels for the stream.
"""

import asyncio
from dataclasses import dataclass
from typing import Final, NamedTuple

from fraud.records.documents import record_of
from fraud.records.label import Label
from fraud.review.label_desk import LabelDesk
from txn_api.stores import STORE_ERRORS
from txn_core.exceptions import OutcomeUnknownError, StoreError
from txn_core.transactions.identity import Account, TransactionId

UNDER_WAY_MAX: Final = 32
LABEL_S_MAX: Final = 10.0


@dataclass(frozen=True, slots=True)
class LabelToWrite:
    """A label, and whether its client gave the moment."""

    label: Label
    is_dated: bool


class LabelLine(NamedTuple):
    """A label of an upload.

    Attributes:
        data: the document of a `LabelToWrite`.
        card_id: the transaction's id; labels of one transaction are written one behind the other.
    """

    data: bytes
    card_id: str


class LabelSink:
    """Writes labels of one account, some at once."""

    def __init__(self, desk: LabelDesk, account: Account) -> None:
        self._desk, self._account = desk, account
        self._under_way: dict[str, asyncio.Task[None]] = {}

    def offer(self, card_id: str, data: bytes) -> "asyncio.Future[None] | None":
        """Begin to write a label; None while there are as many, or one of the same transaction."""
        if len(self._under_way) >= UNDER_WAY_MAX or card_id in self._under_way:
            return None
        task = asyncio.create_task(self._write(TransactionId(card_id), data))
        self._under_way[card_id] = task
        task.add_done_callback(lambda _: self._under_way.pop(card_id, None))
        return task

    async def room(self, card_id: str) -> None:
        """Wait until a label is written: of that transaction, or any."""
        waited_for = self._under_way.get(card_id)
        tasks = {waited_for} if waited_for is not None else set(self._under_way.values())
        if tasks:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)

    async def _write(self, transaction_id: TransactionId, data: bytes) -> None:
        to_write = record_of(LabelToWrite, data)
        try:
            async with asyncio.timeout(LABEL_S_MAX):
                await self._desk.put(self._account, transaction_id, to_write.label, is_dated=to_write.is_dated)
        except (*STORE_ERRORS, StoreError) as error:
            raise OutcomeUnknownError(type(error).__name__) from None
