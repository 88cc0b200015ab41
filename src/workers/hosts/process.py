"""The composition root of a worker process: clients, tables, one kind of processor, signals."""

import asyncio
import os
import secrets
import signal
import socket
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Final

import structlog

from txn_core.aws import Aws
from txn_core.collector import spare_the_collector
from txn_core.dynamodb.cards import CardTable
from txn_core.dynamodb.merchants import MerchantTable
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import TransactionTable
from txn_core.identity import Account, TransactionId
from txn_core.objects import ObjectStore
from txn_core.positions import ShardId
from txn_core.settings import Settings
from workers.archive.buffer import BufferTotal, FlushLimits
from workers.archive.processor import RENDERINGS_AT_ONCE_MAX, Archive, ArchiveProcessor
from workers.events.dead_letters import DeadLetterBox, Seal
from workers.hosts.health import served
from workers.hosts.leased import Processor, Worker
from workers.hosts.readiness import Check, NotReadyError, Readiness
from workers.hosts.stopping import unless
from workers.index.card_ids import CardIds
from workers.index.processor import Index, IndexProcessor, MerchantMemory
from workers.leases.checkpointing import Books
from workers.leases.held import HeldLease
from workers.leases.lease import WorkerName
from workers.leases.ledger_table import LedgerTable
from workers.leases.stream_watch import StreamWatch
from workers.leases.table import LeaseTable
from workers.metrics import Meters, ShardLag
from workers.reading.answers import required
from workers.rebuild.lake_replay import LakeReplay
from workers.rebuild.rebuild import Origin, begin
from workers.retries import patiently

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient
    from types_aiobotocore_kinesis import KinesisClient

Kind = str
MakeProcessor = Callable[[HeldLease, ShardLag], Processor]

_NOBODYS: Final = Account("#ready"), TransactionId("#ready")  # no account is called so: whether the table answers
_NO_SHARD: Final = ShardId("#ready")

_log = structlog.get_logger(__name__)


async def run(kind: Kind, settings: Settings, origin: Origin | None = None) -> None:
    """Work until SIGTERM or SIGINT, then finish, checkpoint and release the leases.

    With an origin, build the generation of the index that the settings name from there, and go on with it.

    Outages of the stores are waited out. Anything else that goes wrong is raised, in groups as tasks raise: the
    process is meant to end then and to be started again.

    Raises:
        SettingsError: the dead-letter key is missing.
        StoreError: the tables are not bootstrapped, or the generation was begun from another origin.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    spare_the_collector()
    try:
        await work(kind, settings, stopping, origin)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)


async def work(kind: Kind, settings: Settings, stopping: asyncio.Event, origin: Origin | None = None) -> None:
    """Work until the event; `run` without the signals."""
    aws, meters, name = Aws(settings), Meters(kind), worker_name(settings)
    seal = Seal.of(settings)
    names = TableNames.of(settings)
    async with aws.kinesis(validate=False) as kinesis, aws.dynamodb() as dynamodb, aws.lake() as store:
        letters = DeadLetterBox(store, seal, kind, settings.stream, meters)
        books = Books(LedgerTable(dynamodb, names.ledger(kind)))
        replay: LakeReplay | None = None
        if kind == "archive":
            make = archive_of(settings, store, letters, meters, books)
            sinks: dict[str, Check] = {"sink": store.reach}
        else:
            began = None if origin is None else begin(origin, settings, kinesis, dynamodb)
            progress = None if began is None else await unless(stopping, began)
            index = await unless(stopping, index_of(settings, dynamodb, letters, meters, books))
            if index is None:
                return
            make = partial(IndexProcessor, index)
            # A conflict or poison holds up its shard until its letter is put.
            sinks = {"sink": partial(index.transactions.get, *_NOBODYS), "dead_letters": store.reach}
            replay = None if progress is None else LakeReplay(store, seal, index, progress)
        leases = LeaseTable(dynamodb, names.leases(kind))
        worker = Worker(
            name=name,
            settings=settings,
            kinesis=kinesis,
            leases=leases,
            processor=make,
            meters=meters,
            stream=StreamWatch(kinesis, settings.stream, leases, meters, kind=kind),
        )
        checks: dict[str, Check] = {
            "stream": partial(_stream_answers, kinesis, settings.stream),
            "lease_table": partial(leases.row, _NO_SHARD),
            **sinks,
            "leases": worker.looks_after_leases,
            "shards": worker.gets_on,
        }
        with served(meters.registry, Readiness(checks), settings):
            _log.info("started", name=name, stream=settings.stream)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(worker.run(stopping))
                if replay is not None:
                    tasks.create_task(unless(stopping, replay.run()))


def worker_name(settings: Settings) -> WorkerName:
    """The owner name of this very process.

    It ends in a random part also when the name is given: a process that is started again under its old name must
    not pass for the one before, which may still be writing.
    """
    name = settings.worker_id or f"{socket.gethostname()}:{os.getpid()}"
    return WorkerName(f"{name}:{secrets.token_hex(4)}")


async def _stream_answers(kinesis: "KinesisClient", stream: str) -> None:
    summary = required(await kinesis.describe_stream_summary(StreamName=stream), "StreamDescriptionSummary")
    status = summary.get("StreamStatus")
    if status not in {"ACTIVE", "UPDATING"}:
        raise NotReadyError(f"the stream is {status}")


def archive_of(
    settings: Settings, store: ObjectStore, letters: DeadLetterBox, meters: Meters, books: Books
) -> MakeProcessor:
    """What makes the processors of an archive worker."""
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


async def index_of(
    settings: Settings, dynamodb: "DynamoDBClient", letters: DeadLetterBox, meters: Meters, books: Books
) -> Index:
    """The index as an index worker writes it.

    Raises:
        StoreError: the table is not there or was not bootstrapped.
    """
    names = TableNames.of(settings)
    return Index(
        transactions=await patiently("open index", lambda: TransactionTable.open(dynamodb, names.transactions)),
        merchants=MerchantTable(dynamodb, names.merchants),
        letters=letters,
        meters=meters,
        memory=MerchantMemory(),
        cards=CardIds(CardTable(dynamodb, names.cards)),
        books=books,
        slots=asyncio.Semaphore(settings.index_writes_in_flight_max),
        writes_max=settings.index_writes_in_flight_max,
    )
