"""An event loop whose clock jumps: time passes as soon as nothing else is left to do.

Deadlines and pauses are tested at their real lengths and take no time, the order of events is the same in every
run, and a test that waits for something that can never happen fails at once.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

_Result = TypeVar("_Result")
_Parameters = ParamSpec("_Parameters")


class NothingLeftToHappenError(RuntimeError):
    """Every task waits and no timer is set: the test would hang."""


class _JumpingSelector(selectors.DefaultSelector):
    """Instead of waiting for input, moves the clock on."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise NothingLeftToHappenError
        self.now_s += max(timeout, 0.0)
        return super().select(0)


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """For code that waits for timers and tasks alone; it reads no sockets."""

    def __init__(self) -> None:
        self._clock = _JumpingSelector()
        super().__init__(self._clock)

    def time(self) -> float:
        """Seconds since the loop was made."""
        return self._clock.now_s


def run_in_virtual_time(main: Coroutine[Any, Any, _Result]) -> _Result:
    """Run to the end. Whatever the loop's exception handler is told of fails the run."""
    faults: list[dict[str, Any]] = []
    with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
        runner.get_loop().set_exception_handler(lambda _, fault: faults.append(fault))
        result = runner.run(main)
    assert not faults, faults
    return result


def in_virtual_time(test: Callable[_Parameters, Coroutine[Any, Any, None]]) -> Callable[_Parameters, None]:
    """Make an async test one that runs on a clock of its own."""

    @wraps(test)
    def run(*args: _Parameters.args, **kwargs: _Parameters.kwargs) -> None:
        run_in_virtual_time(test(*args, **kwargs))

    return run
