"""A search for dear bytes that climbs: it changes the dearest bytes that it has, and keeps what is dearer still.

Short bytes and long ones climb apart, each among those of about their length, since what makes a short line dear is
not what makes a long one dear. A climb that stands still begins again with some of the seeds. What seems to be over
the bar is measured again, many times side by side with the reference, before it counts.
"""

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Final, Protocol

from tests.abuse.meter import QUICK_ROUNDS, SURE_ROUNDS, CpuMeter, collecting_as_the_api
from tests.abuse.mutations import mutated
from tests.abuse.target import Target

KEPT_A_LENGTH: Final = 4
CHANGES_MAX: Final = 4
STANDSTILL: Final = 600  # candidates in a row that were no dearer than what their length has
FOUND_MAX: Final = 20
DEARER: Final = 1.01  # less is noise


class Meter(Protocol):
    """Says what some bytes cost."""

    def ratio(self, data: bytes, rounds: int) -> float:
        """How many times what is due they cost, by so many measurements."""


@dataclass(frozen=True, slots=True, order=True)
class Candidate:
    """Some bytes and their ratio: how many times what is due they cost."""

    ratio: float
    data: bytes

    def __str__(self) -> str:
        ends = self.data if len(self.data) <= 160 else self.data[:100] + b" ... " + self.data[-60:]
        return f"{self.ratio:6.2f} x, {len(self.data):,} bytes: {ends!r}"


@dataclass(slots=True)
class Report:
    """What a search found: the dearest of each length, and what is over the bar for sure."""

    tried: int = 0
    climbs: int = 0
    dearest: dict[int, Candidate] = field(default_factory=dict)
    over: list[Candidate] = field(default_factory=list)

    @property
    def best(self) -> float:
        """The highest ratio that was kept."""
        return max((candidate.ratio for candidate in self.dearest.values()), default=0.0)

    def note(self, candidate: Candidate) -> None:
        """Keep it if it is the dearest of its length."""
        length = _length(candidate.data)
        self.dearest[length] = max(candidate, self.dearest.get(length, candidate))

    def lines(self) -> Iterator[str]:
        """The report as text, the dearest first."""
        yield f"{self.tried:,} candidates in {self.climbs} climbs; over the bar: {len(self.over)}"
        yield from map(str, sorted(self.dearest.values(), reverse=True))
        if self.over:
            yield "OVER THE BAR:"
            yield from map(str, sorted(self.over, reverse=True))


def climb(target: Target, *, seconds: float, seed: int, meter: Meter | None = None) -> Report:
    """Search for so many CPU seconds. The seed decides every choice; the measurements decide what is kept, too."""
    rng, report = Random(seed), Report()
    meter = meter or CpuMeter(target)
    with collecting_as_the_api():
        ends_at = time.process_time() + seconds
        while time.process_time() < ends_at and len(report.over) < FOUND_MAX:
            report.climbs += 1
            _Climb(target, meter, rng, report).run(ends_at, all_seeds=report.climbs == 1)
    return report


class _Climb:
    """One climb: the dearest bytes by length, from some seeds on."""

    def __init__(self, target: Target, meter: Meter, rng: Random, report: Report) -> None:
        self._target, self._meter, self._rng, self._report = target, meter, rng, report
        self._kept: dict[int, list[Candidate]] = {}

    def run(self, ends_at: float, *, all_seeds: bool) -> None:
        """Go on until time is up, nothing gets dearer, or something is over the bar."""
        known = {candidate.data for candidate in self._report.over}
        seeds = [data for data in self._target.seeds if data not in known] or [self._target.reference]
        chosen = seeds if all_seeds else self._rng.sample(seeds, self._rng.randint(1, len(seeds)))
        for data in chosen:
            self._is_over(self._keep(data[: self._target.bytes_max])[0])
        standstill = 0
        while time.process_time() < ends_at and standstill < STANDSTILL:
            candidate, is_dearer = self._keep(self._changed())
            if self._is_over(candidate):
                return
            standstill = 0 if is_dearer else standstill + 1

    def _changed(self) -> bytes:
        parent, other = (self._rng.choice(self._kept[self._rng.choice([*self._kept])]).data for _ in range(2))
        data = parent
        for _ in range(self._rng.randint(1, CHANGES_MAX)):
            own = self._target.mutations
            if own and self._rng.random() < 0.4:
                data = self._rng.choice(own)(self._rng, data)[: self._target.bytes_max]
            else:
                data = mutated(self._rng, data, other, self._target.pieces, self._target.bytes_max)
        return data

    def _keep(self, data: bytes) -> tuple[Candidate, bool]:
        """Measure some bytes; whether they are among the dearest of their length."""
        candidate = Candidate(self._meter.ratio(data, QUICK_ROUNDS), data)
        self._report.tried += 1
        kept = self._kept.setdefault(_length(data), [])
        if not _is_dearer(candidate, kept):
            return candidate, False
        # Most of those that seem dearer were only disturbed.
        candidate = Candidate(min(candidate.ratio, self._meter.ratio(data, QUICK_ROUNDS)), data)
        if not _is_dearer(candidate, kept) or any(data == each.data for each in kept):
            return candidate, False
        if candidate.ratio > self._target.bar:
            candidate = Candidate(min(candidate.ratio, self._meter.ratio(data, SURE_ROUNDS)), data)
        kept.append(candidate)
        kept.sort(reverse=True)
        del kept[KEPT_A_LENGTH:]
        self._report.note(candidate)
        return candidate, True

    def _is_over(self, candidate: Candidate) -> bool:
        """Whether it is over the bar, also when it is measured many times."""
        if candidate.ratio <= self._target.bar:
            return False
        sure = Candidate(min(candidate.ratio, self._meter.ratio(candidate.data, SURE_ROUNDS)), candidate.data)
        if sure.ratio > self._target.bar:
            self._report.over.append(sure)
        return sure.ratio > self._target.bar


def _is_dearer(candidate: Candidate, kept: Sequence[Candidate]) -> bool:
    return len(kept) < KEPT_A_LENGTH or candidate.ratio > DEARER * min(kept).ratio


def _length(data: bytes) -> int:
    """The class of lengths that some bytes are in."""
    return len(data).bit_length()
