"""How much a stretch of code does, counted: the same on every machine, however busy.

What is counted are calls, of functions in Python and in C. The event loop's own are left out, since they are C in
production (uvloop), and so are those of the measure itself. A call is no instruction: what happens inside one
function in C is one call, however long it takes. `docs/benchmarks.md` says how many instructions a call stands for.
"""

import asyncio.base_events
import asyncio.events
import asyncio.selector_events
import selectors
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final, ParamSpec, TypeVar

CALL_S: Final = 0.2e-6
"""What a call stands for: a lone post makes 515 and takes about 110 us of CPU on the machine of the benchmarks."""

_cpu_s = time.thread_time  # which a run replaces by the loop's clock
_Parameters = ParamSpec("_Parameters")
_Result = TypeVar("_Result")

_LOOPS: Final = (asyncio.base_events, asyncio.events, asyncio.selector_events, selectors)
_OURS_ALONE: Final = frozenset(
    {
        *(str(module.__file__) for module in _LOOPS),
        *(str(file) for file in Path(__file__).parent.glob("*.py")),
    }
)


class Work:
    """Counts the calls that this thread makes while `counted` is in force."""

    def __init__(self) -> None:
        self.calls = 0
        self._counting = False

    @contextmanager
    def counted(self) -> Iterator[None]:
        """Count what is called in the block."""
        self._count(on=True)
        try:
            yield
        finally:
            self._count(on=False)

    @property
    def seconds(self) -> float:
        """What the work stands for."""
        return self.calls * CALL_S

    def aside(
        self, function: Callable[_Parameters, _Result], *args: _Parameters.args, **named: _Parameters.kwargs
    ) -> _Result:
        """Call a function of the measure's own, of which nothing is counted."""
        counting = self._counting
        self._count(on=False)
        try:
            return function(*args, **named)
        finally:
            self._count(on=counting)

    def _count(self, *, on: bool) -> None:
        self._counting = on
        sys.setprofile(self._see if on else None)

    def _see(self, frame: FrameType, event: str, _: Any) -> None:
        # Of a call of C the frame is the caller's.
        if (event == "call" or event == "c_call") and frame.f_code.co_filename not in _OURS_ALONE:  # noqa: PLR1714 - run for every event
            self.calls += 1


class CpuWork(Work):
    """Measures the CPU time of this thread instead: for work that is done within single functions in C."""

    def __init__(self) -> None:
        super().__init__()
        self._before_s = self._began_s = 0.0

    @property
    def seconds(self) -> float:
        """The CPU time."""
        return self._before_s + (_cpu_s() - self._began_s if self._counting else 0.0)

    def _count(self, *, on: bool) -> None:
        self._before_s, self._began_s = self.seconds, _cpu_s()
        self._counting = on
