"""Become a PostgreSQL program in a folder, as an account: `python launcher.py UID:GID|- FOLDER PROGRAM ARGUMENTS...`.

The program ends when its parent ends (prctl(2), PR_SET_PDEATHSIG). A change of user clears what asks for that, so the
launcher asks behind the change. A lock file that a killed server left is removed when its process id belongs to
another program by now, as it does after a container was started again: PostgreSQL would take that program for itself.

Only the standard library: this runs in front of each server, without site-packages.
"""

import ctypes
import os
import signal
import sys
from contextlib import suppress
from pathlib import Path

PR_SET_PDEATHSIG = 1  # linux/prctl.h
LOCK_FILE = "postmaster.pid"


def launch(account: str, folder: str, command: list[str]) -> None:
    """Run the command in this process's place."""
    parent = os.getppid()
    os.chdir(folder)
    drop_stale_lock(Path(LOCK_FILE))
    if account != "-":
        uid, gid = map(int, account.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    if sys.platform.startswith("linux"):
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the signal was asked for
        os.kill(os.getpid(), signal.SIGKILL)
    os.execv(command[0], command)  # noqa: S606 - the command is the supervisor's own


def drop_stale_lock(lock: Path) -> None:
    """Remove a lock file whose process id now belongs to a program that is no PostgreSQL, or to one that has ended.

    A server whose supervisor was killed has its process id until init looks (state Z, proc(5)).
    """
    with suppress(OSError, ValueError):
        pid = int(lock.read_text().split("\n", 1)[0])
        name, _, rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")
        if "postgres" not in name or rest.split()[0] == "Z":
            lock.unlink()


if __name__ == "__main__":
    launch(sys.argv[1], sys.argv[2], sys.argv[3:])
