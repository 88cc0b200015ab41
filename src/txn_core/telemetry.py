"""Logs as JSON lines on standard error; of an exception the places alone (`txn_core.crash_reports`)."""

import logging
import sys
from typing import Final

import structlog

from txn_core.crash_reports import places

QUIET: Final = ("httpx", "httpcore", "botocore", "aiobotocore", "aioboto3", "boto3", "urllib3", "asyncio")


def configure_logging(level: str, **bound: str) -> None:
    """Set up the process's logging once; `bound` is said on every line (the process's role)."""
    number = logging.getLevelNamesMapping()[level.upper()]
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(places),
    ]
    structlog.configure(
        processors=[*shared, structlog.processors.JSONRenderer()],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=False,
    )
    structlog.contextvars.bind_contextvars(**bound)
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(number)
    # Client libraries write URLs and bodies at their lower levels.
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
