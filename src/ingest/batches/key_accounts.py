"""Which account an API key posts for, asked where the API asks: so a file of one account is never another's."""

from txn_core.api_keys import ApiKeyTable, split
from txn_core.exceptions import SettingsError
from txn_core.transactions.identity import Account
from txn_core.transactions.instants import now


async def account_of(keys: ApiKeyTable, presented: str) -> Account:
    """The account of a key that may write.

    Raises:
        SettingsError: the key is none of the API's, is not in force, or may not write. It is not quoted.
    """
    parts = split(presented)
    key = None if parts is None else await keys.get(parts[0])
    if parts is None or key is None or not key.is_of(parts[1]):
        raise SettingsError(
            "that API key is not known to this system: `txn keys create` makes one (access tokens do not do here)"
        )
    if not key.is_in_force(now()):
        raise SettingsError("that API key is revoked or has expired: present another one")
    if "transactions:write" not in key.scopes:
        raise SettingsError("that API key may not write: present one with the scope transactions:write")
    return key.account
