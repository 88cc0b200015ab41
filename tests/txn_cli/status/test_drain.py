"""The decision whether a shard is drained."""

from datetime import UTC, datetime, timedelta

import pytest

from operations.drains.shard_status import Drain, Rest, ShardStatus
from txn_cli.status.drain import Status, WorkerStatus
from txn_core.positions import ShardId
from workers.leases.lease import SHARD_END, TRIM_HORIZON, Checkpoint, Lease

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHARD = ShardId("shardId-000000000000")
UNREAD = Rest(unread=1, oldest=NOW - timedelta(seconds=7))
TIP = Rest()


def shard(checkpoint: str | None = "7", rest: Rest | None = TIP) -> ShardStatus:
    lease = None if checkpoint is None else Lease(shard_id=SHARD, checkpoint=Checkpoint(checkpoint))
    return ShardStatus(SHARD, lease, rest)


@pytest.mark.parametrize(
    ("seen", "drain"),
    [
        pytest.param(shard("7", TIP), Drain.DRAINED, id="nothing stands behind the checkpoint"),
        pytest.param(shard("7", UNREAD), Drain.BEHIND, id="something stands behind the checkpoint"),
        pytest.param(shard(TRIM_HORIZON, UNREAD), Drain.BEHIND, id="nothing is done of what there is"),
        pytest.param(shard(TRIM_HORIZON, TIP), Drain.DRAINED, id="there is nothing to do"),
        pytest.param(shard(None, UNREAD), Drain.BEHIND, id="no worker has seen the shard, which has records"),
        pytest.param(shard(None, TIP), Drain.DRAINED, id="no worker has seen the shard, which has none"),
        pytest.param(shard(SHARD_END, None), Drain.DRAINED, id="a closed shard is checkpointed at its end"),
        pytest.param(shard("7", Rest(closed=True)), Drain.BEHIND, id="a closed shard is not ended yet"),
        pytest.param(shard(None, Rest(closed=True)), Drain.BEHIND, id="nor is one that no worker has seen"),
        pytest.param(shard("7", None), Drain.UNKNOWN, id="the shard could not be read"),
        pytest.param(shard("7", Rest(to_the_tip=False)), Drain.UNKNOWN, id="the tip was not found"),
    ],
)
def test_a_shard_is_drained_when_nothing_of_it_is_left(seen: ShardStatus, drain: Drain) -> None:
    assert seen.drain is drain


def test_lag_is_the_age_of_the_oldest_that_is_not_done() -> None:
    worker = WorkerStatus("index", (shard(rest=TIP), shard(rest=UNREAD)), {})
    assert worker.lag_s(NOW) == 7
    assert WorkerStatus("index", (shard(rest=TIP),), {}).lag_s(NOW) == 0


@pytest.mark.parametrize("rests", [(TIP, TIP), (TIP, UNREAD), (UNREAD, TIP), (UNREAD, UNREAD)])
def test_all_is_drained_when_every_shard_of_every_worker_is(rests: tuple[Rest, Rest]) -> None:
    workers = [WorkerStatus(kind, (shard(rest=rest),), {}) for kind, rest in zip("ab", rests, strict=True)]
    assert Status(NOW, tuple(workers)).drained is (rests == (TIP, TIP))
