"""A bucket of versioned objects in memory, with a clock of its own; its process can be killed at any call."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import TypeVar

from txn_core.aws.versioned_objects import ETag, ListedObject, LoadedObject, ObjectTooLargeError, VersionedObjects

T = TypeVar("T")

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


class DeadError(Exception):
    """The process is dead: none of its calls comes through any more."""


@dataclass
class Clock:
    """The clock of S3."""

    now: datetime = BEGAN

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        self.now += timedelta(seconds=seconds)


@dataclass
class Life:
    """The calls of one process to all buckets: it is killed at the call `ends_at`, before it or behind its effect."""

    ends_at: int | None = None
    behind: bool = False
    calls: int = 0
    is_dead: bool = False

    def take(self, effect: Callable[[], T]) -> T:
        """Carry a call out, unless the process is dead."""
        if self.is_dead:
            raise DeadError
        self.calls += 1
        if self.calls != self.ends_at:
            return effect()
        self.is_dead = True
        if self.behind:
            effect()
        raise DeadError


@dataclass
class Stored:
    """An object."""

    body: bytes
    changed_at: datetime

    @property
    def etag(self) -> ETag:
        return ETag(f'"{md5(self.body, usedforsecurity=False).hexdigest()}"')


@dataclass
class MemoryVersions(VersionedObjects):
    """One bucket; `lived_by` another process, it holds the same objects."""

    bucket: str
    clock: Clock = field(default_factory=Clock)
    life: Life = field(default_factory=Life)
    objects: dict[str, Stored] = field(default_factory=dict)

    def lived_by(self, life: Life) -> "MemoryVersions":
        """The same bucket for another process."""
        return replace(self, life=life)

    async def reach(self) -> None:
        await self._call(lambda: None)

    async def find(self, key: str) -> ListedObject | None:
        return await self._call(lambda: self._listed(key) if key in self.objects else None)

    async def load(self, key: str, bytes_max: int | None = None) -> LoadedObject | None:
        def load() -> LoadedObject | None:
            found = self.objects.get(key)
            if found is not None and bytes_max is not None and len(found.body) > bytes_max:
                raise ObjectTooLargeError
            age = None if found is None else self.clock.now - found.changed_at
            return None if found is None or age is None else LoadedObject(found.body, found.etag, age.total_seconds())

        return await self._call(load)

    async def part(self, key: str, etag: ETag, start: int, end: int) -> bytes | None:
        return await self._call(lambda: self.objects[key].body[start:end] if self._is_at(key, etag) else None)

    async def write(self, key: str, body: bytes, *, over: ETag | None) -> ETag | None:
        def write() -> ETag | None:
            if key in self.objects if over is None else not self._is_at(key, over):
                return None
            self.objects[key] = Stored(body, self.clock.now)
            return self.objects[key].etag

        return await self._call(write)

    async def put(self, key: str, body: bytes) -> None:
        await self._call(lambda: self.objects.update({key: Stored(body, self.clock.now)}))

    async def remove(self, key: str, etag: ETag) -> bool:
        return await self._call(lambda: self._is_at(key, etag) and self.objects.pop(key) is not None)

    async def listed(self, prefix: str) -> AsyncIterator[ListedObject]:
        for each in await self._call(lambda: [self._listed(key) for key in sorted(self.objects)]):
            if each.key.startswith(prefix):
                yield each

    async def folders(self, prefix: str = "") -> list[str]:
        inside = [key.removeprefix(prefix) for key in self.objects if key.startswith(prefix)]
        return await self._call(lambda: sorted({key.partition("/")[0] for key in inside if "/" in key}))

    def _is_at(self, key: str, etag: ETag) -> bool:
        return key in self.objects and self.objects[key].etag == etag

    def _listed(self, key: str) -> ListedObject:
        found = self.objects[key]
        return ListedObject(key, found.etag, len(found.body), found.changed_at)

    async def _call(self, effect: Callable[[], T]) -> T:
        await asyncio.sleep(0)  # others may come in between
        return self.life.take(effect)


async def revived(life: Life, _: str, call: Callable[[], Awaitable[T]], /) -> T:
    """A call that is made again when the server has lost it, or its answer."""
    try:
        return await call()
    except DeadError:
        life.is_dead = False
        return await call()


async def once(_: str, call: Callable[[], Awaitable[T]], /) -> T:
    """A call without patience, as `txn_core.aws.retry.Retry`."""
    return await call()
