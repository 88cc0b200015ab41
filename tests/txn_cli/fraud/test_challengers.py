"""A challenger is compared on what both have scored, each transaction once, of the time that is asked for."""

from datetime import UTC, datetime, timedelta

import pytest

pytest.importorskip("pyarrow", reason="the extra `lake`")

from fraud.evaluation.side_by_side import Decide
from tests.support.memory_objects import MemoryObjects
from tests.txn_cli.fraud.scored import SHARD, Score, object_of
from txn_cli.fraud.challengers import compared_scores
from txn_cli.fraud.shadowed_scores import shadowed_scores
from txn_core.exceptions import StoreError

BEGIN = datetime(2026, 3, 5, 10, 30, tzinfo=UTC)
HOUR = timedelta(hours=1)


def stored(*objects: list[Score]) -> MemoryObjects:
    return MemoryObjects(objects=dict(map(object_of, objects)))


async def test_scores_of_a_time_stand_in_objects_that_began_before_it_and_count_by_first_write() -> None:
    store = stored(
        [Score("long ago", BEGIN - 50 * HOUR, 1)],
        [Score("before", BEGIN - 30 * HOUR, 99), Score("caught up", BEGIN, 100), Score("twice", BEGIN + HOUR, 101)],
        [Score("last", BEGIN + 2 * HOUR - timedelta(microseconds=1), 102), Score("end", BEGIN + 2 * HOUR, 103)],
        [Score("twice", BEGIN + HOUR, 100, raw_millilogit=7, shard_id=SHARD[:-1] + "1")],
        [Score("twice", BEGIN + HOUR - timedelta(seconds=9), 100, raw_millilogit=9, shard_id=SHARD[:-1] + "2")],
    )
    found = await shadowed_scores(store, BEGIN, BEGIN + 2 * HOUR)
    assert {name for _, name in found} == {"caught up", "twice", "last"}
    assert found["acme", "twice"].raw_millilogit == 9, "it was accepted first"


async def test_what_no_drain_wrote_and_what_is_damaged_is_named() -> None:
    key, body = object_of([Score("one", BEGIN, 1)])
    for bad in ({key: body[:-9]}, {key: b""}, {key.replace("-1-0", ""): body}):
        with pytest.raises(StoreError, match="move it out of scores/"):
            await shadowed_scores(MemoryObjects(objects=bad), BEGIN, BEGIN + HOUR)


async def test_pairs_are_counted_apart_and_unknown_labels_are_no_labels() -> None:
    rows = [
        Score("a", BEGIN, 1, 3_000, {"mdl_b": 2_000}),
        Score("b", BEGIN, 2, -9_000, {"mdl_b": 1_500}),
        Score("c", BEGIN, 3, 1_500, {"mdl_b": -3_000, "mdl_c": 9}),
        Score("d", BEGIN, 4),
        Score("e", BEGIN, 5, None, {"mdl_b": 1}, None),
    ]
    scores = await shadowed_scores(stored(rows), BEGIN, BEGIN + HOUR)
    labels = {("acme", "a"): True, ("acme", "c"): False, ("globex", "b"): True}
    thresholds = {"mdl_a": 1_000, "mdl_b": 1_000}

    def decide_of(model: str) -> Decide | None:
        limit = thresholds.get(model)
        return None if limit is None else lambda score: "alert" if score >= limit else "pass"

    found = compared_scores(scores, labels, decide_of)
    assert (found["rows"], found["without_model"], found["without_challenger"]) == (5, 1, 1)
    one, two = found["comparisons"]
    assert (one["champion"], one["challenger"], one["rows"], one["labelled"], one["frauds"]) == (
        "mdl_a", "mdl_b", 3, 2, 1,
    )  # fmt: skip
    assert one["agreement"] == 0.333333
    assert one["alerts"]["challenger_alone"] == {"rows": 1, "frauds": 0, "legitimate": 0}
    assert one["alerts"]["champion_alone"] == {"rows": 1, "frauds": 0, "legitimate": 1}
    assert one["average_precision"]["challenger"] == 1.0
    assert (two["challenger"], two["rows"], two["alerts"], two["average_precision"]) == ("mdl_c", 1, None, None)
    assert compared_scores({}, labels, decide_of)["comparisons"] == []
