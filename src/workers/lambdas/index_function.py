"""The index as a function of an event source mapping: `workers.lambdas.index_function.handler` (docs/lambda.md)."""

from collections.abc import Mapping
from functools import partial
from typing import Any

from prometheus_client.registry import Collector

from txn_core.aws.clients import Aws
from txn_core.drains import INDEX
from workers.context import DrainContext, opener_of
from workers.events.dead_letters import Seal
from workers.hosts.unleased import UnleasedHost
from workers.lambdas.execution_environment import ExecutionEnvironment, InvocationContext, Opening
from workers.lambdas.kinesis_events import BatchResponse, records_in, response
from workers.metrics import WorkerMetrics

_open_index = opener_of(INDEX)  # imported while the environment begins, not by its first invocation


async def _open(opening: Opening) -> tuple[UnleasedHost, Collector]:
    settings, stack = opening.settings, opening.stack
    seal, aws = Seal.of(settings), Aws(settings)
    kinesis = await stack.enter_async_context(aws.kinesis(validate=False))
    dynamodb = await stack.enter_async_context(aws.dynamodb_writer())
    store = await stack.enter_async_context(aws.lake())
    metrics = WorkerMetrics(INDEX.name)
    context = DrainContext(INDEX, settings, kinesis, dynamodb, store, seal, metrics, opening.patience)
    return UnleasedHost.of(context, await _open_index(context)), metrics.registry


_environment = ExecutionEnvironment(INDEX.name, _open)


def handler(event: Mapping[str, Any], context: InvocationContext) -> BatchResponse:
    """Index the records of an event; the answer names the first that is not durable.

    Raises:
        InvocationFailedError: what follows the last checkpoint is to be handed over again.
    """
    return _environment.invoke(partial(_index, event), context)


async def _index(event: Mapping[str, Any], host: UnleasedHost, deadline_s: float) -> BatchResponse:
    return response(await host.process(records_in(event, host.stream_name), deadline_s))
