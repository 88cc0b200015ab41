"""What it looks like when a store cannot be reached, whichever client says it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import structlog
from aiohttp import ClientError as AiohttpError
from botocore.exceptions import BotoCoreError, ClientError

from txn_api.problems import OutcomeUnknown, StoreUnavailable
from txn_core.aws.errors import code_of
from txn_core.exceptions import StoredEventError, StoreError

STORE_ERRORS: Final = (ClientError, BotoCoreError, AiohttpError, TimeoutError, OSError)

# A client's time-outs begin when it has a connection; waiting for one has to end, too.
READ_S_MAX: Final = 10.0

_log = structlog.get_logger()


@asynccontextmanager
async def store_reads(deadline_s: float = READ_S_MAX) -> AsyncIterator[None]:
    """Turn a store's failure into the problem that says so, and reads that take longer than this too."""
    try:
        async with asyncio.timeout(deadline_s):
            yield
    except STORE_ERRORS as error:
        _log.warning("store_not_reached", error=code_of(error))
        raise StoreUnavailable from None
    except StoredEventError as error:  # another version may have written it, and a process of that can read it
        _log.error("transactions_unreadable", reason=str(error))
        raise StoreUnavailable from None


@asynccontextmanager
async def store_writes(deadline_s: float = READ_S_MAX) -> AsyncIterator[None]:
    """The same of conditional writes, which may have been carried out; also when others were always quicker."""
    try:
        async with asyncio.timeout(deadline_s):
            yield
    except (*STORE_ERRORS, StoreError) as error:
        _log.warning("store_not_reached", error=code_of(error))
        raise OutcomeUnknown from None
