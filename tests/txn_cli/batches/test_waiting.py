"""What is waited for: the rows that were accepted, and not those that come meanwhile."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from operations.drains.shard_status import Rest, ShardStatus
from txn_cli.batches.waiting import CLOCKS_APART, is_archived, wait_for_lake, wait_for_warehouse
from txn_cli.status.drain import Status, WorkerStatus
from txn_core.exceptions import StoreError
from txn_core.positions import ShardId
from workers.leases.lease import SHARD_END, Checkpoint, Lease

UNTIL = datetime(2026, 1, 1, tzinfo=UTC)
LATER, EARLIER = UNTIL + timedelta(seconds=1), UNTIL - timedelta(seconds=1)


def _status(*rests: Rest | None, kind: str = "archive", amiss: str = "", foreign: bool = False) -> Status:
    shards = tuple(ShardStatus(ShardId(f"s{n}"), None, rest, foreign) for n, rest in enumerate(rests))
    return Status.now(WorkerStatus(kind, shards, {}, amiss=amiss))


@pytest.mark.parametrize(
    ("status", "archived"),
    [
        (_status(Rest(), Rest()), True),
        (_status(Rest(), Rest(unread=3, oldest=LATER)), True),
        (_status(Rest(), Rest(unread=3, oldest=EARLIER)), False),
        (_status(Rest(), Rest(unread=3, oldest=UNTIL)), False),
        (_status(Rest(), None), False),
        (_status(Rest(closed=True)), False),
        (_status(Rest(to_the_tip=False)), False),
        (_status(Rest(), amiss="foreign"), False),
        (_status(Rest(unread=1, oldest=LATER), foreign=True), False),
        (_status(Rest(unread=3, oldest=EARLIER), kind="index"), True),
    ],
)
def test_rows_are_in_the_lake_when_nothing_older_is_unread(status: Status, archived: object) -> None:
    """Whatever other drains have to do, and however much arrives later. What cannot be seen is not there."""
    assert is_archived(status, UNTIL) is archived


def test_a_shard_that_has_ended_holds_nothing_up() -> None:
    lease = Lease(shard_id=ShardId("s0"), checkpoint=Checkpoint(SHARD_END))
    worker = WorkerStatus("archive", (ShardStatus(ShardId("s0"), lease, None),), {})
    assert is_archived(Status.now(worker), UNTIL)


@dataclass
class Looks:
    """An observer that sees one status after the other, and the last one for as long as it is asked."""

    seen: list[Status]
    pause_s: float = 0.0
    told: list[str] = field(default_factory=list)

    async def look(self) -> Status:
        return self.seen.pop(0) if len(self.seen) > 1 else self.seen[0]


async def test_the_lake_is_waited_for_and_not_for_ever() -> None:
    """The clocks of two services are not held to be one."""
    at_once = Rest(unread=1, oldest=UNTIL + CLOCKS_APART)
    looks = Looks([_status(at_once), _status(Rest(unread=1, oldest=LATER + CLOCKS_APART))])
    await wait_for_lake(looks, UNTIL, 60, looks.told.append)
    assert len(looks.told) == 2
    behind = Looks([_status(Rest(unread=1, oldest=EARLIER))])
    with pytest.raises(StoreError, match="the archive has not come so far"):
        await wait_for_lake(behind, UNTIL, 0.01, behind.told.append)


async def test_the_warehouse_is_waited_for_and_not_for_ever() -> None:
    class Loading:
        def __init__(self, looks: int) -> None:
            self.looks = looks

        async def has_loaded(self, raw_objects: object) -> bool:
            assert raw_objects == ["raw/a"]
            self.looks -= 1
            return self.looks == 0

    await wait_for_warehouse(Loading(3), ["raw/a"], 60, pause_s=0)
    with pytest.raises(StoreError, match="the warehouse has not come so far"):
        await wait_for_warehouse(Loading(-1), ["raw/a"], 0.01, pause_s=0)
