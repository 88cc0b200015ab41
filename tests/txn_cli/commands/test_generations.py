"""Rebuilding as its operators do it: build, look, compare, drop."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tests.builders import base64_key
from tests.txn_cli.builders import after_target
from tests.workers.builders import event, twin
from tests.workers.conftest import StackFixture, until, world_of
from txn_cli.main import app_of
from txn_core.bootstrap import bootstrap_generation
from txn_core.dynamodb.tables import TableNames
from txn_core.exceptions import SettingsError, StoreError
from txn_core.settings import Settings

SECOND = 2


@dataclass(frozen=True)
class Result:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str
    error: BaseException | None


def txn(*arguments: object) -> Result:
    """Run a command in this process, outside of a running loop."""
    result = CliRunner().invoke(app_of(str(arguments[0])), list(map(str, arguments)))
    return Result(result.exit_code, result.stdout, result.stderr, result.exception)


@pytest.fixture
async def world(
    settings: Settings, own_environment: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncIterator[StackFixture]:
    """A world that commands find by their environment."""
    async with world_of(settings) as made:
        plain = (
            "kinesis_endpoint_url",
            "dynamodb_endpoint_url",
            "s3_endpoint_url",
            "stream",
            "table_prefix",
            "bucket",
        )
        for name in (*plain, "lease_failover_s", "lease_renew_s", "poll_idle_s"):
            own_environment.setenv(f"TXN_{name.upper()}", str(getattr(made.settings, name)))
        own_environment.setenv("TXN_DEAD_LETTER_KEY", base64_key(4))
        own_environment.chdir(tmp_path)
        yield made


async def command(*arguments: object) -> Result:
    return await asyncio.to_thread(txn, *arguments)


async def test_an_index_is_rebuilt_from_the_lake_compared_and_dropped(world: StackFixture) -> None:
    await world.send(*(event() for _ in range(3)))
    await world.drain("archive", "index")
    await world.send(event())
    await world.drain("index")
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "txn_cli.main", "worker", "index", "--from-lake"), env=dict(os.environ)
    )
    try:
        await until(lambda: _is_built(world))
        child.send_signal(signal.SIGTERM)
        assert await asyncio.wait_for(child.wait(), 60) == 0
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()

    seen = await command("status", "--generation", SECOND, "--json")
    (lake,) = [worker["lake"] for kind, worker in json.loads(seen.out)["workers"].items() if kind == "index"]
    assert lake == {"complete": True, "parts": 1, "parts_done": 1, "listed": True, "cut_off": [], "unreadable": []}

    equal = await command("generations", "compare", 1, SECOND, "--json")
    assert equal.code == 0
    assert json.loads(equal.out).keys() == {"transactions", "merchants", "cards"}
    assert json.loads(equal.out)["transactions"] == {
        "table": "transactions",
        "items": 4,
        "missing": 0,
        "different": 0,
        "extra": 0,
        "equal": True,
    }
    dropped = await command("generations", "drop", SECOND)
    assert (dropped.code, dropped.out.count("-g2")) == (0, 6)
    again = await command("generations", "drop", SECOND)
    assert "nothing" in again.out


async def _is_built(world: StackFixture) -> bool:
    seen = await command("status", "--generation", SECOND, "--json")
    if not seen.out:
        assert isinstance(seen.error, StoreError), "the tables are not there yet"
        return False
    return bool(json.loads(seen.out)["workers"]["index"]["drained"])


async def test_what_differs_is_named(world: StackFixture) -> None:
    """An item that lacks, one that is other, one that should not be there; each by its key, with exit code 1."""
    await world.send(*(event(f"compared-{n}") for n in range(3)))
    await world.drain("index")
    await world.drain("index", settings=await _second_generation(world))
    table = TableNames(world.settings.table_prefix, SECOND).transactions
    await world.dynamodb.delete_item(TableName=table, Key={"id": {"S": "acme#compared-0"}})
    await world.dynamodb.put_item(TableName=table, Item={"id": {"S": "acme#compared-1"}})
    await world.dynamodb.put_item(TableName=table, Item={"id": {"S": "acme#compared-9"}})
    found = await command("generations", "compare", 1, SECOND)
    assert found.code == 1
    assert (
        "transactions: 3 items in generation 1; in generation 2 1 of them missing, 1 different, 1 besides"
        in found.out
    )
    assert sorted(after_target(found.err).splitlines()) == [
        "transactions: different: acme#compared-1",
        "transactions: extra: acme#compared-9",
        "transactions: missing: acme#compared-0",
    ]


async def test_what_an_earlier_version_did_not_write_is_no_difference(world: StackFixture) -> None:
    """The original of a refund and what conflicts said; where both rows have them, they are compared."""
    first = event("compared-0", amount_minor=500)
    refund = twin(first, transaction_id="compared-1", type="refund", original_transaction_id="compared-0")
    await world.send(first, twin(first, amount_minor=499), refund)
    await world.drain("index")
    await world.drain("index", settings=await _second_generation(world))
    names, added = TableNames(world.settings.table_prefix), {"compared-0": "contents", "compared-1": "original"}

    async def change(generation: int, transaction_id: str, update: str, **request: Any) -> None:
        await world.dynamodb.update_item(
            TableName=replace(names, generation=generation).transactions,
            Key={"id": {"S": f"acme#{transaction_id}"}},
            UpdateExpression=update,
            **request,
        )

    for transaction_id, name in added.items():
        await change(1, transaction_id, f"REMOVE {name}")
    assert (await command("generations", "compare", 1, SECOND)).code == 0
    for generation, value in ((1, "acme#compared-0"), (SECOND, "acme#elsewhere")):
        values = {":other": {"S": value}}
        await change(generation, "compared-1", "SET original = :other", ExpressionAttributeValues=values)
    found = await command("generations", "compare", 1, SECOND)
    assert (found.code, after_target(found.err)) == (1, "transactions: different: acme#compared-1\n")


async def test_the_other_ids_of_cards_are_compared(world: StackFixture) -> None:
    """What a compromise of the card key left behind comes back by a rebuild, and a row of it that lacks is named."""
    old, new = (f"card_{version}_{'5' * 32}" for version in (1, 2))
    await world.send(twin(event(), card_id=new, card_aliases=(old,)))
    await world.drain("index")
    await world.drain("index", settings=await _second_generation(world))
    equal = await command("generations", "compare", 1, SECOND, "--json")
    assert equal.code == 0
    assert json.loads(equal.out)["cards"]["items"] == 2, "each of the ids leads to the other"

    table = TableNames(world.settings.table_prefix, SECOND).cards
    await world.dynamodb.delete_item(TableName=table, Key={"card": {"S": f"acme#{old}"}})
    found = await command("generations", "compare", 1, SECOND)
    assert (found.code, after_target(found.err)) == (1, f"cards: missing: acme#{old}\n")


async def _second_generation(world: StackFixture) -> Settings:
    settings = world.settings.model_copy(update={"index_generation": SECOND})
    await bootstrap_generation(world.dynamodb, settings, origin="TRIM_HORIZON", from_lake=False)
    return settings


async def test_the_generation_that_is_served_is_not_dropped(world: StackFixture) -> None:
    refused = await command("generations", "drop", 1)
    assert isinstance(refused.error, SettingsError)
    assert await world.transactions.get("acme", "anything") is None, "the table is there"  # type: ignore[arg-type]


async def test_a_generation_that_is_not_there_is_one_error(world: StackFixture) -> None:
    refused = await command("generations", "compare", 1, 3)
    assert isinstance(refused.error, StoreError)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("archive", "--from-lake"), "a second lake"),
        (("score", "--from", "TRIM_HORIZON"), "fills card states"),
        (("score", "--from-lake", "--into", "3"), "fills card states"),
        (("index", "--from-lake", "--from", "TRIM_HORIZON"), "exclude each other"),
        (("index", "--from", "LATEST"), "--from is TRIM_HORIZON or AT_TIMESTAMP="),
        (("index", "--into", "2"), "--into goes with --from or --from-lake"),
        (("index", "--from", "TRIM_HORIZON", "--into", "7"), "generation 7 is the one that is served"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    arguments: tuple[str, ...], says: str, own_environment: pytest.MonkeyPatch
) -> None:
    given = {"INDEX_GENERATION": "7", "AWS_REGION": "eu-central-1", "DEAD_LETTER_KEY": base64_key(4)}
    for name, value in given.items():
        own_environment.setenv(f"TXN_{name}", value)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        own_environment.setenv(name, "x")
    refused = txn("worker", *arguments)
    assert isinstance(refused.error, SettingsError)
    assert says in str(refused.error)
