"""What can be wrong with a layout, or with a file that is read by one."""

from txn_core.exceptions import TxnError


class LayoutError(TxnError):
    """A layout is none, or a file is not in it. Names columns of the layout, never what the file holds."""
