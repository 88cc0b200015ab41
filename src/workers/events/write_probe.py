"""Finding the record for which a store refuses a write: it is refused alone while a specimen is taken.

A refusal's code does not say enough (`ValidationException` is an item too large or a request that is wrong for
every item), and a record that is set apart by mistake is one that its view lacks. So nothing is set apart but by
trial. In DynamoDB a trial writes nothing; in S3 it is an object under `trials/` that is removed at once.
"""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from botocore.exceptions import ClientError

from txn_core.dynamodb.merchants import MerchantTable
from txn_core.dynamodb.transactions import IndexItem, TransactionTable
from txn_core.kinesis.record_batch import Arrived
from txn_core.objects import ObjectStore
from txn_core.positions import WriteOrder
from txn_core.transactions.event import Event
from workers.archive.rendering import render
from workers.events.sample_event import SPECIMEN, SPECIMEN_RECORD
from workers.retries import patiently

TRIAL_PREFIX: Final = "trials/"
# Bad request, too large, wrong type, unprocessable. A missing bucket (404) or right (403) is no record's fault.
_OF_CONTENT: Final = frozenset({400, 413, 415, 422})


@dataclass(frozen=True, slots=True)
class IndexTrial:
    """Trials of one event in the tables of the index."""

    transactions: TransactionTable
    merchants: MerchantTable

    async def refused_alone(self, event: Event, data: bytes, order: WriteOrder) -> bool:
        """Whether one of the tables can never hold this event although it takes others.

        Raises:
            ClientError: a table refuses for a reason that is not in the event.
        """
        specimen_order = WriteOrder.of(SPECIMEN.accepted_at, SPECIMEN_RECORD.position)
        return not await self._taken(event, data, order) and await self._taken(
            SPECIMEN, SPECIMEN_RECORD.data, specimen_order
        )

    async def _taken(self, event: Event, data: bytes, order: WriteOrder) -> bool:
        item, name = IndexItem.of(event, data, order), event.merchant.name
        return await patiently("index trial", lambda: self.transactions.would_take(item)) and await patiently(
            "merchant trial",
            lambda: self.merchants.would_take(event.account, event.merchant_id, name, order),
        )


@dataclass(frozen=True, slots=True)
class LakeTrial:
    """Trials of records in the object store of the lake."""

    store: ObjectStore

    async def refused_alone(self, refusal: ClientError, records: Sequence[Arrived]) -> list[Arrived]:
        """The records for which a refused object was refused, found by halving; none when that was no record's fault.

        Raises:
            ClientError: the store refuses for a reason that is not in the records.
        """
        if not _may_be_content(refusal) or not await self._taken([SPECIMEN_RECORD]):
            return []
        return await self._halved(records)

    async def _halved(self, records: Sequence[Arrived]) -> list[Arrived]:
        if await self._taken(records):
            return []
        if len(records) == 1:
            return list(records)
        half = len(records) // 2
        return await self._halved(records[:half]) + await self._halved(records[half:])

    async def _taken(self, records: Sequence[Arrived]) -> bool:
        """Whether the store takes the object of some records; what was no event would not be in it anyway."""
        parquet = (await asyncio.to_thread(render, records)).parquet
        if parquet is None:
            return True
        key = f"{TRIAL_PREFIX}{secrets.token_hex(16)}.parquet"
        try:
            await patiently("trial object", lambda: self.store.put_if_absent(key, parquet, {}))
        except ClientError as error:
            if not _may_be_content(error):
                raise
            return False
        await patiently("trial object", lambda: self.store.delete(key))
        return True


def _may_be_content(error: ClientError) -> bool:
    return error.response.get("ResponseMetadata", {}).get("HTTPStatusCode") in _OF_CONTENT
