"""The composition root of the ingest worker's process: clients, health, signals."""

import asyncio
from typing import Final

import structlog

from ingest.batches.batch_ids import BatchKey
from ingest.batches.receipt_store import ReceiptStore
from txn_core.api_keys import ApiKeyTable
from txn_core.aws.clients import Aws
from txn_core.aws.types import DynamoDBClient, S3Client
from txn_core.aws.versioned_objects import VersionedObjects
from txn_core.dynamodb.tables import TableNames
from txn_core.emf.reporter import reported
from txn_core.exceptions import SettingsError
from txn_core.settings import Settings
from txn_core.startup import freeze_startup_objects
from txn_core.tracing.traced import traced
from workers.hosts.health import readiness_of, served
from workers.hosts.process import worker_name
from workers.hosts.stopping import stopped_by_signals
from workers.ingest.account_keys import AccountKeys
from workers.ingest.file_ingest import FileIngest
from workers.ingest.ingest_metrics import IngestMetrics
from workers.ingest.ingest_worker import IngestWorker
from workers.retries import retry_outages

SERVICE: Final = "worker-ingest"
"""What logs, metrics and spans call the process."""

_log = structlog.get_logger(__name__)


async def run(settings: Settings) -> None:
    """Take in clients' files until SIGTERM or SIGINT.

    Raises:
        SettingsError: something that the worker needs is not set.
    """
    freeze_startup_objects()
    with stopped_by_signals() as stopping:
        await work(settings, stopping)


async def work(settings: Settings, stopping: asyncio.Event) -> None:
    """Work until the event; `run` without the signals."""
    _required(settings)  # before a client is made, which may say something else first
    metrics, aws = IngestMetrics(), Aws(settings)
    async with (
        reported(metrics.registry, settings, SERVICE),
        traced(metrics.registry, settings, SERVICE),
        aws.s3() as s3,
        aws.dynamodb() as dynamodb,
    ):
        worker = worker_of(settings, s3, dynamodb, metrics, stop_s=settings.shutdown_deadline_s)
        checks = {"clients_bucket": worker.bucket.reach, "lake": worker.files.receipts.reach}
        with served(metrics.registry, readiness_of(checks), settings):
            _log.info("started", name=worker.files.owner, bucket=worker.bucket.bucket)
            await worker.run(stopping)


def worker_of(
    settings: Settings, s3: S3Client, dynamodb: DynamoDBClient, metrics: IngestMetrics, *, stop_s: float
) -> IngestWorker:
    """What takes in files in a process, which waits `stop_s` seconds at most for the files under way when it ends.

    Raises:
        SettingsError: something that the worker needs is not set.
    """
    bucket_name, api_url, batch_key = _required(settings)
    bucket, lake = VersionedObjects(s3, bucket_name), VersionedObjects(s3, settings.lake_bucket)
    keys = AccountKeys(settings.ingest_api_keys, ApiKeyTable(dynamodb, TableNames.of(settings).api_keys))
    receipts, name = ReceiptStore(lake, retry_outages), worker_name(settings)
    files = FileIngest(bucket, receipts, batch_key, name, settings.ingest_takeover_s, metrics)
    return IngestWorker(bucket, files, keys, api_url, settings.ingest_poll_s, stop_s, metrics)


def _required(settings: Settings) -> tuple[str, str, BatchKey]:
    """The bucket, the API's address and the key of batch ids.

    Raises:
        SettingsError: one of them, or every API key, is not set.
    """
    if settings.ingest_bucket is None:
        raise SettingsError("the bucket of clients' files is not known: set TXN_INGEST_BUCKET")
    if settings.ingest_bucket == settings.bucket:
        raise SettingsError("TXN_INGEST_BUCKET is the bucket of the lake: clients' files need a bucket of their own")
    if settings.ingest_api_url is None:
        raise SettingsError("the API to upload to is not known: set TXN_INGEST_API_URL")
    if not settings.ingest_api_keys:
        raise SettingsError("no account has an API key: set TXN_INGEST_API_KEYS")
    return settings.ingest_bucket, settings.ingest_api_url, BatchKey.of(settings)
