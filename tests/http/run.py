"""Sequences of a seed, one after the other, played to our connection and to the oracle, and what was seen."""

import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Final

from tests.http.judging.comparing import differences, violations
from tests.http.judging.transcript import Transcript
from tests.http.playing import Expected, Player, oracle, ours
from tests.http.sequences import Sequence, sequence
from tests.http.shrinking import smaller
from tests.support.virtual_time import run_in_virtual_time

SHRINKING_S_MAX: Final = 5.0
"""CPU time for making one sequence small."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """One sequence, and all that is wrong with it."""

    sequence: Sequence
    expected: Expected
    found: Transcript
    differences: tuple[str, ...]
    violations: tuple[str, ...]

    @property
    def is_right(self) -> bool:
        """Whether there is nothing to say."""
        return not (self.differences or self.violations)

    def is_like(self, other: "Judgement") -> bool:
        """Whether another sequence is wrong in the same way."""
        return self._way == other._way

    @property
    def _way(self) -> tuple[object, ...]:
        statuses = zip_longest(self.expected.transcript.statuses, self.found.statuses)
        unlike = next(((right, found) for right, found in statuses if right != found), None)
        return unlike, bool(self.differences), bool(self.violations), not unlike and self.differences


@dataclass
class Outcome:
    """What a run has seen. `touched` counts the sequences that each rule mattered in."""

    sequences: int = 0
    answers: int = 0
    statuses: Counter[int] = field(default_factory=Counter)
    kinds: Counter[str] = field(default_factory=Counter)
    touched: Counter[str] = field(default_factory=Counter)
    stored: int = 0
    faults: list[Judgement] = field(default_factory=list)

    def take(self, judgement: Judgement) -> None:
        """Count a sequence."""
        self.sequences += 1
        self.answers += len(judgement.found.answers)
        self.statuses.update(judgement.found.statuses)
        self.kinds.update(judgement.sequence.kinds)
        self.touched.update(set(judgement.expected.touched))
        self.stored += len(judgement.found.stored)
        if not judgement.is_right:
            self.faults.append(judgement)

    def add(self, other: "Outcome") -> None:
        """Count what another run has seen."""
        self.sequences += other.sequences
        self.answers += other.answers
        self.statuses += other.statuses
        self.kinds += other.kinds
        self.touched += other.touched
        self.stored += other.stored
        self.faults += other.faults


class Judge:
    """Both sides, in one event loop."""

    def __init__(self, player: Player | None = None) -> None:
        """Judge our connection, or the connection of another player."""
        self._ours, self._oracle = player or ours(), oracle()

    async def find_faults(self, sent: Sequence) -> Judgement:
        """Play one sequence to both."""
        expected = await self._oracle.expect(sent.data, sent.delivery)
        methods = [exchange.method for exchange in expected.exchanges]
        found, faults = await self._ours.play(sent.data, sent.delivery, methods)
        wrong = (*faults, *differences(expected, found, sent.delivery))
        return Judgement(sent, expected, found, wrong, tuple(violations(expected.exchanges, found, sent.delivery)))

    async def shrink(self, judgement: Judgement) -> Judgement:
        """A smaller sequence that is wrong in the same way, as far as leaving things out one at a time leads."""
        ends_s, candidates = time.process_time() + SHRINKING_S_MAX, smaller(judgement.sequence)
        while time.process_time() < ends_s and (candidate := next(candidates, None)) is not None:
            other = await self.find_faults(candidate)
            if other.is_like(judgement):
                judgement, candidates = other, smaller(candidate)
        return judgement


def run(seed: int, numbers: Iterable[int], faults_max: int = 5) -> Outcome:
    """Judge the sequences of a seed with these numbers; stop at so many faults, each made small."""

    async def judge_all() -> Outcome:
        outcome, find_faults = Outcome(), Judge()
        for number in numbers:
            judgement = await find_faults.find_faults(sequence(seed, number))
            outcome.take(judgement if judgement.is_right else await find_faults.shrink(judgement))
            if len(outcome.faults) >= faults_max:
                break
        return outcome

    return run_in_virtual_time(judge_all())
