"""The API keys with which files are uploaded, one an account; that a key is the account's is looked up."""

from collections.abc import Mapping
from functools import partial

from pydantic import SecretStr

from ingest.batches.key_accounts import account_of
from txn_core.api_keys import ApiKeyTable
from txn_core.exceptions import SettingsError
from txn_core.transactions.identity import Account
from workers.retries import retry_outages


class AccountKeys:
    """The keys of the settings, by account."""

    def __init__(self, keys: Mapping[str, SecretStr], table: ApiKeyTable) -> None:
        self._keys, self._table = keys, table

    def __contains__(self, account: str) -> bool:
        """Whether a key is set for an account."""
        return account in self._keys

    async def key_of(self, account: Account) -> str:
        """The key of an account that has one set, looked up each time: a key may be revoked at any time.

        Raises:
            SettingsError: the key is another account's, or may not write.
        """
        presented = self._keys[account].get_secret_value()
        found = await retry_outages("api key", partial(account_of, self._table, presented))
        if found != account:
            raise SettingsError(f"the API key that is set for the account {account} is another account's")
        return presented
