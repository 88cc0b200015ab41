"""Why rules are not taken."""

from txn_core.exceptions import TxnError


class RuleError(TxnError):
    """Rules that are not to be used. The text is one line that names the rule and what is wrong with it."""
