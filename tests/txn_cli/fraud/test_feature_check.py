"""`txn features verify` on a lake, a score log and a registry in memory."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Final

import pytest

pytest.importorskip("cel_expr_python", reason="the extra `score`")

from devkit.lake_maker import ADVERSE, BEGIN, lake_of, made_bodies, write

from fraud.model.loading import MANIFEST, TREES, checked_model
from fraud.model.shipped import SHIPPED_KEY, shipped_files
from fraud.records.score_row import ScoreRow
from fraud.registry.model_registry import ModelRegistry
from fraud.rules.rule_registry import RuleRegistry
from fraud.scoring.families import Families
from fraud.scoring.filling import FILLING_KEY, Filling, Reached
from fraud.scoring.replay import Findings, Replay
from fraud.scoring.score_log import table_of
from fraud.scoring.versions import Versions
from tests.fraud.rules.written import rules
from tests.fraud.scoring.memory_states import MemoryStates
from tests.fraud.scoring.served import Read, read, served
from tests.support.memory_objects import MemoryObjects
from tests.support.memory_versions import MemoryVersions
from txn_cli.fraud.feature_check import NOT_ARCHIVED, FeatureCheck
from txn_core.exceptions import StoreError
from txn_core.lake.columns import arrived_of
from txn_core.lake.layout import SCORES_PREFIX, range_key
from txn_core.lake.parquet import parquet_of, read_parquet
from txn_core.positions import SequenceNumber

FILES: Final = shipped_files()
MODEL: Final = checked_model(FILES[MANIFEST], FILES[TREES])
RULES: Final = rules("amount > 30000", action="review")
OBJECTS: Final = lake_of(
    made_bodies(110, customers=5), replace(ADVERSE, late_shard=False), shards=2, rows_per_object=25
)
END: Final = BEGIN + timedelta(days=1)


class Foldered(MemoryObjects):
    """Objects of which the folders can be listed."""

    async def folders(self, prefix: str) -> AsyncIterator[str]:
        inside = [key.removeprefix(prefix) for key in self.objects if key.startswith(prefix)]
        for name in sorted({key.partition("/")[0] for key in inside if "/" in key}):
            yield f"{prefix}{name}/"


def shards() -> list[list[Read]]:
    """The records of the lake by shard."""
    found: dict[str, list[Read]] = {}
    for each in read(row for lake in OBJECTS for row in arrived_of(read_parquet(lake.body))):
        found.setdefault(each.position.shard_id, []).append(each)
    return [sorted(records, key=lambda each: each.position.within_shard()) for records in found.values()]


@dataclass
class Bucket:
    """A bucket as two clients see it."""

    store: Foldered = field(default_factory=Foldered)
    objects: MemoryVersions = field(default_factory=lambda: MemoryVersions("lake"))

    async def log(self, rows: Sequence[ScoreRow]) -> None:
        """Write the score log, some rows to an object."""
        for at in range(0, len(rows), 40):
            first = rows[at]
            key = range_key(first.position, first.arrived_at, SCORES_PREFIX)
            await self.store.put_if_absent(key, parquet_of(table_of(rows[at : at + 40])), {})

    def check(self, end: datetime = END) -> FeatureCheck:
        """The check of this bucket."""
        return FeatureCheck(self.store, self.objects, (SHIPPED_KEY,), end)


@pytest.fixture(name="bucket")
async def _bucket() -> Bucket:
    """A bucket with a raw lake, the model and the rules."""
    made = Bucket()
    await write(OBJECTS, made.store)
    await ModelRegistry(made.objects).put(MODEL.id, FILES)
    await RuleRegistry(made.objects).put(RULES)
    return made


def versions() -> Versions:
    """What scores."""
    from fraud.rules.rule_set import RuleSet

    return Versions(MODEL, None, RuleSet.of(RULES))


async def test_what_was_served_is_right_and_one_changed_score_is_not(bucket: Bucket) -> None:
    rows = [await served(records, versions()) for records in shards()]
    for each in rows:
        await bucket.log(each)
    found = await bucket.check().findings(BEGIN)
    assert (found.rows, found.differences, dict(found.unchecked)) == (sum(map(len, rows)), 0, {})
    late = await bucket.check().findings(BEGIN + timedelta(seconds=2))
    assert 0 < late.rows < found.rows
    assert late.differences == 0
    changed = Bucket(Foldered(dict(bucket.store.objects)), bucket.objects)
    key = min(key for key in changed.store.objects if key.startswith(SCORES_PREFIX))
    await changed.store.delete(key)
    await changed.log([replace(rows[0][0], score=1_000), *rows[0][1:40]])
    assert (await changed.check().findings(BEGIN)).differences == 1


async def test_cards_are_folded_in_parts_with_the_same_findings(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a part holds no more records than it may."""
    held: list[int] = []
    finish = Replay.finish

    def noted(self: Replay) -> Findings:
        held.append(len(self._rows))
        return finish(self)

    monkeypatch.setattr(Replay, "finish", noted)
    rows = [await served(records, versions()) for records in shards()]
    await bucket.log([replace(rows[0][0], score=1_000), *rows[0][1:]])
    await bucket.log(rows[1])
    whole = await bucket.check().findings(BEGIN)
    assert held == [whole.rows]
    assert whole.differences == 1
    records_max = whole.rows // 2
    in_parts = await replace(bucket.check(), records_max=records_max).findings(BEGIN)
    assert in_parts == whole
    assert len(held) > 2
    assert max(held[1:]) <= records_max


