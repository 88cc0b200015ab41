"""Why a model is not taken."""

from txn_core.exceptions import TxnError


class ModelError(TxnError):
    """A model that is not to be used. The text is one line that says which check failed, and holds no value of it."""
