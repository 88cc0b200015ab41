"""What a run survived and what its clients were answered, counted by kind and added up over the seeds."""

from collections import Counter
from dataclasses import dataclass, field


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

    def add(self, other: "Tally") -> None:
        """Add another run's counts."""
        for name in self.__dataclass_fields__:
            getattr(self, name).update(getattr(other, name))

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
        """The kinds of what must be survived that were met less often than that."""
        groups = {"killed": self.kills, "frozen": self.zombies, "changed": self.changes, "injected": self.injected}
        return [
            f"{title} {kind}: {count}"
            for title, counter in groups.items()
            for kind, count in sorted(counter.items())
            if count < least
        ]
