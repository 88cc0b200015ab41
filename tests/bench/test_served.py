"""Served scores measure what training reported, and the score log is what the lake gives again."""

import pytest

pytest.importorskip("lightgbm", reason="the extra `train`")

import asyncio
import io
from dataclasses import replace
from functools import cache
from pathlib import Path

from bench.drains.fetched import encoded
from bench.scorer.free_stores import free_settings
from bench.scorer.sample import sample_bodies
from bench.scorer.served import Labels, served_estimates, versions_of
from bench.scorer.served_log import ServedLog, in_order, late_and_resharded, served_log

from fraud.observations.observation import Observation
from fraud.scoring.versions import Versions
from fraud.training.training import Request, Trained, train
from txn_cli.fraud.labelled_file import LabelledFile
from txn_cli.simulator.simulated_rows import simulate_rows, write_rows
from txn_core.kinesis.record_batch import RecordBatch
from txn_core.transactions.event import Event

ROWS = 800
CARDS = 28
LARGE = 9_000
"""Hundredths of a dollar. Simulated frauds are too few in so few rows: most purchases that are larger stand in."""


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of two weeks."""
    text = io.StringIO(newline="")
    write_rows(simulate_rows(rows=ROWS, cards=CARDS, seed=3), text)
    path = tmp_path_factory.mktemp("served") / "rows.csv"
    path.write_text(text.getvalue(), encoding="utf-8", newline="")
    return path


@pytest.fixture(scope="module")
def events(file: Path) -> list[bytes]:
    """Its events."""
    return [encoded(body) for body in sample_bodies(file)]


@cache
def trained(file: Path) -> tuple[Trained, Labels]:
    """A small model of it, and the labels."""
    labels = Labels()
    rows = (replace(row, is_fraud=stands_for_fraud(row.observation)) for row in LabelledFile(str(file)).rows())
    return train(labels.noted(rows), Request("a file", trees=4)), labels


def stands_for_fraud(seen: Observation) -> bool:
    """Whether a purchase is large and its id, which no model sees, does not begin with one of three digits."""
    return seen.amount_minor > LARGE and seen.transaction_id[0] not in "abc"


def log_of(shards: list[RecordBatch], versions: Versions) -> ServedLog:
    """The score log of shards."""
    with free_settings(TXN_SCORE_FLUSH_RECORDS_MAX="250") as settings:
        return asyncio.run(served_log(settings, versions, shards))


def test_measures_of_the_score_log_are_those_that_training_reported(file: Path, events: list[bytes]) -> None:
    made, labels = trained(file)
    log = log_of(in_order(events), versions_of(made))
    found = served_estimates(log.rows(), labels.by_id, made.training.test)
    assert found == made.estimates["seen"]
    assert 0 < found.frauds < found.rows < ROWS
    assert found.average_precision.low < found.average_precision.high
    first = next(iter(labels.by_id))
    labels.by_id[first] = labels.by_id[first]._replace(is_fraud=True)
    assert served_estimates(log.rows(), labels.by_id, made.training.first).frauds > found.frauds


def test_late_rows_and_a_reshard_change_no_cell_of_the_score_log(file: Path, events: list[bytes]) -> None:
    versions = versions_of(trained(file)[0])
    shards = late_and_resharded(events, late_rows=150)
    times = [Event.decode(record.data).occurred_at for records in shards for record in records]
    assert sum(later < max(times[:place], default=later) for place, later in enumerate(times)) > ROWS // 20
    assert [len(records) > ROWS // 8 for records in shards] == [True] * 3
    log = log_of(shards, versions)
    found = log.findings(versions)
    assert (found.rows, found.differences, dict(found.unchecked)) == (ROWS, 0, {})
    assert len(log.objects) > len(shards)


def test_a_record_that_the_lake_lacks_is_found_by_the_cells_behind_it(file: Path, events: list[bytes]) -> None:
    versions = versions_of(trained(file)[0])
    log = log_of(in_order(events[:400]), versions)
    (records,) = log.shards
    assert log.findings(versions).differences == 0
    assert ServedLog([records[:200], records[201:]], log.objects).findings(versions).differences > 0
