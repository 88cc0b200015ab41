"""Which shards there are, and which may be read."""

from typing import Any

from tests.workers.builders import lease, shard
from workers.leases import Checkpoint
from workers.shards import Shard, leases_lacking, list_shards, may_start

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


def test_new_shards_get_rows_that_start_at_the_horizon() -> None:
    shards = [Shard(shard(i), parents=(), hash_keys=("0", "9")) for i in range(3)]
    lacking = leases_lacking(shards, [lease(1)])
    assert [row.shard_id for row in lacking] == [shard(0), shard(2)]
    assert all(row.checkpoint == Checkpoint("TRIM_HORIZON") for row in lacking)


def test_a_merged_child_waits_for_both_parents() -> None:
    child = lease(2, parents=(shard(0), shard(1)))
    done, open_ = lease(0).ended(), lease(1)
    assert not may_start(child, {row.shard_id: row for row in (done, open_, child)})
    assert may_start(child, {row.shard_id: row for row in (done, open_.ended(), child)})


def test_a_parent_that_left_the_stream_is_not_waited_for() -> None:
    child = lease(2, parents=(shard(0),))
    assert may_start(child, {child.shard_id: child})
