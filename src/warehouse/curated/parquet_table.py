"""The curated table as plain Parquet files and a log of commit files in the lake's bucket.

A commit is an object that is put unless its number is taken: whoever loses reads and plans again, and whoever does
not hear the answer reads what stands there. Files are written before the commit that names them. Every attempt gives
its files names of their own, which say up to which number the attempt may commit. When that number is taken, files
that no commit names are of no use to anybody, whatever the clocks say, and are cleared.
"""

import asyncio
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final

from txn_core.aws.objects import ObjectStore
from txn_core.aws.retry import Retry
from txn_core.exceptions import StoreError
from txn_core.transactions.instants import now
from warehouse.curated.attempts import in_a_few_attempts
from warehouse.curated.commit_documents import commit_bytes, commit_of, digest_of, snapshot_bytes, snapshot_of
from warehouse.curated.history import advanced, is_over
from warehouse.curated.table import (
    COMMITS_PREFIX,
    Commit,
    DataFile,
    Kind,
    NewFile,
    RawObject,
    Snapshot,
    commit_name,
)

SNAPSHOTS_PREFIX: Final = "curated/snapshots/"
DATA_PREFIX: Final = "curated/data/"
VAULT_PREFIX: Final = "vault/"
SNAPSHOT_COMMITS: Final = 32
"""Commits after which a snapshot is written: nobody reads many more of them one by one."""
SNAPSHOTS_KEPT: Final = 2
NUMBERS_TRIED: Final = 64
"""Numbers that a replacement tries: appends that come in between take nothing from it."""
READS_AT_ONCE: Final = 16


@dataclass(frozen=True, slots=True)
class _Attempt:
    """What somebody tries to commit, under a number up to `until`."""

    name: str
    until: int
    data: tuple[DataFile, ...]
    vault: tuple[DataFile, ...]


