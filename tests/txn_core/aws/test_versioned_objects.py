"""Objects by version: the real server, and the memory that stands in for it, keep the same rules."""

import asyncio
import secrets
from collections.abc import AsyncIterator

import pytest

from tests.support.memory_versions import MemoryVersions
from txn_core.aws.clients import Aws
from txn_core.aws.versioned_objects import ObjectTooLargeError, VersionedObjects
from txn_core.settings import Settings


@pytest.fixture(params=["real", "memory"])
async def objects(
    request: pytest.FixtureRequest, bootstrapped: Settings, settings: Settings
) -> AsyncIterator[VersionedObjects]:
    """A bucket; the credentials are those of the settings."""
    if request.param == "memory":
        yield MemoryVersions("memory")
        return
    async with Aws(bootstrapped).s3() as client:
        yield VersionedObjects(client, bootstrapped.lake_bucket)


@pytest.fixture
def prefix() -> str:
    """A prefix that no other test writes under."""
    return f"versions/{secrets.token_hex(6)}/"


async def test_each_version_is_replaced_and_removed_by_who_has_seen_it(
    objects: VersionedObjects, prefix: str
) -> None:
    """A write or removal that names an old version, or none where there is one, does nothing and says so."""
    key = f"{prefix}a/key"
    other = await objects.write(f"{prefix}other", b"other", over=None)
    assert await objects.write(key, b"x", over=other) is None
    first = await objects.write(key, b"first", over=None)
    assert first is not None
    assert await objects.write(key, b"second", over=None) is None
    second = await objects.write(key, b"second", over=first)
    assert second is not None
    assert await objects.write(key, b"third", over=first) is None
    assert await objects.part(key, first, 0, 3) is None
    assert await objects.part(key, second, 1, 4) == b"eco"
    loaded = await objects.load(key)
    assert loaded is not None
    assert (loaded.body, loaded.etag) == (b"second", second)
    assert 0 <= loaded.age_s < 60
    again = await objects.load(key, 6)
    assert again is not None
    assert again.body == b"second"
    with pytest.raises(ObjectTooLargeError):
        await objects.load(key, 5)
    found = await objects.find(key)
    assert found is not None
    assert (found.etag, found.size) == (second, 6)
    assert [each.key async for each in objects.listed(prefix)] == [f"{prefix}a/key", f"{prefix}other"]
    assert await objects.folders(prefix) == ["a"]
    assert not await objects.remove(key, first)
    assert await objects.remove(key, second)
    assert await objects.load(key) is None
    assert await objects.find(key) is None
    assert await objects.part(key, second, 0, 1) is None
    assert not await objects.remove(key, second)


async def test_of_many_who_replace_one_version_one_does(objects: VersionedObjects, prefix: str) -> None:
    """Whoever lost is told; contents differ, since a version is known by its content."""
    first = await objects.write(f"{prefix}key", b"first", over=None)
    wrote = await asyncio.gather(
        *(objects.write(f"{prefix}key", f"by {writer}".encode(), over=first) for writer in range(4))
    )
    assert sum(etag is not None for etag in wrote) == 1
    left = await objects.load(f"{prefix}key")
    assert left is not None
    assert left.etag in wrote
