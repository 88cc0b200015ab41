"""The made lakes hold what they were asked for, in the archive's own form."""

import json
from collections import Counter

from devkit.lake_maker import ADVERSE, LakeObject, Mix, lake_of, made_bodies

from txn_core.lake.columns import arrived_of
from txn_core.lake.parquet import read_parquet

ROWS = 300


def documents(objects: list[LakeObject]) -> list[dict[str, object]]:
    return [json.loads(record.data) for each in objects for record in arrived_of(read_parquet(each.body))]


def test_a_plain_lake_holds_each_row_once() -> None:
    objects = lake_of(made_bodies(ROWS), rows_per_object=50)
    found = documents(objects)
    assert Counter(each["transaction_id"] for each in found) == {
        body["transaction_id"]: 1 for body in made_bodies(ROWS)
    }
    assert [int(each.metadata["rows"]) for each in objects] == [read_parquet(each.body).num_rows for each in objects]
    assert lake_of(made_bodies(ROWS), rows_per_object=50) == objects


def test_an_adverse_lake_holds_all_that_is_adverse() -> None:
    objects = lake_of(made_bodies(ROWS), ADVERSE, rows_per_object=50)
    found = documents(objects)
    assert {each["currency"] for each in found} == {"USD", "JPY", "KWD"}
    assert {each["account"] for each in found} == {"acme", "globex"}
    assert {each["type"] for each in found} == {"purchase", "refund", "reversal"}
    assert any(each["customer"] is None for each in found)
    assert any("card_aliases" in each for each in found)
    assert any("card_aliases" not in each for each in found)
    assert Counter(each["transaction_id"] for each in found).most_common(1)[0][1] > 1
    late = ["shardId-000000000002" in each.key for each in objects]
    assert late == sorted(late)
    assert sum(late) > 1


def test_a_mover_lives_elsewhere_from_the_middle_on() -> None:
    found = documents(lake_of(made_bodies(ROWS), Mix(movers=1.0), shards=1))
    moved = [each["customer"]["city"] == "Elsewhere" for each in found]  # type: ignore[index]
    assert moved == [False] * (ROWS // 2) + [True] * (ROWS // 2)