class ParquetTable:
    """The table in one bucket. Keeps the last snapshot, so that the next one costs only the commits in between."""

    def __init__(self, store: ObjectStore, retry: Retry = in_a_few_attempts) -> None:
        self._store, self._retry = store, retry
        self._known = Snapshot()
        self._stored = 0  # the number of the newest snapshot in the bucket

    async def snapshot(self) -> Snapshot:
        """The table now.

        Raises:
            StoreError: its log breaks the rules of the table, or is of a later version of us.
        """
        known = self._known  # of another call it may be a later one meanwhile
        if (newest := max(await self._numbers(SNAPSHOTS_PREFIX), default=0)) > known.number:
            key = _snapshot_name(newest)
            known = snapshot_of(await self._get(key), key)
        self._stored = newest
        numbers = await self._numbers(COMMITS_PREFIX, after=commit_name(known.number))
        limit = asyncio.Semaphore(READS_AT_ONCE)
        bodies = await asyncio.gather(*(self._limited(limit, commit_name(number)) for number in numbers))
        read = zip(numbers, bodies, strict=True)
        commits = ((commit_of(body, commit_name(number)), digest_of(body)) for number, body in read)
        known = advanced(known, commits)
        if known.number > self._known.number:
            self._known = known
        return known

    async def append(
        self, after: Snapshot, raw: Sequence[RawObject], data: Sequence[NewFile], vault: Sequence[NewFile]
    ) -> bool:
        """Commit the rows of raw objects under the next number; false when that number is taken."""
        number = after.number + 1
        attempt = await self._upload(number, data, vault)
        return await self._commit(attempt, number, "append", raw=tuple(raw))

    async def replace(
        self, after: Snapshot, removed: Sequence[DataFile], data: Sequence[NewFile], vault: Sequence[NewFile]
    ) -> bool:
        """Put files in the place of some; false when another one was quicker, or appends were all the time."""
        attempt = await self._upload(after.number + NUMBERS_TRIED, data, vault)
        keys = tuple(file.key for file in removed)
        while after.number < attempt.until and all(key in after.files or key in after.vault for key in keys):
            if await self._commit(attempt, after.number + 1, "replace", removed=keys):
                return True
            after = await self.snapshot()
        return False

    async def read(self, file: DataFile) -> bytes:
        """The bytes of a file."""
        return await self._get(file.key)

    async def clear(self) -> int:
        """Delete the files that nobody can commit any more, and those that nobody may read any more; how many.

        Also writes a snapshot when one is due, and deletes those that newer ones have replaced.
        """
        listed = [key for prefix in (DATA_PREFIX, VAULT_PREFIX) for key in await self._keys(prefix)]
        snapshot, moment = await self.snapshot(), now()
        dead = []
        for key in listed:
            if key in snapshot.files or key in snapshot.vault:
                continue
            removed_at = snapshot.removed.get(key)
            if is_over(removed_at, moment) if removed_at else _until(key) <= snapshot.number:
                dead.append(key)
        for key in dead:
            await self._retry("clear file", partial(self._store.delete, key))
        await self._keep_snapshots(snapshot)
        return len(dead)

    async def _keep_snapshots(self, snapshot: Snapshot) -> None:
        if snapshot.number >= self._stored + SNAPSHOT_COMMITS:
            await self._put(_snapshot_name(snapshot.number), snapshot_bytes(snapshot))
        for key in (await self._keys(SNAPSHOTS_PREFIX))[:-SNAPSHOTS_KEPT]:
            await self._retry("clear snapshot", partial(self._store.delete, key))

    async def _upload(self, until: int, data: Sequence[NewFile], vault: Sequence[NewFile]) -> _Attempt:
        name = secrets.token_hex(8)
        written: dict[str, tuple[DataFile, ...]] = {}
        for prefix, files in ((DATA_PREFIX, data), (VAULT_PREFIX, vault)):
            named = [(f"{prefix}{until:012d}-{name}-{place}.parquet", file) for place, file in enumerate(files)]
            for key, file in named:
                await self._put(key, file.body)
            written[prefix] = tuple(
                DataFile(key, file.rows, len(file.body), file.first_at, file.last_at, file.appends)
                for key, file in named
            )
        return _Attempt(name, until, written[DATA_PREFIX], written[VAULT_PREFIX])

    async def _commit(
        self,
        attempt: _Attempt,
        number: int,
        kind: Kind,
        *,
        raw: tuple[RawObject, ...] = (),
        removed: tuple[str, ...] = (),
    ) -> bool:
        commit = Commit(number, kind, attempt.name, now(), raw, attempt.data, attempt.vault, removed)
        body, name = commit_bytes(commit), commit_name(number)
        return await self._put(name, body) or await self._get(name) == body

    async def _put(self, key: str, body: bytes) -> bool:
        """Write an object; false when it is there already, perhaps since an answer was lost."""
        return await self._retry("write object", partial(self._store.put_if_absent, key, body, {}))

    async def _get(self, key: str) -> bytes:
        return await self._retry("read object", partial(self._store.read, key))

    async def _limited(self, limit: asyncio.Semaphore, key: str) -> bytes:
        async with limit:
            return await self._get(key)

    async def _keys(self, prefix: str, after: str = "") -> list[str]:
        async def listed() -> list[str]:
            return [entry.key async for entry in self._store.entries(prefix, after)]

        return await self._retry("list objects", listed)

    async def _numbers(self, prefix: str, after: str = "") -> list[int]:
        return [_until(key) for key in await self._keys(prefix, after)]


def _snapshot_name(number: int) -> str:
    return f"{SNAPSHOTS_PREFIX}{number:012d}.json.gz"


def _until(key: str) -> int:
    """The number that the name of an object begins with.

    Raises:
        StoreError: it begins with none.
    """
    digits = key.rpartition("/")[2][:12]
    if not (len(digits) == 12 and digits.isascii() and digits.isdecimal()):
        raise StoreError(f"{key} is no object of the curated table: remove it")
    return int(digits)
