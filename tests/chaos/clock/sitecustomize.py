# ruff: noqa: INP001 - the folder is no package: it is put on the path of the process
"""A clock that can be set from outside, for one process: Python imports this by its name when it starts.

`CHAOS_CLOCK` names a file of two doubles, by how many seconds `time.time` and `datetime` are off, and by how many
`time.monotonic` and the event loop's `time` are ahead. The file is mapped, so that a change counts at once. What the
loop has already put off keeps its real time; what asks how late it is, as a lease does, sees the jump.
"""

import datetime as dt
import mmap
import os
import struct
import time
from pathlib import Path
from typing import Any

import uvloop

_SHIFTS = struct.Struct("dd")


def _install(file: Path) -> None:
    with file.open("r+b") as opened:
        shared = mmap.mmap(opened.fileno(), _SHIFTS.size)
    true_time, true_monotonic = time.time, time.monotonic
    true_loop_time: Any = uvloop.Loop.time
    true_datetime: Any = dt.datetime

    def shifted_time() -> float:
        return true_time() + float(_SHIFTS.unpack_from(shared)[0])

    def shifted_monotonic() -> float:
        return true_monotonic() + float(_SHIFTS.unpack_from(shared)[1])

    def shifted_loop_time(loop: uvloop.Loop) -> float:
        return float(true_loop_time(loop)) + float(_SHIFTS.unpack_from(shared)[1])

    class _ByNature(type):
        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, true_datetime)

    class ShiftedDatetime(dt.datetime, metaclass=_ByNature):
        @classmethod
        def now(cls, tz: dt.tzinfo | None = None) -> Any:
            return true_datetime.fromtimestamp(shifted_time(), tz)

        @classmethod
        def utcnow(cls) -> Any:
            return true_datetime.fromtimestamp(shifted_time(), dt.UTC).replace(tzinfo=None)

    time.time, time.monotonic = shifted_time, shifted_monotonic
    uvloop.Loop.time = shifted_loop_time  # type: ignore[method-assign,assignment] # it has a clock of its own (libuv's)
    dt.datetime = ShiftedDatetime  # type: ignore[misc] # that is what this is for


_install(Path(os.environ["CHAOS_CLOCK"]))
