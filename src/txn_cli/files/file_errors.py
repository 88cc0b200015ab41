"""What can be wrong with a file as a whole."""

from txn_core.exceptions import TxnError


class SourceError(TxnError):
    """A file cannot be opened or read to its end. Says what to do, and quotes nothing of the file's rows."""
