"""How many lines a second are logged of what a client can cause: enough to look into it, too few to fill a disk.

A line that goes past the budget is left out and counted, never silently: `untold` says how many of each kind were.
"""

import time
from collections import Counter
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from typing import Any, Final, Generic, TypeVar

import structlog

WINDOW_S: Final = 1.0
_Kind = TypeVar("_Kind", bound=Hashable)


@dataclass(slots=True)
class LogBudget(Generic[_Kind]):
    """The first lines of each second: of each kind, of each holder, and of all together.

    A holder is whoever causes lines, so that nobody uses up what others are logged with. What is counted is
    bounded by `lines_max` and by the number of kinds.
    """

    kind_max: int
    """Lines of one kind that one holder causes."""
    holder_max: int
    """Lines that one holder causes."""
    lines_max: int
    clock: Callable[[], float] = time.monotonic
    left_out: Counter[_Kind] = field(default_factory=Counter)
    """Lines that were left out, by kind, since the process began."""
    _window: int = -1
    _lines: int = 0
    _of_holders: Counter[Hashable] = field(default_factory=Counter)
    _of_kinds: Counter[tuple[Hashable, _Kind]] = field(default_factory=Counter)
    _untold: Counter[_Kind] = field(default_factory=Counter)

    def takes(self, kind: _Kind, holder: Hashable = None) -> bool:
        """Whether a line may be logged; it is counted either way."""
        window = int(self.clock() / WINDOW_S)
        if window != self._window:
            self._window, self._lines = window, 0
            self._of_holders.clear()
            self._of_kinds.clear()
        if (
            self._lines >= self.lines_max
            or self._of_holders[holder] >= self.holder_max
            or self._of_kinds[holder, kind] >= self.kind_max
        ):
            self.left_out[kind] += 1
            self._untold[kind] += 1
            return False
        self._lines += 1
        self._of_holders[holder] += 1
        self._of_kinds[holder, kind] += 1
        return True

    def untold(self) -> Counter[_Kind]:
        """The lines that were left out since this was asked last, by kind."""
        untold, self._untold = self._untold, Counter()
        return untold

    def untold_of(self, kind: _Kind) -> int:
        """The lines of one kind that were left out since they were asked for last."""
        return self._untold.pop(kind, 0)


class EventBudget:
    """A processor of structlog: of each event so many lines a second; the next one says how many were left out.

    An event is a fixed text of ours. Those that are `counted_elsewhere` pass, and so do reports of crashes.
    """

    def __init__(
        self, event_lines_max: int, lines_max: int, counted_elsewhere: frozenset[str] = frozenset(), **options: Any
    ) -> None:
        """Bound the lines of an event, and of all events together."""
        self._budget = LogBudget[str](event_lines_max, lines_max, lines_max, **options)
        self._counted_elsewhere = counted_elsewhere

    @property
    def left_out(self) -> int:
        """Lines that were left out since the process began."""
        return self._budget.left_out.total()

    def __call__(self, _: object, level: str, event: structlog.typing.EventDict) -> structlog.typing.EventDict:
        """Let a line go on.

        Raises:
            DropEvent: it is one too many.
        """
        name = str(event.get("event"))
        if level == "critical" or name in self._counted_elsewhere:
            return event
        if not self._budget.takes(name):
            raise structlog.DropEvent
        if untold := self._budget.untold_of(name):
            event["left_out"] = untold
        return event
