"""A function that does what an event says, to see what becomes of it in an environment. It imports little."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

import structlog

from txn_core.exceptions import StoreError
from workers.lambdas.execution_environment import ExecutionEnvironment, InvocationContext, Opening

_log = structlog.get_logger(__name__)


async def _open(opening: Opening) -> Opening:
    if opening.settings.table_prefix == "broken":
        raise StoreError("the tables are not there")
    return opening


_environment = ExecutionEnvironment("lambda-sample", _open)


def handler(event: Mapping[str, Any], context: InvocationContext) -> Any:
    """Do it."""
    return _environment.invoke(partial(_do, event), context)


async def _do(event: Mapping[str, Any], site: Opening, deadline_s: float) -> Any:
    loop = asyncio.get_running_loop()
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
