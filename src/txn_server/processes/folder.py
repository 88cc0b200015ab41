"""The folder of the processes' sockets: private, gone with its supervisor, or with the next one if that was killed.

A supervisor holds a lock in its folder for as long as it lives, so that what a killed one left behind can be told
from what is in use.
"""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from txn_core.exceptions import ServingError

PREFIX: Final = "txn-api-"
PATH_BYTES_MAX: Final = 80
"""A unix socket's path has 107 bytes at most (unix(7)), 103 on macOS; the sockets' names take some of it."""
_LOCK: Final = "lock"


@contextmanager
def socket_folder() -> Iterator[Path]:
    """A new folder for the time of the block.

    Raises:
        ServingError: the system's folder for temporary files has too long a name.
    """
    _remove_leftovers()
    with tempfile.TemporaryDirectory(prefix=PREFIX) as name:
        folder = Path(name)
        if len(os.fsencode(folder)) > PATH_BYTES_MAX:
            raise ServingError(f"{folder.parent} is too long a name for the folder of sockets; set TMPDIR to another")
        with (folder / _LOCK).open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            print("held", file=lock, flush=True)  # an empty lock is one that is not held yet
            yield folder


def _remove_leftovers() -> None:
    """Remove the folders of supervisors that were killed; those of other users are theirs."""
    for lock in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{_LOCK}"):
        if lock.parent.lstat().st_uid == os.getuid() and not lock.parent.is_symlink() and _is_abandoned(lock):
            shutil.rmtree(lock.parent, ignore_errors=True)


def _is_abandoned(lock: Path) -> bool:
    try:
        with lock.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file.read() != ""
    except OSError:  # held, or removed by somebody else
        return False
