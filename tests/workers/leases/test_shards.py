"""Which shards there are, and which may be read."""

from typing import Any

from tests.builders import position
from tests.workers.builders import lease, shard
from txn_core.positions import ShardId
from workers.leases.lease import Checkpoint
from workers.leases.shards import Shard, leases_lacking, leases_outdated, list_shards, may_start

RANGE = {"StartingHashKey": "0", "EndingHashKey": "9"}


class PagedStream:
    """A stream that lists one shard a page; a token must come alone."""

    def __init__(self, shards: list[dict[str, Any]]) -> None:
        self._shards = shards

    async def list_shards(self, **request: Any) -> dict[str, Any]:
        assert len(request) == 1
        at = int(request.get("NextToken", 0))
        more = {"NextToken": str(at + 1)} if at + 1 < len(self._shards) else {}
        return {"Shards": [self._shards[at]], **more}


async def test_all_pages_are_read_and_a_merge_has_two_parents() -> None:
    listed = [
        {"ShardId": shard(0), "HashKeyRange": RANGE},
        {"ShardId": shard(1), "HashKeyRange": RANGE},
        {
            "ShardId": shard(2),
            "HashKeyRange": RANGE,
            "ParentShardId": shard(1),
            "AdjacentParentShardId": shard(0),
        },
    ]
    found = await list_shards(PagedStream(listed), "stream")  # type: ignore[arg-type]
    assert [s.shard_id for s in found] == [shard(0), shard(1), shard(2)]
    assert found[2].parents == (shard(0), shard(1))


async def test_a_list_may_leave_out_all_but_the_ids() -> None:
    class Sparse:
        async def list_shards(self, **_: Any) -> dict[str, Any]:
            return {"Shards": [{"ShardId": shard(0)}, {"ShardId": shard(1), "HashKeyRange": {}}]}

    assert await list_shards(Sparse(), "stream") == [Shard(shard(0), ()), Shard(shard(1), ())]  # type: ignore[arg-type]


async def test_an_empty_answer_lists_nothing() -> None:
    class Silent:
        async def list_shards(self, **_: Any) -> dict[str, Any]:
            return {}

    assert await list_shards(Silent(), "stream") == []  # type: ignore[arg-type]


def test_new_shards_get_rows_that_start_at_the_horizon() -> None:
    shards = [Shard(shard(i), parents=(), hash_keys=("0", "9")) for i in range(3)]
    lacking = leases_lacking(shards, [lease(1)])
    assert [row.shard_id for row in lacking] == [shard(0), shard(2)]
    assert all(row.checkpoint == Checkpoint("TRIM_HORIZON") for row in lacking)


def shards(*numbers: int, parents: dict[int, tuple[int, ...]] | None = None) -> list[Shard]:
    def parents_of(number: int) -> tuple[ShardId, ...]:
        return tuple(map(shard, (parents or {}).get(number, ())))

    return [Shard(shard(i), parents=parents_of(i), hash_keys=("0", "9")) for i in numbers]


def test_parents_get_their_rows_before_children() -> None:
    """Whoever stops in between leaves no child that seems to have none."""
    lacking = leases_lacking(shards(2, 0, 1, parents={2: (0, 1)}), [])
    assert [row.shard_id for row in lacking] == [shard(0), shard(1), shard(2)]


def test_a_parent_whose_child_has_begun_gets_no_row_again() -> None:
    """It was done and its row deleted; from the horizon, all of it would be drained twice."""
    child = lease(1, parents=(shard(0),))
    assert leases_lacking(shards(0, 1), [child.advanced(position(5))]) == []
    assert leases_lacking(shards(0, 1), [child.ended()]) == []
    assert [row.shard_id for row in leases_lacking(shards(0, 1), [child])] == [shard(0)]


def test_rows_of_finished_shards_that_have_left_the_stream_are_outdated_when_their_children_have_begun() -> None:
    gone, child, other = lease(0).ended(), lease(1, parents=(shard(0),)), lease(2, parents=(shard(0),)).ended()
    assert leases_outdated(shards(1, 2), [gone, child.advanced(position(5)), other]) == [gone]
    assert leases_outdated(shards(1, 2), [gone, child, other]) == []
    assert leases_outdated(shards(0, 1, 2), [gone, child.advanced(position(5)), other]) == []


def test_a_row_with_something_left_to_do_is_never_outdated() -> None:
    assert leases_outdated([], [lease(0), lease(1).advanced(position(5))]) == []


def test_a_generation_whose_children_have_come_and_gone_is_outdated() -> None:
    rows = [lease(0).ended(), lease(1, parents=(shard(0),)).ended()]
    assert leases_outdated([], rows) == rows


def test_a_merged_child_waits_for_both_parents() -> None:
    child = lease(2, parents=(shard(0), shard(1)))
    done, open_ = lease(0).ended(), lease(1)
    assert not may_start(child, {row.shard_id: row for row in (done, open_, child)})
    assert may_start(child, {row.shard_id: row for row in (done, open_.ended(), child)})


def test_a_parent_that_left_the_stream_is_not_waited_for() -> None:
    child = lease(2, parents=(shard(0),))
    assert may_start(child, {child.shard_id: child})
