"""A folder that nobody else can read or enter.

The local servers keep transactions in their files as they come, so that the folder's mode is what keeps other users
of the machine out. A new folder is made for its owner alone; one that is there is closed to others, or refused.
"""

import os
import stat
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from txn_core.exceptions import StackError

UMASK: Final = 0o077
"""The mask (umask(2)) of every process of ours that writes files: nothing for the group, nothing for others."""
_OTHERS: Final = 0o077


def make_private(folder: Path, contents: Iterable[str]) -> None:
    """Make a folder that its owner alone can open, or close the one that is there.

    What has one of the names `contents` in it is closed too, with all that is in it: while the folder was open,
    somebody may have come inside.

    Raises:
        StackError: the folder, or a link in its place, is another user's; it is a place that users share, such as
            `/tmp`; it is no folder; or it cannot be made.
    """
    try:
        for missing in [folder, *folder.parents][::-1]:
            with suppress(FileExistsError):
                missing.mkdir(mode=0o700 if missing == folder else 0o755)
        require_own(folder)
        descriptor = os.open(folder.resolve(), os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise StackError(
            f"cannot open {folder} as a folder: {error.strerror}; name another with --data-dir"
        ) from None
    try:
        found = os.fstat(descriptor)
        if found.st_uid != os.geteuid():  # it was replaced a moment ago
            raise StackError(_foreign(folder))
        if found.st_mode & stat.S_ISVTX:  # the sticky bit: root would close it to everybody who works there
            raise StackError(f"{folder} is shared by users: name a folder of its own, such as {folder / 'txn'}")
        if found.st_mode & _OTHERS:
            os.fchmod(descriptor, 0o700)
        for name in contents:
            _close(folder / name)
    finally:
        os.close(descriptor)


def require_own(folder: Path) -> None:
    """Have a folder be ours before anything is believed that is written there; one that is not there is nobody's.

    Raises:
        StackError: it is another user's, or a link of another user's leads to it.
    """
    with suppress(FileNotFoundError, NotADirectoryError):
        if {folder.lstat().st_uid, folder.stat().st_uid} != {os.geteuid()}:
            raise StackError(_foreign(folder))


def _close(path: Path) -> None:
    """Take the rights of others from a file or folder and all that is in it; links are left alone."""
    with suppress(OSError):  # it is gone, or another user's: the folder around it is closed
        found = path.lstat()
        if stat.S_ISLNK(found.st_mode):
            return
        if found.st_mode & _OTHERS:
            path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)
        if stat.S_ISDIR(found.st_mode):
            for inner in path.iterdir():
                _close(inner)


def _foreign(folder: Path) -> str:
    return f"{folder} belongs to another user: name a folder of your own"
