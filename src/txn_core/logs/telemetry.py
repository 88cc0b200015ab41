"""Logs as JSON lines on standard error; of an exception the places alone (`txn_core.logs.crash_reports`).

Nobody who logs waits (`txn_core.logs.log_queue`): not our own loggers, not those of libraries, and not what is
printed on `sys.stderr`, which from then on leads to the same queue. Only fatal signals are reported past it, by the
interpreter.
"""

import atexit
import io
import logging
import os
import sys
from collections import Counter
from collections.abc import Mapping
from functools import partial
from typing import Final

import structlog

from txn_core.logs.crash_reports import code_places
from txn_core.logs.log_budget import EventBudget
from txn_core.logs.log_queue import LogQueue
from txn_core.logs.log_sources import CLOSED, Handler, Lines, Memory, Printed, Sink

QUIET: Final = ("httpx", "httpcore", "botocore", "aiobotocore", "aioboto3", "boto3", "urllib3", "asyncio")

_render: Final = structlog.processors.JSONRenderer()
_stamp: Final = structlog.processors.TimeStamper(fmt="iso", utc=True)
_queues: Final[list[LogQueue]] = []
"""The process's queue, the last one being in use."""
_budgets: Final[list[EventBudget]] = []
"""What the process's own lines are held to: one budget, or none."""
_sinks: Final[list[Sink]] = []
"""Where the process's lines go: one sink, or none before logging is set up."""
_reports: Final[Counter[str]] = Counter()


def configure_logging(level: str, *, budget: EventBudget | None = None, **bound: str) -> None:
    """Set up the process's logging once; `bound` is said on every line (the process's role).

    What our own loggers say is held to the `budget`, if any, unless the level is `debug`.
    """
    number = logging.getLevelNamesMapping()[level.upper()]
    _budgets[:] = [] if budget is None or number <= logging.DEBUG else [budget]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        _stamp,
        structlog.processors.ExceptionRenderer(code_places),
    ]
    _sinks[:] = [sink := _sink(bound)]
    structlog.configure(
        processors=[*_budgets, *shared, _render],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=lambda *_: Lines(sink),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(**bound)
    handler = Handler(sink)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    # Client libraries write URLs and bodies at their lower levels.
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


def put_line(line: bytes) -> bool:
    """Put a line that is rendered already, with its end, behind those of the loggers; false when it is dropped."""
    return bool(_sinks) and _sinks[-1].put(line)


def count_report() -> None:
    """Count a report of metrics to CloudWatch (`txn_core.emf`)."""
    _reports["emf"] += 1


def reports() -> int:
    """How many reports this process has made."""
    return _reports["emf"]


def dropped_lines() -> int:
    """How many lines of this process were not written, because nobody read them or nobody could."""
    return sum(queue.dropped for queue in _queues)


def left_out_lines() -> int:
    """How many lines of this process were left out, past the budget of their events."""
    return sum(budget.left_out for budget in _budgets)


def flush_logs() -> None:
    """Return when what was logged by now is written, or soon: for a process that is about to be frozen."""
    for queue in _queues[-1:]:
        queue.flush()


def _sink(bound: Mapping[str, str]) -> Sink:
    """A queue before the descriptor of standard error; the stream itself where it has none and so never waits."""
    try:
        descriptor = CLOSED if sys.stderr is None else sys.stderr.fileno()
    except (AttributeError, io.UnsupportedOperation):
        return Memory(sys.stderr)
    except ValueError:
        descriptor = CLOSED
    _close()
    queue = LogQueue(descriptor, partial(_gap_line, bound))
    _queues.append(queue)
    sys.stderr = io.TextIOWrapper(Printed(queue, descriptor), "utf-8", "backslashreplace", line_buffering=True)
    return queue


def _gap_line(bound: Mapping[str, str], lines: int) -> bytes:
    """What stands in the place of lines that were dropped."""
    event: structlog.typing.EventDict = {"lines": lines, **bound, "event": "log_lines_dropped"}
    event = _stamp(None, "warning", structlog.processors.add_log_level(None, "warning", event))
    return f"{_render(None, 'warning', event)!s}\n".encode()


def _close() -> None:
    """Write what is queued, at the end of the process."""
    for queue in _queues:
        queue.close()


def _begin_in_child() -> None:
    for queue in _queues:
        queue.begin()


atexit.register(_close)
os.register_at_fork(after_in_child=_begin_in_child)
