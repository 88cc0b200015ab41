"""What it looks like when a store cannot be reached, whichever client says it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog
from aiohttp import ClientError as AiohttpError
from botocore.exceptions import BotoCoreError, ClientError

from txn_api.problems import StoreUnavailable

STORE_ERRORS: Final = (ClientError, BotoCoreError, AiohttpError, TimeoutError, OSError)

log = structlog.get_logger()


@asynccontextmanager
async def store_reads() -> AsyncIterator[None]:
    """Turn a store's failure into the problem that says so."""
    try:
        yield
    except STORE_ERRORS as error:
        code = error.response["Error"].get("Code") if isinstance(error, ClientError) else None
        log.warning("store unavailable", error=code or type(error).__name__)
        raise StoreUnavailable from None
