"""Whether a process can do its work right now: what it relies on is asked, all at once and not too often."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from aiohttp import ClientError as AiohttpError
from botocore.exceptions import BotoCoreError, ClientError

from txn_core.aws.types import KinesisClient
from txn_core.exceptions import TxnError
from txn_core.recent import RecentRead

OK: Final = "ok"
# Probes come from several balancers at once.
CACHED_S: Final = 2.0
CHECK_S_MAX: Final = 2.0
SEEN_S_MAX: Final = 5.0
"""How long ago a call of the process's own work may have succeeded to say that the stream answers."""
WAITS_MAX: Final = 64
"""Probes that wait for one round of checks: balancers are few."""

Check = Callable[[], Awaitable[object]]
"""Returns when all is well, and raises why it is not."""


class NotReadyError(TxnError):
    """Something that the process needs answers, and is not as it must be; the text says how."""


class ReadinessChecks:
    """Asks the checks at most once in `CACHED_S` seconds; while one fails, once in `fault_cached_s`.

    `why` turns the error of a check that failed into what the probe is told.
    """

    def __init__(
        self, checks: Mapping[str, Check], why: Callable[[Exception], str], fault_cached_s: float = CACHED_S
    ) -> None:
        self._checks, self._why = checks, why
        self._found = dict.fromkeys(checks, why(NotReadyError("not asked yet")))
        self._rounds = RecentRead(
            self._ask_all,
            lambda found: CACHED_S if set(found.values()) <= {OK} else fault_cached_s,
            read_s_max=2 * CHECK_S_MAX,
            waits_max=WAITS_MAX,
        )

    async def found(self) -> dict[str, str]:
        """By the name of the check, `ok` or why not; the last answers when too many wait for the next ones."""
        return await self._rounds.get() or self._found

    async def _ask_all(self) -> dict[str, str]:
        answers = await asyncio.gather(*map(self._ask, self._checks.values()))
        self._found = dict(zip(self._checks, answers, strict=True))
        return self._found

    async def _ask(self, check: Check) -> str:
        try:
            async with asyncio.timeout(CHECK_S_MAX):
                await check()
        # A TimeoutError is an OSError.
        except (NotReadyError, ClientError, BotoCoreError, AiohttpError, OSError) as error:
            return self._why(error)
        return OK


async def stream_usable(client: KinesisClient, stream: str, seen_s: Callable[[], float]) -> None:
    """Return when the stream takes and gives records, also while it is resharded.

    `seen_s` gives when a call of the process's own work last succeeded, by the clock of the event loop. While that is
    recent, nothing is asked. Otherwise ListShards is: AWS takes 1,000 such calls a second of each stream, and refuses
    them while the stream is made or deleted. DescribeStreamSummary, of which an account has 20 a second, is left to
    those who need what only it says.

    Raises:
        NotReadyError: the answer is broken.
        ClientError: the stream does neither.
    """
    if asyncio.get_running_loop().time() - seen_s() < SEEN_S_MAX:
        return
    if not (await client.list_shards(StreamName=stream, MaxResults=1)).get("Shards"):
        raise NotReadyError("the stream lists no shards")
