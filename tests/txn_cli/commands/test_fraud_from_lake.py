"""`txn train`, `txn backtest` and `txn rules test` on a lake and labels in real stores."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("lightgbm", reason="the extra `train`")
pytest.importorskip("cel_expr_python", reason="the extra `score`")

from devkit.lake_maker import BEGIN, Mix, lake_of, made_bodies, sample_bodies, write
from typer.testing import CliRunner

from fraud.model.loading import MANIFEST, TREES, checked_model
from fraud.model.shipped import shipped_files
from fraud.records.documents import document_of
from fraud.records.label import Label, LabelValue, labelled
from fraud.registry.model_registry import ModelRegistry
from fraud.training import training
from fraud.training.labelled import Labelled
from fraud.training.training import Request, Trained, train
from tests.fraud.rules.written import RULES_FILE
from tests.txn_cli.fraud.scored import Score, object_of
from tests.workers.conftest import StackFixture, world_of
from txn_cli.main import app_of
from txn_cli.simulator.simulated_rows import simulate_rows, write_rows
from txn_core.aws.clients import Aws
from txn_core.aws.versioned_objects import VersionedObjects
from txn_core.dynamodb.review.labels import LabelTable
from txn_core.dynamodb.tables import TableNames
from txn_core.settings import Settings
from txn_core.transactions.identity import Account, TransactionId
from txn_core.transactions.instants import Instant, datetime_of, instant_of

ROWS = 700
FROM, TO = "2026-01-01T00:00:00Z", "2026-01-03T00:00:00Z"
WEEK_LATER = instant_of(BEGIN + timedelta(days=7))


@pytest.fixture
async def world(
    settings: Settings, own_environment: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncIterator[StackFixture]:
    """A world that commands find by their environment, in a folder of their own."""
    own_environment.chdir(tmp_path)
    own_environment.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    async with world_of(settings) as made:
        endpoints = ("kinesis_endpoint_url", "dynamodb_endpoint_url", "s3_endpoint_url")
        for name in (*endpoints, "stream", "table_prefix", "bucket"):
            own_environment.setenv(f"TXN_{name.upper()}", str(getattr(made.settings, name)))
        yield made


async def told(*arguments: str) -> Any:
    result = await asyncio.to_thread(CliRunner().invoke, app_of(arguments[0]), [*arguments, "--json"])
    assert result.exit_code == 0, (result.exception, result.stderr)
    return json.loads(result.stdout)


async def label(world: StackFixture, ids: Iterable[str], value: LabelValue, at: Instant) -> None:
    """Label transactions, as the desk does."""
    table = LabelTable(world.dynamodb, TableNames.of(world.settings).labels)
    for name in ids:
        account, transaction_id = Account("acme"), TransactionId(name)
        given = Label(value=value, source="chargeback", labelled_at=at, recorded_at=at, by="bank")
        made = labelled(None, given, account=account, transaction_id=transaction_id)
        assert await table.put(account, transaction_id, 1, document_of(made))


@pytest.fixture(name="bodies")
async def _bodies(world: StackFixture, file: Path) -> list[dict[str, Any]]:
    """The rows of the file, which stand in the lake, some of them twice; in the middle the card key changes.

    The numbers of a shard's objects reach six digits, so that their names are not in the order of the stream.
    """
    with file.open("w", encoding="utf-8", newline="") as text:
        write_rows(simulate_rows(rows=ROWS, cards=12, seed=3), text)
    bodies = list(sample_bodies(file))
    await write(lake_of(bodies, Mix(repeats=0.1, key_change=True), shards=2, rows_per_object=100), world.store)
    return bodies


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> Path:
    return tmp_path / "rows.csv"


async def test_a_lake_gives_what_its_file_gives_and_labels_count_once_they_are_known(
    world: StackFixture, bodies: list[dict[str, Any]], file: Path, tmp_path: Path
) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(RULES_FILE)
    lake, asked = ("--from", FROM, "--to", TO), ("backtest", "--model", "shipped", "--rules", str(rules))

    # Under other ids of cards other cards are drawn, so intervals differ, and nothing else.
    of_file, of_lake = await told(*asked, "--file", str(file)), await told(*asked, *lake)
    assert values_of(of_lake) == values_of(of_file)
    assert of_lake["rules"] == of_file["rules"]
    assert of_lake["backtests"][0]["rows"] == ROWS

    frauds = [body["transaction_id"] for body in bodies if body["is_fraud"]]
    await label(world, frauds[::2], "legitimate", WEEK_LATER)
    before = await told(*asked, *lake, "--as-of", instant_of(BEGIN + timedelta(days=6)))
    assert before == of_lake, "nobody knew of it then, and the same question has the same answer"
    tried = await told("rules", "test", str(rules), *lake)
    assert tried["frauds"] == len(frauds) // 2

    half = instant_of(BEGIN + timedelta(milliseconds=25 * (ROWS // 2)))
    early = await told(*asked, *lake, "--as-of", half)
    late = await told(*asked, "--from", half, "--to", TO)
    rows = [each["backtests"][0]["rows"] for each in (early, late)]
    assert (min(rows) > 0, sum(rows)) == (True, ROWS), "a repeat of what came before is no row of the later part"


async def test_training_on_a_lake_knows_the_labels_of_its_end_and_leaves_young_rows_out(
    world: StackFixture, bodies: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def small(rows: Iterable[Labelled], request: Request) -> Trained:
        return train(rows, replace(request, trees=2))

    monkeypatch.setattr(training, "train", small)
    others = [body["transaction_id"] for body in bodies if not body["is_fraud"]]
    await label(world, others[::7], "fraud", instant_of(BEGIN))
    await label(world, others[3::7], "fraud", WEEK_LATER)
    frauds = sum(body["is_fraud"] for body in bodies) + len(others[::7])
    report = await told("train", "--from", FROM, "--to", TO, "--out", str(tmp_path / "early"))
    assert (report["training"]["rows"], report["training"]["frauds"]) == (ROWS, frauds)
    last = max(body["occurred_at"] for body in bodies)
    assert report["training"]["delay_s"] == 7 * 86_400
    judged = [body for body in bodies if report["training"]["test"] <= body["occurred_at"]]
    known = [body for body in judged if body["occurred_at"] <= instant_of(datetime_of(last) - timedelta(days=7))]
    assert 0 < report["metrics"]["seen"]["rows"] == len(known) < len(judged)
    later = await told("train", "--from", FROM, "--delay", "0d", "--out", str(tmp_path / "late"))
    assert later["training"]["frauds"] == frauds + len(others[3::7])
    assert later["training"]["source"].startswith("lake 2026-01-01T00:00:00Z")


async def test_a_challenger_is_compared_from_what_stands_in_the_log_with_what_is_known(
    world: StackFixture,
) -> None:
    model = checked_model(shipped_files()[MANIFEST], shipped_files()[TREES])
    high = model.manifest.thresholds.alert
    async with Aws(world.settings).s3() as s3:
        versions = VersionedObjects(s3, world.settings.lake_bucket)
        await ModelRegistry(versions).put(model.id, shipped_files())
    bodies = list(made_bodies(40))
    await write(lake_of(bodies, shards=1), world.store)
    scores = [
        Score(body["transaction_id"], BEGIN + timedelta(milliseconds=25 * number), number + 1, -9_000 + number,
              {model.id: high if body["is_fraud"] else -9_000}, model.id)
        for number, body in enumerate(bodies)
    ]  # fmt: skip
    key, data = object_of(scores)
    await world.store.put_if_absent(key, data, {})
    asked = ("models", "compare", "--since", FROM)
    found = await told(*asked, "--as-of", TO)
    assert found == await told(*asked, "--as-of", TO)
    (each,) = found["comparisons"]
    known = [body for body in bodies if body["is_fraud"] is not None]
    frauds = [body["transaction_id"] for body in known if body["is_fraud"]]
    assert (each["rows"], each["labelled"], each["frauds"]) == (40, len(known), len(frauds))
    assert each["alerts"]["challenger_alone"] == {"rows": len(frauds), "frauds": len(frauds), "legitimate": 0}
    assert each["average_precision"]["challenger"] == 1.0 > each["average_precision"]["champion"]

    await label(world, frauds[:1], "legitimate", WEEK_LATER)
    assert await told(*asked, "--as-of", TO) == found, "nobody knew of it then"
    assert (await told(*asked))["comparisons"][0]["frauds"] == len(frauds) - 1
    shown = await asyncio.to_thread(CliRunner().invoke, app_of("models"), ["models", "compare", "--since", "2d"])
    assert "none by a challenger" in shown.stdout


def values_of(document: dict[str, Any]) -> dict[str, Any]:
    """What a backtest found, without intervals."""
    found = document["backtests"][0]
    return {name: each["value"] if isinstance(each, dict) else each for name, each in found.items()}
