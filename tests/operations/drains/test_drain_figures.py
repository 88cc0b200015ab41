"""What is told of drains: lags, leases nobody holds, and ledgers that agree or differ."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from operations.drains.drain_figures import agreement, figures_of
from operations.drains.drain_reading import DrainReading
from operations.drains.shard_status import Rest, ShardStatus
from operations.shapes import SHARDS_MAX
from txn_core.drains import ARCHIVE, INDEX, SCORE
from txn_core.positions import ShardId
from txn_core.settings import Settings
from workers.leases.lease import Checkpoint, Lease, WorkerName
from workers.leases.ledger import Ledger, Minute, Sum, Tally

AT = datetime(2026, 1, 2, 3, 10, tzinfo=UTC)
SHARD = ShardId("shardId-000000000000")


def ledger(through: str = "9/0", **counts: int) -> Ledger:
    """A ledger with counts by minute, such as `m05=3` of 03:05."""
    sums = {Minute(f"2026-01-02T03:{minute[1:]}"): Sum(count, count) for minute, count in counts.items()}
    return Ledger("epoch", None, through, open=Tally.of(sums))


def shard(
    noted: Ledger | None = None, *, owner: str | None = "worker", behind_s: float | None = None, number: str = "9"
) -> ShardStatus:
    """A shard that is done up to a number, or behind by some seconds."""
    lease = Lease(
        shard_id=SHARD,
        owner=None if owner is None else WorkerName(owner),
        checkpoint=Checkpoint(number),
        ledger=noted,
    )
    oldest = None if behind_s is None else AT - timedelta(seconds=behind_s)
    return ShardStatus(SHARD, lease, Rest(unread=int(oldest is not None), oldest=oldest))


def test_lag_and_owners(own_environment: object) -> None:
    """The furthest behind comes first, and a lease that nobody holds counts where records wait alone."""
    shards = [
        replace(shard(behind_s=behind_s, owner=owner), shard_id=ShardId(f"shard-{number}"))
        for number, (behind_s, owner) in enumerate([(None, "a"), (5.0, "a"), (70.0, None), (None, None)])
    ]
    (drain,) = figures_of([DrainReading(INDEX, tuple(shards))], Settings(), AT).drains
    assert [each.shard_id for each in drain.shards] == ["shard-2", "shard-1", "shard-0", "shard-3"]
    assert (drain.lag_s, drain.behind, drain.unowned, drain.unowned_lag_s, drain.owners) == (70.0, 2, 1, 70.0, 1)
    assert drain.ledger is None  # there is no archive


def test_a_drain_that_never_ran_is_not_told(own_environment: object) -> None:
    empty = (ShardStatus(SHARD, None, Rest()),)
    told = figures_of([DrainReading(INDEX, empty), DrainReading(SCORE, empty)], Settings(), AT)
    assert [drain.name for drain in told.drains] == ["index"]


def test_of_many_shards_the_worst_are_told(own_environment: object) -> None:
    shards = [
        replace(shard(behind_s=float(number)), shard_id=ShardId(f"shard-{number}"))
        for number in range(SHARDS_MAX + 7)
    ]
    (drain,) = figures_of([DrainReading(INDEX, tuple(shards))], Settings(), AT).drains
    assert (len(drain.shards), drain.shards_more) == (SHARDS_MAX, 7)
    assert drain.shards[-1].lag_s == 7.0


def agreeing(view: Ledger, reference: Ledger, number: str = "9") -> tuple[int, int]:
    """How many minutes agree and differ."""
    told = agreement([shard(view, number=number)], {SHARD: shard(reference)}, "index")
    return told.agreeing, told.differing


def test_at_one_checkpoint_all_minutes_compare() -> None:
    assert agreeing(ledger(m05=3, m06=2), ledger(m05=3, m06=2)) == (2, 0)
    assert agreeing(ledger(m05=3, m06=2), ledger(m05=3, m06=1)) == (1, 1)


def test_minutes_that_one_has_not_done_do_not_compare() -> None:
    """A drain may still be at 03:06, and an earlier minute may get records a minute late."""
    assert agreeing(ledger("7/0", m04=3, m06=1), ledger(m04=3, m06=2, m07=1), number="7") == (1, 0)


def test_minutes_that_may_have_left_a_row_do_not_compare() -> None:
    """A row keeps three: what the other has of earlier ones is in its table."""
    assert agreeing(ledger(m03=1, m07=1), ledger(m05=3, m06=2, m07=1)) == (1, 2)
    assert agreeing(ledger(m03=1, m05=3, m06=2, m07=1), ledger(m05=3, m06=2, m07=1)) == (3, 0)


def test_the_archive_is_compared_with_nothing(own_environment: object) -> None:
    readings = [DrainReading(drain, (shard(ledger(m05=3)),)) for drain in (INDEX, ARCHIVE)]
    index, archive = figures_of(readings, Settings(), AT).drains
    assert index.ledger is not None
    assert (index.ledger.agreeing, index.ledger.differing) == (1, 0)
    assert archive.ledger is None
