"""A bucket in memory that fails, loses answers, or ends its caller at chosen writes."""

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

from botocore.exceptions import ClientError

from txn_core.aws.errors import is_passing
from txn_core.aws.objects import ObjectEntry, ObjectStore

T = TypeVar("T")

Fault = Literal["refused", "answer lost", "killed before", "killed behind"]
ATTEMPTS_MAX = 5


class KilledError(BaseException):
    """The process ended here: nothing of it is handled."""


async def at_once(_: str, call: Callable[[], Awaitable[T]], /) -> T:
    """A call again and again without pauses, as `txn_core.aws.retry.Retry`."""
    for _attempt in range(ATTEMPTS_MAX - 1):
        try:
            return await call()
        except ClientError as error:
            if not is_passing(error):
                raise
    return await call()


@dataclass
class MemoryObjects(ObjectStore):
    """Objects by key. `faults` says what happens at which write; calls give way to others, as `rng` has it."""

    objects: dict[str, bytes] = field(default_factory=dict)
    faults: dict[int, Fault] = field(default_factory=dict)
    rng: random.Random | None = None
    writes: int = 0
    about: dict[str, Mapping[str, str]] = field(default_factory=dict)

    async def put_if_absent(self, key: str, body: bytes, metadata: Mapping[str, str]) -> bool:
        def put() -> bool:
            if key in self.objects:
                return False
            self.objects[key], self.about[key] = body, metadata
            return True

        return await self._write(put)

    async def delete(self, key: str) -> None:
        def delete() -> bool:
            self.objects.pop(key, None)
            return True

        await self._write(delete)

    async def find(self, key: str) -> Mapping[str, str] | None:
        await self._give_way()
        return self.about.get(key)

    async def read(self, key: str) -> bytes:
        await self._give_way()
        if key not in self.objects:
            raise ClientError({"Error": {"Code": "NoSuchKey"}}, "GetObject")
        return self.objects[key]

    async def entries(self, prefix: str, after: str = "") -> AsyncIterator[ObjectEntry]:
        await self._give_way()
        for key, body in sorted(self.objects.items()):
            if key.startswith(prefix) and key > after:
                yield ObjectEntry(key, len(body))

    async def folders(self, prefix: str) -> AsyncIterator[str]:
        await self._give_way()
        below = (key[len(prefix) :] for key in self.objects if key.startswith(prefix))
        for name in sorted({key.partition("/")[0] for key in below if "/" in key}):
            yield f"{prefix}{name}/"

    async def _write(self, write: Callable[[], bool]) -> bool:
        await self._give_way()
        fault = self.faults.get(self.writes)
        self.writes += 1
        if fault == "killed before":
            raise KilledError
        done = fault != "refused" and write()
        if fault == "killed behind":
            raise KilledError
        if fault is not None:
            raise ClientError({"Error": {"Code": "SlowDown"}}, "PutObject")
        return done

    async def _give_way(self) -> None:
        for _ in range(self.rng.randrange(4) if self.rng else 0):
            await asyncio.sleep(0)
