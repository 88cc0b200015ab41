"""No log line for each refusal."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

import structlog


def log_nothing() -> None:
    """Log nothing from now on."""
    logging.disable(logging.CRITICAL)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


@contextmanager
def logging_nothing() -> Iterator[None]:
    """Log nothing within the block."""
    before, disabled = structlog.get_config(), logging.root.manager.disable
    log_nothing()
    try:
        yield
    finally:
        structlog.configure(**before)
        logging.disable(disabled)
