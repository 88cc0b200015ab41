"""The error of an event that a function cannot work on."""

from txn_core.exceptions import TxnError


class EventShapeError(TxnError):
    """An event is not of the form, or not of the source, that a function takes. The text quotes nothing of it."""
