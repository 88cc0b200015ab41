"""The bucket of somebody else: no call goes through to one, whichever call it is."""

import ast
import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web
from botocore import xform_name
from botocore.exceptions import ClientError

import txn_core
from tests.support.accounts import OURS, THEIRS, Accounts, accounts
from txn_core.aws.bucket_making import make_bucket
from txn_core.aws.bucket_owner import MAKES_A_BUCKET
from txn_core.aws.clients import Aws
from txn_core.aws.objects import ObjectStore
from txn_core.bootstrap import bootstrap
from txn_core.exceptions import SettingsError, StoreError, WarehouseError
from txn_core.settings import Settings
from warehouse.landing.manifest_bucket import ManifestBucket

SOURCES: Final = Path(txn_core.__file__).parent.parent
CALLS: Final[dict[str, Callable[[ObjectStore], Coroutine[Any, Any, object]]]] = {
    "reach": lambda store: store.reach(),
    "put_if_absent": lambda store: store.put_if_absent("key", b"body", {}),
    "metadata": lambda store: store.metadata("key"),
    "find": lambda store: store.find("key"),
    "read": lambda store: store.read("key"),
    "keys": lambda store: _all(store.keys("prefix")),
    "entries": lambda store: _all(store.entries("prefix")),
    "delete": lambda store: store.delete("key"),
    "folders": lambda store: _all(store.folders("prefix")),
    "versioned": lambda store: store.versioned.put("key", b"body"),
}


async def _all(names: AsyncIterator[object]) -> list[object]:
    return [name async for name in names]


@pytest.fixture
async def world() -> AsyncIterator[Accounts]:
    """S3 and STS of two accounts, of which we are one; the other has a bucket that is open to all."""
    async with accounts() as kept:
        kept.owners = {"ours": OURS, "theirs": THEIRS}
        yield kept


@pytest.fixture
def settings(world: Accounts, own_environment: pytest.MonkeyPatch) -> Settings:
    """Settings as on AWS: nothing but names, and credentials in the environment."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        own_environment.setenv(name, "x")
    own_environment.setenv("AWS_ENDPOINT_URL", world.url)
    own_environment.setenv("AWS_REGION", "eu-central-1")
    return Settings(bucket="ours")


def test_the_calls_of_the_store_are_all_tried_here() -> None:
    assert set(CALLS) == {name for name in vars(ObjectStore) if not name.startswith("_")}


@pytest.mark.parametrize("call", CALLS)
async def test_every_call_of_the_store_names_the_owner(call: str, settings: Settings, world: Accounts) -> None:
    """The account of the credentials, by STS; a foreign bucket refuses, though it is open."""
    async with Aws(settings).lake() as store:
        await CALLS[call](store)
    assert [expected for _, _, expected in world.calls] == [OURS]
    async with Aws(settings.model_copy(update={"bucket": "theirs"})).lake() as store:
        with pytest.raises(ClientError, match=r"403|AccessDenied"):
            await CALLS[call](store)
    assert {expected for _, _, expected in world.calls} == {OURS}


async def test_the_bucket_of_manifests_names_the_owner(settings: Settings, world: Accounts) -> None:
    """Its client blocks, and asks STS by itself. What STS does not tell is not guessed."""
    bucket = await asyncio.to_thread(ManifestBucket, settings)
    await asyncio.to_thread(bucket.put, "key", b"body")
    await asyncio.to_thread(bucket.delete, "key")
    assert [expected for _, _, expected in world.calls] == [OURS, OURS]
    theirs = await asyncio.to_thread(ManifestBucket, settings.model_copy(update={"bucket": "theirs"}))
    with pytest.raises(WarehouseError, match="cannot write"):
        await asyncio.to_thread(theirs.put, "key", b"body")
    world.sts_refuses = True
    with pytest.raises(WarehouseError, match="TXN_BUCKET_OWNER"):
        await asyncio.to_thread(ManifestBucket, settings)


async def test_an_owner_that_is_set_is_the_one(settings: Settings, world: Accounts) -> None:
    """A lake of another account may be meant; nobody asks STS then, which a network may not reach."""
    world.sts_refuses = True
    set_to_theirs = settings.model_copy(update={"bucket_owner": THEIRS, "bucket": "theirs"})
    async with Aws(set_to_theirs).lake() as store:
        await store.reach()
    assert [expected for _, _, expected in world.calls] == [THEIRS]


async def test_an_owner_that_nobody_knows_is_an_error(settings: Settings, world: Accounts) -> None:
    """It says what to set. To go on without would be to ask for trust."""
    world.sts_refuses = True
    with pytest.raises(StoreError, match=r"STS .*\(ExpiredToken\): set TXN_BUCKET_OWNER"):
        async with Aws(settings).lake():
            pass
    assert world.calls == []


async def test_who_our_credentials_belong_to_is_asked_of_sts_and_not_guessed(
    settings: Settings, world: Accounts
) -> None:
    assert await Aws(settings).caller() == f"arn:aws:sts::{OURS}:assumed-role/Fraud/ann"
    world.sts_refuses = True
    with pytest.raises(StoreError, match=r"\(ExpiredToken\): sign in"):
        await Aws(settings).caller()


async def test_an_s3_on_this_machine_has_no_owner_unless_sts_is_here_too(
    settings: Settings, world: Accounts, own_environment: pytest.MonkeyPatch
) -> None:
    """The local stack has no accounts, and asks nobody outside of the machine."""
    own_environment.delenv("AWS_ENDPOINT_URL")
    local = settings.model_copy(update={"s3_endpoint_url": world.url})
    async with Aws(local).lake() as store:
        await store.reach()
    own_environment.setenv("AWS_ENDPOINT_URL_STS", world.url)
    async with Aws(local).lake() as store:
        await store.reach()
    assert [expected for _, _, expected in world.calls] == [None, OURS]


async def test_no_operation_of_s3_can_forget_it(settings: Settings) -> None:
    """Of all that botocore knows: each names the owner, or is refused before it is sent."""
    async with Aws(settings).s3() as client:
        service = client.meta.service_model
        for name in service.operation_names:
            model = service.operation_model(name)
            takes = set(model.input_shape.members) if model.input_shape else set()
            params: dict[str, Any] = {}
            emitted = client.meta.events.emit(
                f"before-parameter-build.s3.{name}", params=params, model=model, context={}
            )
            if "ExpectedBucketOwner" in takes:
                await emitted
                assert params["ExpectedBucketOwner"] == OURS
                assert ("ExpectedSourceBucketOwner" in params) == ("CopySource" in takes)
            elif "Bucket" in takes and name != MAKES_A_BUCKET:
                with pytest.raises(StoreError, match=f"{name} cannot say whose bucket"):
                    await emitted
            else:
                await emitted
                assert params == {}


async def test_an_owner_that_a_caller_names_itself_stays(settings: Settings, world: Accounts) -> None:
    """Reading from a bucket of a client's account, say."""
    async with Aws(settings).s3() as client:
        await client.head_bucket(Bucket="theirs", ExpectedBucketOwner=THEIRS)
    assert [expected for _, _, expected in world.calls] == [THEIRS]