def test_the_ids_of_a_card_are_folded_together() -> None:
    """Also where an id of the middle links them; a card that is too large is a part of its own."""
    families = Families(["a#3", "a#5", "a#7"])
    families.count({"a#3": 4, "a#5": 3, "a#7": 90})
    families.join("a#3", ["a#2"])
    families.join("a#2", ["a#1"])
    families.join("a#3", ["a#2", "a#1"])
    assert families.ids == {"a#1", "a#2", "a#3", "a#5", "a#7"}
    families.count({"a#1": 4})
    assert list(families.groups(8)) == [{"a#1", "a#2", "a#3"}, {"a#5"}, {"a#7"}]
    assert list(families.groups(11)) == [{"a#1", "a#2", "a#3", "a#5"}, {"a#7"}]
    assert list(Families([]).groups(8)) == []


async def test_what_cannot_be_compared_is_said(bucket: Bucket) -> None:
    """Scores that are ahead of the archive, and a model that is gone or is not trusted."""
    first, second = shards()
    await bucket.log(await served(first, versions()))
    ahead = second[-1]._replace(position=replace(second[-1].position, sequence_number=SequenceNumber("999999")))
    await bucket.log(await served([ahead], versions()))
    found = await bucket.check().findings(BEGIN)
    assert (found.differences, dict(found.unchecked)) == (0, {NOT_ARCHIVED: 1})
    distrustful = FeatureCheck(bucket.store, bucket.objects, (), END)
    unchecked = (await distrustful.findings(BEGIN)).unchecked
    assert unchecked["a model that is not there any more, or not trusted"] == found.rows


async def test_states_that_were_filled_from_the_lake_are_folded_as_they_were(bucket: Bucket) -> None:
    records = shards()[0]
    table = MemoryStates()
    await served(records[:30], Versions(MODEL), table)
    await bucket.log(await served(records[30:], versions(), table))
    last = records[29].position
    reached = Reached(sequence_number=last.sequence_number, sub_sequence_number=last.sub_sequence_number)
    filling = Filling(begin=records[0].arrived_at, model=MODEL.id, reached={last.shard_id: reached})
    await bucket.objects.put(FILLING_KEY, filling.model_dump_json().encode())
    found = await bucket.check().findings(BEGIN)
    assert (found.rows > 0, found.differences, dict(found.unchecked)) == (True, 0, {})


async def test_without_scores_nothing_is_compared_and_a_damaged_object_is_named(bucket: Bucket) -> None:
    assert (await bucket.check().findings(BEGIN)).rows == 0
    first = shards()[0]
    key = range_key(first[0].position, first[0].arrived_at, SCORES_PREFIX)
    await bucket.store.put_if_absent(key, b"PAR1 garbage", {})
    with pytest.raises(StoreError, match="is damaged"):
        await bucket.check().findings(BEGIN)
