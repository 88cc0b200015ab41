"""The files of the clients' bucket as a function: `workers.lambdas.files_function.handler` (docs/lambda.md).

An event of S3 names a file, which is taken in at once. Every other event, such as a schedule's, stands for a look
into the whole bucket: for files whose event never came, whose invocation has failed, or that take longer than one
invocation. Such a file is let go before the deadline, at the end of a chunk of rows, and its receipt says how far it
is. Whoever takes it in next goes on there.
"""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from prometheus_client.registry import Collector

from ingest.batches.hold import RELEASE_S_MAX
from txn_core.aws.clients import Aws
from txn_core.exceptions import StoreError
from workers.ingest.ingest_metrics import NAME, IngestMetrics
from workers.ingest.ingest_process import worker_of
from workers.ingest.ingest_worker import IngestWorker
from workers.lambdas.bucket_events import arrived_keys
from workers.lambdas.execution_environment import ExecutionEnvironment, InvocationContext, Opening

STOP_S: Final = 20.0
"""How long a chunk of rows that is under way may take once the time is up."""


async def _open(opening: Opening) -> tuple[IngestWorker, Collector]:
    metrics = IngestMetrics()
    aws, stack = Aws(opening.settings), opening.stack
    s3, dynamodb = await stack.enter_async_context(aws.s3()), await stack.enter_async_context(aws.dynamodb())
    return worker_of(opening.settings, s3, dynamodb, metrics, stop_s=STOP_S), metrics.registry


_environment = ExecutionEnvironment(NAME, _open)


def handler(event: Mapping[str, Any], context: InvocationContext) -> None:
    """Take in the files that the event names, or what lies in the bucket.

    Raises:
        InvocationFailedError: a file has to be tried again.
    """
    _environment.invoke(partial(_work, event), context)


async def _work(event: Mapping[str, Any], worker: IngestWorker, deadline_s: float) -> None:
    keys, failures = arrived_keys(event, worker.bucket.bucket), worker.failures
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    left_s = deadline_s - loop.time()
    worker.stop_s = min(STOP_S, left_s / 4)
    timer = loop.call_later(left_s - min(STOP_S + RELEASE_S_MAX, left_s / 2), stopping.set)
    try:
        async with asyncio.timeout_at(deadline_s):
            await (worker.sweep(stopping) if keys is None else worker.take_in_files(keys, stopping))
    finally:
        timer.cancel()
    if failed := worker.failures - failures:
        raise StoreError(f"{failed} files or folders could not be taken in just now")
