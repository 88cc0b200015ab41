"""Faults in the API's process, without a door for them in it: Python imports this by its name when it starts.

A card number of `FAULT_LENGTH` digits, which no other probe has, ends wherever it becomes a `Pan` in an error that
nobody expects and whose text quotes it: in the request, in a callback of the event loop, in a task that nobody
awaits, and in a thread.
"""

import asyncio
import sys
import threading
from typing import Final

FAULT_LENGTH: Final = 18
API: Final = ["-m", "txn_cli.main", "api"]


def _install() -> None:
    from txn_core.pan import Pan

    sound = Pan.__init__

    def faulty(pan: Pan, digits: str) -> None:
        sound(pan, digits)
        if len(digits) == FAULT_LENGTH:
            _fail_everywhere(digits)

    Pan.__init__ = faulty  # type: ignore[method-assign] # that is what this is for


def _fail_everywhere(digits: str) -> None:
    loop = asyncio.get_running_loop()
    loop.call_soon(_fail, digits)
    loop.create_task(_fail_later(digits))  # noqa: RUF006 - that nobody holds it is the point
    threading.Thread(target=_fail, args=(digits,)).start()
    _fail(digits)


async def _fail_later(digits: str) -> None:
    _fail(digits)


def _fail(digits: str) -> None:
    raise RuntimeError(digits)


if sys.orig_argv[-len(API) :] == API:
    _install()
