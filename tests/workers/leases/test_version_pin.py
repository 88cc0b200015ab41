"""Pins: a record is always worked on under the versions of the first time."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import position
from tests.workers.builders import ALICE, BOB, lease
from tests.workers.memory_table import MemoryTable
from workers.leases.held import HeldLease, LeaseLostError
from workers.leases.lease import Lease
from workers.leases.version_pin import VersionPin, pin_at

FIRST = VersionPin(None, "m1", None, "r1")
SECOND = VersionPin(position(5), "m2", "m1", "r1")


def pinned() -> Lease:
    return lease().pinned(FIRST).pinned(SECOND)


@pytest.mark.parametrize(("at", "pin"), [(position(4, 9), FIRST), (position(5), SECOND), (position(5, 1), SECOND)])
def test_the_last_pin_that_starts_at_a_position_or_before_holds_there(at: object, pin: VersionPin) -> None:
    assert pin_at(pinned().pins, at) == pin  # type: ignore[arg-type]


def test_nothing_holds_before_a_pin_stands_there() -> None:
    assert pin_at((), position(1)) is None
    assert pin_at((SECOND,), position(4)) is None


@given(st.lists(st.integers(2, 60), unique=True, max_size=8).map(sorted), st.lists(st.integers(1, 60), max_size=8))
def test_a_checkpoint_drops_pins_and_changes_no_versions_behind_it(starts: list[int], steps: list[int]) -> None:
    """Whatever is checkpointed, what is still to be worked on keeps its versions."""
    pins = (VersionPin(None, "m"), *(VersionPin(position(start), f"m{start}") for start in starts))
    row = lease(pins=pins)
    for to in sorted(steps):
        row = row.advanced(position(to))
        assert sum(pin.holds_at(position(to)) for pin in row.pins) == 1
        assert all(pin_at(row.pins, position(at)) == pin_at(pins, position(at)) for at in range(to, 62))


def test_versions_are_never_changed_for_what_may_have_been_worked_on() -> None:
    """Neither behind a checkpoint, nor before another pin, nor twice at one position; the same pin is harmless."""
    row = pinned()
    assert row.pinned(SECOND).pins == row.pins
    for start in (None, position(4), position(5)):
        with pytest.raises(ValueError, match="never changed"):
            row.pinned(VersionPin(start, "m3"))
    with pytest.raises(ValueError, match="never changed"):
        row.advanced(position(9)).pinned(VersionPin(position(9), "m3"))


async def test_whoever_lost_a_lease_pins_nothing() -> None:
    """A pin that another holder wrote also tells that the lease was another's meanwhile."""
    row = lease(owner=ALICE)
    table = MemoryTable(row)
    mine = HeldLease(table, row)
    table.stored[row.shard_id] = row.taken(BOB).pinned(FIRST)
    with pytest.raises(LeaseLostError):
        await mine.pin(SECOND)
    assert table.stored[row.shard_id].pins == (FIRST,)
    table.stored[row.shard_id] = lease(owner=ALICE, counter=9, pins=(FIRST,))
    with pytest.raises(LeaseLostError):
        await HeldLease(table, row).pin(SECOND)
