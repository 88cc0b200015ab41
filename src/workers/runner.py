"""The composition root of a worker process: clients, tables, one kind of processor, signals."""

import asyncio
import os
import secrets
import signal
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import structlog

from txn_core.aws import Aws
from txn_core.dynamodb.merchants import MerchantTable
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import TransactionTable
from txn_core.objects import ObjectStore
from txn_core.settings import Settings
from workers.archive import RENDERINGS_AT_ONCE_MAX, Archive, ArchiveProcessor
from workers.bookkeeping import Books
from workers.buffer import BufferTotal, FlushLimits
from workers.dead_letters import DeadLetterBox, Seal
from workers.held_lease import HeldLease
from workers.index import Index, IndexProcessor, MerchantMemory
from workers.lease_table import LeaseTable
from workers.leases import WorkerName
from workers.ledger_table import LedgerTable
from workers.meters import Meters, ShardLag, served
from workers.outages import patiently
from workers.stopping import unless
from workers.worker import Processor, Worker

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

Kind = Literal["index", "archive"]
MakeProcessor = Callable[[HeldLease, ShardLag], Processor]

_log = structlog.get_logger(__name__)


async def run(kind: Kind, settings: Settings) -> None:
    """Work until SIGTERM or SIGINT, then finish, checkpoint and release the leases.

    Outages of the stores are waited out. Anything else that goes wrong is raised, in groups as tasks raise: the
    process is meant to end then and to be started again.

    Raises:
        SettingsError: the dead-letter key is missing.
        StoreError: the tables are not bootstrapped.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    try:
        await work(kind, settings, stopping)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def work(kind: Kind, settings: Settings, stopping: asyncio.Event) -> None:
    """Work until the event; `run` without the signals."""
    aws, meters, name = Aws(settings), Meters(kind), worker_name(settings)
    seal = Seal.of(settings)
    names = TableNames(settings.table_prefix)
    async with aws.kinesis(validate=False) as kinesis, aws.dynamodb() as dynamodb, aws.s3() as s3:
        store = ObjectStore(s3, settings.bucket)
        letters = DeadLetterBox(store, seal, kind, settings.stream, meters)
        books = Books(LedgerTable(dynamodb, names.ledger(kind)))
        if kind == "archive":
            make = _archive(settings, store, letters, meters, books)
        elif (make_index := await unless(stopping, _index(settings, dynamodb, letters, meters, books))) is not None:
            make = make_index
        else:
            return
        leases = LeaseTable(dynamodb, names.leases(kind))
        with served(meters, settings):
            _log.info("started", name=name, stream=settings.stream)
            worker = Worker(
                name=name, settings=settings, kinesis=kinesis, leases=leases, processor=make, meters=meters
            )
            await worker.run(stopping)


def worker_name(settings: Settings) -> WorkerName:
    """The owner name of this very process.

    It ends in a random part also when the name is given: a process that is started again under its old name must
    not pass for the one before, which may still be writing.
    """
    name = settings.worker_id or f"{socket.gethostname()}:{os.getpid()}"
    return WorkerName(f"{name}:{secrets.token_hex(4)}")


def _archive(
    settings: Settings, store: ObjectStore, letters: DeadLetterBox, meters: Meters, books: Books
) -> MakeProcessor:
    archive = Archive(
        store=store,
        letters=letters,
        meters=meters,
        limits=FlushLimits.of(settings),
        total=BufferTotal(),
        books=books,
        renderings=asyncio.Semaphore(RENDERINGS_AT_ONCE_MAX),
    )
    return lambda lease, lag: ArchiveProcessor(archive, lease, lag)


async def _index(
    settings: Settings, dynamodb: "DynamoDBClient", letters: DeadLetterBox, meters: Meters, books: Books
) -> MakeProcessor:
    names = TableNames(settings.table_prefix)
    index = Index(
        transactions=await patiently("open index", lambda: TransactionTable.open(dynamodb, names.transactions)),
        merchants=MerchantTable(dynamodb, names.merchants),
        letters=letters,
        meters=meters,
        memory=MerchantMemory(),
        books=books,
        slots=asyncio.Semaphore(settings.index_writes_in_flight_max),
        writes_max=settings.index_writes_in_flight_max,
    )
    return lambda lease, lag: IndexProcessor(index, lease, lag)
