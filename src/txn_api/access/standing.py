"""The rights that a request was let in with, asked for again for as long as the request lasts.

A request whose body comes slowly, an upload above all, is under way while its key is revoked, its token expires, or
its rights are changed. Whatever acts later than at once asks here first. An expiry holds at once; every other change
holds as soon as it does for new requests, since both rely on the same look at the credential.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Final

from txn_api.access.authenticator import Authenticator, Found
from txn_api.access.principal import Principal
from txn_api.access.rate_limits import Bucket
from txn_api.edge.headers import RawHeaders
from txn_api.problems import ApiKeyInvalid, SignatureMissing, TerminalForbidden
from txn_core.api_keys import Scope
from txn_core.transactions.identity import Account

ASK_S_MIN: Final = 1.0
"""One request does not ask more often than this, even where no look at a key is kept (`TXN_API_KEY_CACHE_S=0`)."""


class Standing:
    """The rights of one request. `Gate.standing` makes it."""

    __slots__ = ("_again_at", "_authenticator", "_found", "_headers", "_needed", "_reads", "principal")

    def __init__(
        self,
        authenticator: Authenticator,
        headers: RawHeaders,
        principal: Principal,
        *needed: Scope,
        reads: Account | None = None,
    ) -> None:
        """Take what the request was let in with, the scopes that it needs, and the account that it reads, if any."""
        self._authenticator, self._headers = authenticator, headers
        self._needed: Sequence[Scope] = needed
        self._reads = reads
        self._found: Found | None = None
        self._again_at = 0.0
        self.principal = principal
        """Who calls, as it was found last."""

    @property
    def left_s(self) -> float:
        """Seconds until the rights have to be asked for again, or end."""
        left_s = self._again_at - asyncio.get_running_loop().time()
        ends_at_s = self.principal.expires_at_s
        return left_s if ends_at_s is None else min(left_s, ends_at_s - time.time())

    @property
    def lines(self) -> Bucket | None:
        """The rate at which an upload is read; None is without a limit."""
        return None if self.principal.allowances is None else self.principal.allowances.lines

    async def check(self) -> None:
        """Hold the request against the rights as they are now; cheap while these were asked for a short while ago.

        Raises:
            Problem: as `renew`, and `terminal_forbidden` when the key is bound to fewer terminals than before.
        """
        if self.left_s > 0:
            return
        before = self.principal
        _hold_terminals(before, await self.renew())

    def checked_at_once(self) -> bool:
        """Whether the rights are known to hold without asking anybody; false when `check` has to be waited for.

        Raises:
            Problem: as `check`, but for what asking would tell.
        """
        if self.left_s > 0:
            return True
        found = self._authenticator.found_before(self._headers, ASK_S_MIN)
        if found is None:
            return False
        before = self.principal
        _hold_terminals(before, self._take(found))
        return True

    async def renew(self) -> Principal:
        """The principal as it is now, for a request that has still to be held against its terminals.

        Raises:
            Problem: `api_key_invalid` or `token_invalid` when the credential has ended, or belongs to another account
                now; `scope_missing` or `account_forbidden` when what is needed was taken away; `signature_missing`
                when the key takes signed requests alone now; `store_unavailable` when that could not be asked.
        """
        if self.left_s > 0:
            return self.principal
        return self._take(await self._authenticator.found(self._headers, self._found))

    def _take(self, found: Found) -> Principal:
        principal = found.principal
        if principal.account != self.principal.account:
            raise ApiKeyInvalid
        if principal.signs_with not in {None, self.principal.signs_with}:
            raise SignatureMissing
        principal.require(*self._needed)
        if self._reads is not None:
            principal.reads(self._reads)
        self._found, self.principal = found, principal
        self._again_at = asyncio.get_running_loop().time() + found.left_s(ASK_S_MIN)
        return principal


def _hold_terminals(before: Principal, now: Principal) -> None:
    if now.terminal_ids and not (before.terminal_ids and before.terminal_ids <= now.terminal_ids):
        raise TerminalForbidden
