"""The system account that PostgreSQL runs as: our own, or an unprivileged one when we are root.

PostgreSQL refuses to run as root. As root we take the account `nobody`. The stack's folder is closed to that account,
and stays so: the launcher enters the data folder while it is still root, and PostgreSQL, which keeps everything below
its working directory, calls that folder `/proc/self/cwd` (proc(5)): a link that leads there without a look at the
folders above.
"""

import os
import pwd
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from txn_core.exceptions import StackError

UNPRIVILEGED: Final = "nobody"
WORKING_DIRECTORY: Final = "/proc/self/cwd"


@dataclass(frozen=True, slots=True)
class ServerAccount:
    """Who the server runs as.

    Attributes:
        uid: the user, or None when the server runs as whoever we are.
        gid: the group, which counts only with a user.
    """

    uid: int | None = None
    gid: int = -1

    @classmethod
    def for_us(cls) -> Self:
        """The account for a server that this process starts.

        Raises:
            StackError: we are root, and the system has no way to run the server as somebody else.
        """
        if os.geteuid() != 0:
            return cls()
        try:
            found = pwd.getpwnam(UNPRIVILEGED)
        except KeyError:
            raise StackError(
                f"PostgreSQL does not run as root, and there is no user {UNPRIVILEGED}: {_REMEDY}"
            ) from None
        if sys.platform != "linux":
            raise StackError(f"PostgreSQL does not run as root on this system: {_REMEDY}")
        return cls(found.pw_uid, found.pw_gid)

    @property
    def argument(self) -> str:
        """The account as the launcher takes it: `uid:gid`, or `-` for whoever we are."""
        return "-" if self.uid is None else f"{self.uid}:{self.gid}"

    def give(self, path: Path) -> None:
        """Make the account the owner of a file or folder."""
        if self.uid is not None:
            os.chown(path, self.uid, self.gid)

    def name_of(self, folder: Path) -> str:
        """What a program whose working directory is `folder` calls that folder."""
        return str(folder) if self.uid is None else WORKING_DIRECTORY


_REMEDY: Final = "start the stack as another user"
