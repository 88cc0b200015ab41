"""A function that does what an event says, to see what becomes of it in an environment. It imports little."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

import structlog
from prometheus_client import CollectorRegistry, Counter

from txn_core.exceptions import StoreError
from workers.lambdas.execution_environment import ExecutionEnvironment, InvocationContext, Opening

_log = structlog.get_logger(__name__)


async def _open(opening: Opening) -> tuple[Opening, CollectorRegistry]:
    if opening.settings.table_prefix == "broken":
        raise StoreError("the tables are not there")
    return opening, _registry


_registry = CollectorRegistry()
_done = Counter("txn_sample_done", "What was done", registry=_registry)
_environment = ExecutionEnvironment("sample", _open)


def handler(event: Mapping[str, Any], context: InvocationContext) -> Any:
    """Do it."""
    return _environment.invoke(partial(_do, event), context)


async def _do(event: Mapping[str, Any], site: Opening, deadline_s: float) -> Any:
    loop = asyncio.get_running_loop()
    _done.inc()
    match event["do"]:
        case "tell":
            key = site.settings.dead_letter_key
            return {
                "loop": id(loop),
                "site": id(site),
                "left_s": deadline_s - loop.time(),
                "patient_s": site.patience.left_s(),
                "has_key": key is not None and len(key.get_secret_value()) == 32,
            }
        case "log":
            _log.info("said", number=event["number"])
        case "let a minute pass":
            if _environment._reporter is not None:
                _environment._reporter._due_s = 0.0
        case "raise":
            raise ValueError(event["text"])
        case "raise group":
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(_raise(event["text"]))
        case "raise ours":
            raise StoreError("the store is not there")
    return None


async def _raise(text: str) -> None:
    raise KeyError(text)
