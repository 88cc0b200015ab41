"""Who calls: what a credential that was found good stands for, whatever kind of credential it is."""

from dataclasses import dataclass

from txn_api.access.rate_limits import Allowances
from txn_api.problems import AccountForbidden, ScopeMissing
from txn_core.api_keys import ALL_ACCOUNTS, KeyId, Scope
from txn_core.transactions.identity import Account


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls, and what they may do. Made once a credential and cached with it, never once a request."""

    account: Account
    """The account that it writes to, and reads."""
    scopes: frozenset[Scope]
    granted_accounts: frozenset[str] = frozenset()
    terminal_ids: frozenset[str] = frozenset()
    """The terminals that it may send for; none named is any."""
    signs_with: KeyId | None = None
    """The key whose signature each of its requests must carry."""
    expires_at_s: float | None = None
    """When it ends, in seconds since 1970."""
    allowances: Allowances | None = None
    """What it may still take; none is without limits."""
    cards_of_mask_max: int = 0
    """The cards with one mask that its account may send and look up a day; 0 is without limit."""
    certificate_sha256: str | None = None
    """The client's certificate that its token is bound to (RFC 8705, 3.1): SHA-256 of its DER form, in base64url."""
    actor: str = "unknown"
    """What is written down of who acts: the key's id, or a digest of the token's issuer, account and subject."""

    def has_ended(self, at_s: float) -> bool:
        """Whether the credential has expired by this time, in seconds since 1970."""
        return self.expires_at_s is not None and self.expires_at_s <= at_s

    def require(self, *scopes: Scope) -> None:
        """Hold the call against the scopes.

        Raises:
            ScopeMissing: one of them was not given.
        """
        if not self.scopes.issuperset(scopes):
            raise ScopeMissing

    def reads(self, account: Account | None) -> Account:
        """The account to read: the own one unless another was asked for and granted.

        Raises:
            AccountForbidden: it was not granted.
        """
        if account is None or account == self.account:
            return self.account
        if self.granted_accounts.isdisjoint({account, ALL_ACCOUNTS}):
            raise AccountForbidden
        return account
