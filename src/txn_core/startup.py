"""The garbage collector of a process that serves or drains for long."""

import gc
from typing import Final

GARBAGE_OBJECTS_MAX: Final = 50_000


def freeze_startup_objects() -> None:
    """Tell the garbage collector what a long-running process' objects are like; called when all is set up.

    What there is by now stays, and need not be looked through again. What a request or a batch makes is freed by
    counting references; only cycles, which are few, are left to the collector, which by its defaults would search
    hundreds of requests or tens of thousands of records again and again (a third of a request's time).
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_OBJECTS_MAX)
