"""`txn features verify` on real stores: what it prints, and with which code it ends."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("cel_expr_python", reason="the extra `score`")

from devkit.lake_maker import BEGIN, write
from typer.testing import CliRunner, Result

from fraud.registry.model_registry import ModelRegistry
from fraud.rules.rule_registry import RuleRegistry
from fraud.scoring.score_log import table_of
from tests.fraud.scoring.served import served
from tests.txn_cli.fraud.test_feature_check import FILES, MODEL, OBJECTS, RULES, shards, versions
from tests.workers.conftest import world_of
from txn_cli.main import app_of
from txn_core.lake.layout import SCORES_PREFIX, range_key
from txn_core.lake.parquet import parquet_of
from txn_core.settings import Settings
from txn_core.transactions.instants import instant_of


async def verify(*arguments: str) -> Result:
    """What the command comes to, of everything in the lake."""
    words = ["features", "verify", "--since", instant_of(BEGIN), *arguments]
    return await asyncio.to_thread(CliRunner().invoke, app_of("features"), words)


async def test_a_changed_cell_is_printed_and_is_a_finding(
    settings: Settings, own_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Rows that are right end with 0. Of a wrong one card, place, name and both values are said."""
    own_environment.chdir(tmp_path)
    own_environment.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    async with world_of(settings) as world:
        for name in (
            "kinesis_endpoint_url",
            "dynamodb_endpoint_url",
            "s3_endpoint_url",
            "stream",
            "table_prefix",
            "bucket",
        ):
            own_environment.setenv(f"TXN_{name.upper()}", str(getattr(world.settings, name)))
        await write(OBJECTS, world.store)
        await ModelRegistry(world.store.versioned).put(MODEL.id, FILES)
        await RuleRegistry(world.store.versioned).put(RULES)
        rows = await served(shards()[0], versions())
        key = range_key(rows[0].position, rows[0].arrived_at, SCORES_PREFIX)
        await world.store.put_if_absent(key, parquet_of(table_of(rows)), {})
        right = await verify("--json")
        assert (right.exit_code, json.loads(right.stdout)["rows"]) == (0, len(rows)), right.stderr
        assert json.loads(right.stdout)["unchecked"] == {}

        wrong = replace(rows[5], score=1_000)
        await world.store.delete(key)
        await world.store.put_if_absent(key, parquet_of(table_of([*rows[:5], wrong, *rows[6:]])), {})
        found = await verify()
        assert found.exit_code == 1
        assert f"{len(rows):,} rows with" in found.stdout
        at = wrong.position
        place = f"{wrong.account}#{wrong.card_id} at {at.shard_id} {at.sequence_number}/{at.sub_sequence_number}"
        assert f"{place}: score was 1000, is {rows[5].score}" in found.stdout
        told = json.loads((await verify("--json")).stdout)
        assert (told["differences"], told["first_differences"][0]["name"]) == (1, "score")
