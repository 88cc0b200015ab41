"""What the measures come to: figures of ours and of a peer, the bar between them, and the verdict."""

import json
import statistics
import sys
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final, Literal

By = Literal["count", "CPU", "memory", "clock"]
"""What a measure goes by. Counts, and times of a clock that counts, are the same in every run. CPU time and memory
are nearly so. What goes by the clock depends on what else the machine does."""
NO_BAR: Final = "none"


@dataclass(frozen=True, slots=True)
class Bar:
    """What a ratio is held to."""

    limit: float
    at_least: bool

    def holds(self, ratio: float) -> bool:
        """Whether the ratio is on the right side; the limit itself is."""
        return ratio >= self.limit if self.at_least else ratio <= self.limit

    def __str__(self) -> str:
        return f"{'>=' if self.at_least else '<='} {self.limit:g}"


def at_least(limit: float) -> Bar:
    """More is better."""
    return Bar(limit, at_least=True)


def at_most(limit: float) -> Bar:
    """Less is better."""
    return Bar(limit, at_least=False)


@dataclass(frozen=True, slots=True)
class Result:
    """One measure against its bar; the measure's name says the unit of `ours` and `peer`."""

    measure: str
    ours: float
    peer: float
    ratio: float
    bar: str
    ok: bool
    by: By = "clock"


def compared(
    measure: str, ours: Sequence[float], peer: Sequence[float], bar: Bar | None, *, by: By = "clock"
) -> Result:
    """Medians of figures that were taken round by round, and the median of the rounds' ratios against the bar."""
    ratio = statistics.median(a / b for a, b in zip(ours, peer, strict=True))
    return _result(measure, (statistics.median(ours), statistics.median(peer), ratio), bar, by)


def medians(measure: str, ours: Sequence[float], peer: Sequence[float], bar: Bar | None) -> Result:
    """The ratio of two medians: for runs that share no more with those of their round than with any others."""
    figures = statistics.median(ours), statistics.median(peer)
    return _result(measure, (*figures, figures[0] / figures[1]), bar, "clock")


_AS_MUCH: Final = at_most(1)


def counted(measure: str, count: float, bound: float, bar: Bar | None = _AS_MUCH) -> Result:
    """What was counted against its bound, or against what was counted elsewhere; at most as much unless told."""
    return _result(measure, (count, bound, count / bound), bar, "count")


def none_of(measure: str, count: int, *, by: By = "count") -> Result:
    """A count that has to be zero."""
    return Result(measure, count, 0, count, "0", count == 0, by)


def _result(measure: str, figures: tuple[float, float, float], bar: Bar | None, by: By) -> Result:
    """Of ours, the peer's and their ratio; without a bar they illustrate, and nothing is missed."""
    return Result(measure, *figures, str(bar or NO_BAR), bar is None or bar.holds(figures[2]), by)


def tell(text: str) -> None:
    """Say how far the measuring is."""
    print(text, file=sys.stderr, flush=True)


def table(results: Iterable[Result]) -> str:
    """The results as Markdown."""
    lines = ["| Measure | By | Ours | Peer | Ratio | Bar | |", "|---|---|---|---|---|---|---|"]
    for result in results:
        mark = "" if result.bar == NO_BAR else "ok" if result.ok else "missed"
        figures = f"{result.by} | {result.ours:,.4g} | {result.peer:,.4g} | {result.ratio:.3g}"
        lines.append(f"| {result.measure} | {figures} | {result.bar} | {mark} |")
    return "\n".join(lines)


def write(results: Iterable[Result], file: Path) -> None:
    """The results as a list of `{measure, ours, peer, ratio, bar, ok, by}`."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n")
