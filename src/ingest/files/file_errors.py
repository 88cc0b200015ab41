"""What can be wrong with a file as a whole."""

import errno
from typing import Final

from txn_core.exceptions import TxnError

FOR_WANT_OF_RESOURCES: Final = {
    **dict.fromkeys((errno.EMFILE, errno.ENFILE), "raise the limit on open files (ulimit -n)"),
    **dict.fromkeys((errno.EAGAIN, errno.ENOMEM), "end other processes, or raise the limits (ulimit -u, -v)"),
}
"""What to do about errors of the system that have nothing to do with the file."""
_REMEDIES: Final = FOR_WANT_OF_RESOURCES | {
    **dict.fromkeys((errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG), "check its path"),
    errno.EISDIR: "name a file in it",
    **dict.fromkeys((errno.EACCES, errno.EPERM), "let yourself read it (chmod u+r), or name another"),
    errno.EIO: "look at the disk that it lies on",
}


class SourceError(TxnError):
    """A file cannot be opened or read to its end. Says what to do, and quotes nothing of the file's rows."""


def cannot_read(path: object, error: OSError) -> str:
    """That a file cannot be read, why, and what to do."""
    remedy = _REMEDIES.get(error.errno or 0)
    return f"cannot read {path}: {error.strerror}{f': {remedy}' if remedy else ''}"
