"""The index as a drain: its stores, what it checks, and the replay of the lake while a generation is built."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

from txn_core.dynamodb.cards import CardTable
from txn_core.dynamodb.expiry import Expiry
from txn_core.dynamodb.merchants import MerchantTable
from txn_core.dynamodb.transactions import TransactionTable
from txn_core.transactions.identity import Account, TransactionId
from workers.context import DrainContext
from workers.drain import Drain
from workers.index.card_ids import CardIds
from workers.index.index_processor import Index, IndexMetrics, IndexProcessor
from workers.index.merchant_memory import MerchantMemory
from workers.retries import retry_outages

if TYPE_CHECKING:
    from txn_core.readiness import Check
    from workers.rebuild.lake_replay import LakeReplay
    from workers.rebuild.rebuild import Origin

_NOBODYS: Final = Account("#ready"), TransactionId("#ready")  # no account is called so: whether the table answers


async def open_index(context: DrainContext, origin: "Origin | None" = None) -> Drain:
    """The index; with an origin, the generation of the settings is built from there.

    Raises:
        StoreError: the tables are not bootstrapped, or the generation was begun from another origin.
    """
    replayed = None if origin is None else await _begun(origin, context)
    index = await index_of(context)
    # A conflict or poison holds up its shard until its letter is put.
    checks: dict[str, Check] = {
        "sink": partial(index.transactions.get, *_NOBODYS),
        "dead_letters": context.store.reach,
    }
    return Drain(partial(IndexProcessor, index), checks, tasks=() if replayed is None else (replayed(index).run,))


async def _begun(origin: "Origin", context: DrainContext) -> "Callable[[Index], LakeReplay] | None":
    """Begin a generation; gives what replays the lake into it, if it is built from there.

    Nothing is begun from the lake where pyarrow is missing.
    """
    from workers.rebuild.rebuild import LAKE, begin  # noqa: PLC0415 - it makes tables, which is the exception

    beginning = partial(begin, origin, context.settings, context.kinesis, context.dynamodb)
    if origin != LAKE:
        await beginning()
        return None
    from workers.rebuild.lake_replay import LakeReplay  # noqa: PLC0415 - it needs pyarrow, which the index does not

    progress = await beginning()
    return None if progress is None else partial(LakeReplay, context.store, context.seal, progress=progress)


async def index_of(context: DrainContext) -> Index:
    """The index as one process writes it.

    Raises:
        StoreError: the table is not there or was not bootstrapped.
    """
    names, dynamodb, writes_max = context.names, context.dynamodb, context.settings.index_writes_in_flight_max
    expiry = Expiry.of(context.settings)
    opening = partial(TransactionTable.open, dynamodb, names.transactions, expiry)
    return Index(
        transactions=await retry_outages("open index", opening, until=context.patience),
        merchants=MerchantTable(dynamodb, names.merchants),
        dead_letters=context.dead_letters,
        metrics=context.metrics,
        counts=IndexMetrics(context.metrics),
        memory=MerchantMemory(),
        cards=CardIds(CardTable(dynamodb, names.cards), patience=context.patience),
        checkpointer=context.checkpointer,
        slots=asyncio.Semaphore(writes_max),
        writes_max=writes_max,
        patience=context.patience,
    )
