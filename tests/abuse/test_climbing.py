"""The climbing fuzzer itself, on work whose dear bytes are known and counted."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

import pytest

from tests.abuse.climbing import climb
from tests.abuse.meter import CpuMeter
from tests.abuse.mutations import mutated, repeated
from tests.abuse.target import Mutation, Target


@dataclass
class Planted:
    """Work whose cost is its bytes, and in one case the square of its brackets."""

    bar: float = 5.0
    bytes_max: int = 4_096
    reference: bytes = b"an ordinary line of bytes"
    seeds: Sequence[bytes] = (b"an ordinary line of bytes", b"")
    pieces: Sequence[bytes] = (b"[", b"]", b"ordinary ")
    mutations: Sequence[Mutation] = ()
    is_quadratic: bool = True

    def due(self, data: bytes) -> float:
        return max(1.0, len(data) / len(self.reference))

    def run(self, data: bytes) -> None:
        sum(range(int(self.cost(data) * 20)))

    def cost(self, data: bytes) -> float:
        return max(len(self.reference), len(data)) + self.is_quadratic * data.count(b"[") ** 2


class Counted:
    """A meter that counts, on which a busy machine has no influence."""

    def __init__(self, target: Planted) -> None:
        self._target = target

    def ratio(self, data: bytes, rounds: int) -> float:
        assert rounds > 0
        ordinary = self._target.cost(self._target.reference) * self._target.due(data)
        return self._target.cost(data) / ordinary


def test_bytes_that_are_dear_are_found_from_ordinary_ones() -> None:
    """A square of brackets, of which no seed has one."""
    target = Planted()
    report = climb(target, seconds=2, seed=1, meter=Counted(target))
    assert report.over
    assert all(b"[" in candidate.data and candidate.ratio > target.bar for candidate in report.over)
    assert "OVER THE BAR" in "\n".join(report.lines())


def test_nothing_is_found_where_work_is_linear() -> None:
    """And no standstill ends the search before its time."""
    target = Planted(is_quadratic=False)
    report = climb(target, seconds=0.5, seed=1, meter=Counted(target))
    assert report.over == []
    assert report.best == pytest.approx(1)
    assert report.climbs > 1


@pytest.mark.parametrize(("data", "dear"), [(b"[" * 400, True), (b"x" * 400, False)])
def test_the_meter_tells_dear_bytes_from_cheap_ones(data: bytes, dear: bool) -> None:  # noqa: FBT001
    """By CPU time, side by side with the reference: 400 times what is due, or once."""
    target: Target = Planted()
    assert (CpuMeter(target).ratio(data, 10) > 50) is dear


def test_the_same_seed_makes_the_same_changes() -> None:
    """So that a search can be run again, and no change makes bytes longer than may be."""

    def run(seed: int) -> list[bytes]:
        rng = Random(seed)
        return [mutated(rng, b'{"a": 17, "b": [1, 2]}', b"other", (b"[", b'"1":0,'), 300) for _ in range(500)]

    assert run(1) == run(1)
    assert run(1) != run(2)
    assert all(len(data) <= 300 for data in run(1))
    assert len(set(run(1))) > 300


def test_a_piece_with_a_number_is_repeated_with_others() -> None:
    """Names that differ cost other work than one name many times."""
    many = {repeated(Random(seed), b'"1":0,', 600) for seed in range(20)}
    assert any(len(set(each.split(b","))) > 10 for each in many)
    assert any(each == b'"1":0,' * (len(each) // 6) for each in many)
