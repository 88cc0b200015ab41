"""The composition root of the ingest worker's process: clients, health, signals."""

import asyncio
from typing import Final

import structlog

from ingest.batches.batch_ids import BatchKey
from ingest.batches.receipt_store import ReceiptStore
from txn_core.api_keys import ApiKeyTable
from txn_core.aws.clients import Aws
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
    bucket_name, api_url, batch_key = _required(settings)
    metrics = IngestMetrics()
    aws, name = Aws(settings), worker_name(settings)
    async with (
        reported(metrics.registry, settings, SERVICE),
        traced(metrics.registry, settings, SERVICE),
        aws.s3() as s3,
        aws.dynamodb() as dynamodb,
    ):
        bucket, lake = VersionedObjects(s3, bucket_name), VersionedObjects(s3, settings.lake_bucket)
        keys = AccountKeys(settings.ingest_api_keys, ApiKeyTable(dynamodb, TableNames.of(settings).api_keys))
        files = FileIngest(
            bucket, ReceiptStore(lake, retry_outages), batch_key, name, settings.ingest_takeover_s, metrics
        )
        worker = IngestWorker(
            bucket, files, keys, api_url, settings.ingest_poll_s, settings.shutdown_deadline_s, metrics
        )
        checks = {"clients_bucket": bucket.reach, "lake": lake.reach}
        with served(metrics.registry, readiness_of(checks), settings):
            _log.info("started", name=name, bucket=bucket_name)
            await worker.run(stopping)


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
