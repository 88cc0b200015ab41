"""Who calls: what they may do, and whose transactions they may read."""

import pytest

from txn_api.access.principal import Principal
from txn_api.problems import AccountForbidden, ScopeMissing
from txn_core.transactions.identity import Account

ACME = Account("acme")


@pytest.mark.parametrize(
    ("granted", "readable"),
    [((), {"acme"}), (("beta",), {"acme", "beta"}), (("*",), {"acme", "beta", "gamma", "*"})],
)
def test_a_principal_reads_its_own_and_granted_accounts(granted: tuple[str, ...], readable: set[str]) -> None:
    """Its own without asking, another only when granted, all with a star, which is no account of its own."""
    principal = Principal(ACME, frozenset(), granted_accounts=frozenset(granted))
    assert principal.reads(None) == ACME
    for account in (Account(name) for name in ("acme", "beta", "gamma", "*", "")):
        if account in readable or "*" in granted:
            assert principal.reads(account) == account
        else:
            with pytest.raises(AccountForbidden):
                principal.reads(account)


def test_a_principal_needs_every_scope() -> None:
    """One of two is not enough."""
    principal = Principal(ACME, frozenset({"transactions:read"}))
    principal.require("transactions:read")
    with pytest.raises(ScopeMissing):
        principal.require("transactions:read", "cards:lookup")
