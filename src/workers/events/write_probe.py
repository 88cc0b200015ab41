"""Finding out whether DynamoDB refuses a write for its event: it does when it takes the sample event instead.

A refusal's code does not say enough (`ValidationException` is an item too large or a request that is wrong for
every item), and a record that is set apart by mistake is one that its view lacks. So nothing is set apart but by
trial, and a trial writes nothing. The lake needs none: S3 looks at no byte of an object, so that what it refuses is
no record's fault.
"""

from dataclasses import dataclass

from txn_core.dynamodb.merchants import MerchantTable
from txn_core.dynamodb.transactions import IndexItem, TransactionTable
from txn_core.positions import WriteOrder
from txn_core.transactions.event import Event
from workers.events.sample_event import SAMPLE, SAMPLE_RECORD
from workers.retries import UNLIMITED, Patience, retry_outages


@dataclass(frozen=True, slots=True)
class IndexWriteProbe:
    """Trials of one event in the tables of the index."""

    transactions: TransactionTable
    merchants: MerchantTable
    patience: Patience = UNLIMITED

    async def refused_alone(self, event: Event, data: bytes, order: WriteOrder) -> bool:
        """Whether one of the tables can never hold this event although it takes others.

        Raises:
            ClientError: a table refuses for a reason that is not in the event.
        """
        return not await self._taken(event, data, order) and await self._taken(
            SAMPLE, SAMPLE_RECORD.data, WriteOrder.of(SAMPLE.accepted_at, SAMPLE_RECORD.position)
        )

    async def _taken(self, event: Event, data: bytes, order: WriteOrder) -> bool:
        item, name = IndexItem.of(event, data, order), event.merchant.name
        return await retry_outages(
            "index trial", lambda: self.transactions.would_take(item), until=self.patience
        ) and await retry_outages(
            "merchant trial",
            lambda: self.merchants.would_take(event.account, event.merchant_id, name, order),
            until=self.patience,
        )
