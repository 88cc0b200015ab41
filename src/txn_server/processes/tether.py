"""Become a command that ends when its parent ends: `python tether.py PARENT_PID COMMAND...`.

A supervisor that is killed outright stops nothing; the kernel then ends each tethered child for it
(`prctl(2)`, PR_SET_PDEATHSIG, which outlives `execve`). Doing this here and not in a `preexec_fn` keeps the
supervisor's threads safe. Where there is no `prctl` the command runs untethered, and the next start of the
stack ends what was left over.

The command also gets the mask of our own processes (umask(2)). So a server that knows nothing of it leaves what
it writes, and its sockets in `/tmp`, to its user alone.

Only the standard library: this runs before each child, without site-packages.
"""

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1  # linux/prctl.h
UMASK = 0o077  # as in `txn_cli.stack.private_folder`, which needs what is not here


def tether(parent_pid: int) -> None:
    """Have the kernel kill this process when its parent is gone, also when it is gone already."""
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent_pid:
        os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    tether(int(sys.argv[1]))
    os.umask(UMASK)
    try:
        os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - the command is the supervisor's own
    except OSError as error:
        sys.exit(f"cannot run {sys.argv[2]}: {error.strerror}")
