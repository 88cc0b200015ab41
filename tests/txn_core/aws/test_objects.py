"""The object store on a real server."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from txn_core.aws.clients import Aws
from txn_core.aws.objects import ObjectStore
from txn_core.settings import Settings

META = {"first": "1-0", "last": "9-3", "rows": "7"}


@pytest.fixture
async def store(bootstrapped: Settings, settings: Settings) -> AsyncIterator[ObjectStore]:
    """The bootstrapped bucket; the credentials are those of the settings."""
    async with Aws(bootstrapped).lake() as store:
        yield store


@pytest.fixture
def prefix() -> str:
    """A prefix that no other test writes under."""
    return f"raw/dt=2026-01-01/{secrets.token_hex(6)}/"


async def test_an_object_is_written_once(store: ObjectStore, prefix: str) -> None:
    """The second write of a name is told, and changes neither bytes nor metadata."""
    assert await store.put_if_absent(f"{prefix}a", b"first", META)
    assert not await store.put_if_absent(f"{prefix}a", b"second", {"rows": "0"})
    assert await store.read(f"{prefix}a") == b"first"
    assert await store.metadata(f"{prefix}a") == META


async def test_a_race_has_one_winner(store: ObjectStore, prefix: str) -> None:
    """Of many writers of one name exactly one is told that it wrote, and its bytes stand there."""
    wrote = await asyncio.gather(
        *(store.put_if_absent(f"{prefix}a", str(i).encode(), {"rows": str(i)}) for i in range(4))
    )
    assert sum(wrote) == 1
    assert await store.read(f"{prefix}a") == str(wrote.index(True)).encode()
    assert await store.metadata(f"{prefix}a") == {"rows": str(wrote.index(True))}


async def test_keys_come_in_order_over_many_pages(store: ObjectStore, prefix: str) -> None:
    """Everything under the prefix and nothing beside it is listed."""
    names = [f"{prefix}{i:03d}" for i in range(25)]
    await asyncio.gather(*(store.put_if_absent(name, b"", {}) for name in reversed(names)))
    assert [key async for key in store.keys(prefix)] == names
    assert [key async for key in store.keys(f"{prefix}02")] == names[20:]
    assert [key async for key in store.keys(f"{prefix}none")] == []


async def test_an_object_that_is_not_there_is_found_missing(store: ObjectStore, prefix: str) -> None:
    """Looking gives none; reading one that should be there is an error."""
    assert await store.find(f"{prefix}a") is None
    with pytest.raises(ClientError):
        await store.read(f"{prefix}a")
    with pytest.raises(ClientError):
        await store.metadata(f"{prefix}a")
    await store.put_if_absent(f"{prefix}a", b"", META)
    assert await store.find(f"{prefix}a") == META


async def test_large_bodies_come_back_whole(store: ObjectStore, prefix: str) -> None:
    """Several megabytes survive the way there and back."""
    body = secrets.token_bytes(3 << 20)
    await store.put_if_absent(f"{prefix}large", body, {})
    assert await store.read(f"{prefix}large") == body


async def test_the_local_server_takes_an_owner_for_what_it_is_worth(
    bootstrapped: Settings, settings: Settings, prefix: str
) -> None:
    """It has no accounts: whoever sets an owner for it is served as without one, in every call."""
    owned = bootstrapped.model_copy(update={"bucket_owner": "111122223333"})
    async with Aws(owned).lake() as store:
        await store.reach()
        assert await store.put_if_absent(f"{prefix}a/b", b"body", META)
        assert not await store.put_if_absent(f"{prefix}a/b", b"other", META)
        assert (await store.read(f"{prefix}a/b"), await store.find(f"{prefix}a/b")) == (b"body", META)
        assert [key async for key in store.keys(prefix)] == [f"{prefix}a/b"]
        assert [folder async for folder in store.folders(prefix)] == [f"{prefix}a/"]


@pytest.mark.parametrize("code", ["NoSuchBucket", "AccessDenied", "SlowDown"])
async def test_only_an_object_that_is_not_there_is_found_missing(code: str) -> None:
    """Not one whose bucket is gone, is not for us, or has too much to do."""
    status = {"NoSuchBucket": 404, "AccessDenied": 403, "SlowDown": 503}[code]

    class Refusing:
        async def head_object(self, **_: Any) -> None:
            answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
            raise ClientError(answer, "HeadObject")

    client: Any = Refusing()
    with pytest.raises(ClientError, match=code):
        await ObjectStore(client, "lake").find("key")
