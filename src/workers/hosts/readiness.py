"""Whether a worker process does its part now: stream, lease table and sink answer, and it looks after leases."""

import asyncio
from collections.abc import Mapping
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from txn_core.errors import TxnError
from workers.drain import Check
from workers.retries import code_of

OK: Final = "ok"
# AWS allows 20 DescribeStreamSummary calls a second an account, and every worker may be probed.
CACHED_S: Final = 2.0
FAULT_CACHED_S: Final = 0.5  # who waits for a worker that starts does not wait much longer than it takes
CHECK_S_MAX: Final = 2.0


class NotReadyError(TxnError):
    """Something that a worker needs answers, and is not as it must be; the text says how."""


class Readiness:
    """Checks what a worker relies on, all at once, and at most once in `CACHED_S` seconds.

    While something is amiss, it is every `FAULT_CACHED_S`.
    """

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._lock = asyncio.Lock()
        self._check_at_s = float("-inf")
        self._found: dict[str, str] = {}

    async def found(self) -> dict[str, str]:
        """By name, `ok` or why not: an error's code, or what is wrong in words."""
        async with self._lock:
            now_s = asyncio.get_running_loop().time()
            if now_s >= self._check_at_s:
                answers = await asyncio.gather(*map(_asked, self._checks.values()))
                self._found = dict(zip(self._checks, answers, strict=True))
                self._check_at_s = now_s + (CACHED_S if set(answers) <= {OK} else FAULT_CACHED_S)
            return self._found


async def _asked(check: Check) -> str:
    try:
        async with asyncio.timeout(CHECK_S_MAX):
            await check()
    except NotReadyError as error:
        return str(error)
    except (ClientError, BotoCoreError, OSError) as error:  # of which TimeoutError is one
        return code_of(error)
    return OK
