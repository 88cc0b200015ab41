"""What a run survived and what its clients were answered, counted by kind and added up over the seeds."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from tests.chaos import schedule
from tests.chaos.faults import OF_SERVICE, SLOW

KILLED: Final = (
    *("api", "index", "archive", "score", "dynamodb", "s3", "kinesis"),
    *("archive, at a protocol step", "score, at a protocol step"),
)
FROZEN: Final = tuple(dict.fromkeys(f"{point.kind}: {point.step}" for point in schedule.ALL_POINTS))
CHANGED: Final = (
    *("shard split", "shards merged", "shard throttled", "iterators expired", "poison put"),
    *("worker gone and come", "wall clock jumped", "monotonic clock jumped", "versions changed"),
)
INJECTED: Final = (
    *(f"{service}: {fate.name}" for service, fates in OF_SERVICE.items() for fate in fates),
    *(f"lease table: {fate.name}" for fate in OF_SERVICE["dynamodb"]),
    *(f"{service}: {SLOW.name}" for service in ("dynamodb", "s3")),
    *(f"registry: {fate.name}" for fate in schedule.AWAY),
    *(f"kinesis: {f.name}" for f in (*schedule.PUT_FATES, *schedule.RECORD_FATES, *schedule.READ_FATES)),
)


@dataclass(slots=True)
class Tally:
    """Counts. Only what really happened is counted, not what was planned."""

    kills: Counter[str] = field(default_factory=Counter)
    zombies: Counter[str] = field(default_factory=Counter)
    overtaken: Counter[str] = field(default_factory=Counter)  # zombies whose lease another took and moved on
    changes: Counter[str] = field(default_factory=Counter)
    injected: Counter[str] = field(default_factory=Counter)
    seen: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    compared: Counter[str] = field(default_factory=Counter)
    broken: Counter[str] = field(default_factory=Counter)  # promises, by the verdict's words

    def add(self, other: "Tally") -> None:
        """Add another run's counts."""
        for name in self.__dataclass_fields__:
            getattr(self, name).update(getattr(other, name))

    def upshot(self) -> str:
        """The numbers that have to be zero."""
        missing = ("acknowledged and not on the stream", "missing in the index", "missing in the lake")
        different = ("different in the index", "different in the lake", "acknowledged otherwise than posted")
        numbers = [sum(self.broken[promise] for promise in promises) for promises in (missing, different)]
        return (
            "acknowledged but missing in index or lake / doubled in lake / different content: "
            f"{numbers[0]} / {self.broken['doubled in the lake']} / {numbers[1]}"
        )

    def lines(self) -> list[str]:
        """The counts for people, a kind a line."""
        titles = {
            "kills": "killed",
            "zombies": "frozen, by protocol step",
            "overtaken": "of these, overtaken by a successor",
            "changes": "changed",
            "injected": "injected",
            "seen": "met by themselves",
            "answers": "answered",
            "compared": "compared",
        }
        found: list[str] = []
        for name, title in titles.items():
            counter: Counter[str] = getattr(self, name)
            if counter:
                found.append(f"{title} ({counter.total():,})")
                found += [f"  {count:8,}  {kind}" for kind, count in sorted(counter.items())]
        return found

    def short_of(self, least: int) -> list[str]:
        """The kinds of what must be survived that were met less often than that, with how often."""
        groups = ((self.kills, KILLED), (self.zombies, FROZEN), (self.changes, CHANGED), (self.injected, INJECTED))
        return [
            f"{kind}: {counter[kind]}"
            for counter, kinds in groups
            for kind in sorted({*kinds, *counter})
            if counter[kind] < least
        ]