async def test_a_presigned_url_names_the_owner_too(settings: Settings) -> None:
    """Signed, that is: who uses it must send the header."""
    async with Aws(settings).s3() as client:
        url = await client.generate_presigned_url("get_object", Params={"Bucket": "ours", "Key": "key"})
    assert "X-Amz-SignedHeaders=host%3Bx-amz-expected-bucket-owner" in url


async def test_the_sources_make_clients_of_s3_in_one_place(settings: Settings) -> None:
    """And call nothing of them that cannot name the owner."""
    made, called = set(), set()
    async with Aws(settings).s3() as client:
        operations = {xform_name(name): name for name in client.meta.service_model.operation_names}
    for path in SOURCES.glob("*/**/*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
                continue
            name, first = node.func.attr, node.args[0] if node.args else None
            if name in {"client", "resource", "create_client", "_client"} and getattr(first, "value", None) == "s3":
                made.add(str(path.relative_to(SOURCES)))
            asked = getattr(first, "value", None) if name == "get_paginator" else name
            called |= {operations[asked]} if asked in operations else set()
    # The local stack's own files say where its S3 is, which has no accounts. The bucket of COPY's manifests names the
    # owner by itself (its own test).
    assert made == {"txn_core/aws/clients.py", "txn_cli/verify/lake.py", "warehouse/landing/manifest_bucket.py"}
    assert called == {
        *("CreateBucket", "HeadBucket", "PutObject", "HeadObject", "GetObject", "ListObjectsV2", "DeleteObject"),
        *("GetBucketLifecycleConfiguration", "PutBucketLifecycleConfiguration"),
    }


# --- bootstrap


async def test_a_bucket_is_made_and_found_as_ours(settings: Settings, world: Accounts) -> None:
    """Made only when it is not there: who may not make buckets finds one."""
    async with Aws(settings).s3() as client:
        for name in ("new", "new", "ours"):
            await make_bucket(client, name)
    assert world.owners["new"] == OURS
    heads = [(path, expected) for method, path, expected in world.calls if method == "HEAD"]
    assert heads == [("/new", OURS), ("/new", OURS), ("/new", OURS), ("/ours", OURS)]
    assert [path for method, path, _ in world.calls if method == "PUT"] == ["/new"]


async def test_a_bucket_of_somebody_else_is_an_error(settings: Settings, world: Accounts) -> None:
    """By the owner that the look at it expects; nothing is made."""
    async with Aws(settings).s3() as client:
        with pytest.raises(StoreError, match="the bucket theirs is another account's") as caught:
            await make_bucket(client, "theirs")
    assert "TXN_BUCKET" in str(caught.value)
    assert [method for method, _, _ in world.calls] == ["HEAD", "GET"]


async def test_a_bucket_that_somebody_else_makes_meanwhile_is_an_error(
    settings: Settings, world: Accounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the answer to its making says so, or 200 does not and the next look does."""
    for told in (True, False):

        def made(*_: object, told: bool = told) -> web.Response:
            world.owners["raced"] = THEIRS
            body = b"<Error><Code>BucketAlreadyExists</Code></Error>" if told else b""
            return web.Response(status=409 if told else 200, body=body, content_type="application/xml")

        world.owners.pop("raced", None)
        monkeypatch.setattr(Accounts, "_create", made)
        async with Aws(settings).s3() as client:
            with pytest.raises(StoreError, match="the bucket raced is another account's"):
                await make_bucket(client, "raced")


async def test_without_a_bucket_nothing_is_made(settings: Settings, world: Accounts) -> None:
    with pytest.raises(SettingsError, match="set TXN_BUCKET"):
        await bootstrap(settings.model_copy(update={"bucket": None}))
    assert world.calls == []
