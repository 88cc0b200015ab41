"""Becomes the program that the command line names, which then ends when its parent ends.

A build must not go on when the run that started it was killed: the next run would find its files held. Run by path,
with the standard library alone: `python -I launcher.py PARENT_PID PROGRAM ARGUMENT...`
"""

import ctypes
import os
import signal
import sys
from contextlib import suppress

PR_SET_PDEATHSIG = 1  # linux/prctl.h


def main() -> None:
    """Ask the kernel for the signal (prctl(2)), and become the program; end if the parent has ended meanwhile."""
    with suppress(AttributeError, OSError):  # no Linux: the program then ends by itself
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() == int(sys.argv[1]):
        os.execv(sys.argv[2], sys.argv[2:])  # noqa: S606 - no shell


if __name__ == "__main__":
    main()
