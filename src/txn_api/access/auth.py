"""The one way in: who calls, how much they may take, whether they signed, and what they may do.

Whatever is not let in here is not let in: a route has a principal only from here, and none has one without a scope.
"""

from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from fastapi import Depends, Request
from starlette.types import Receive, Scope

from txn_api.access.authenticator import Authenticator, Found
from txn_api.access.client_certificates import client_certificate_sha256
from txn_api.access.principal import Principal
from txn_api.access.signatures import Signatures
from txn_api.access.standing import Standing
from txn_api.access.unverified_bodies import UnverifiedBodies
from txn_api.edge.headers import RawHeaders
from txn_api.problems import ApiKeyInvalid, TokenInvalid
from txn_api.writes.bodies import Waiting, read_whole, set_aside
from txn_core import api_keys
from txn_core.signing import digest_of
from txn_core.transactions.identity import Account

__all__ = ["Authenticator", "Gate", "KeyNeeded", "Principal", "requires"]

_WRITE: Final[api_keys.Scope] = "transactions:write"
_WRITES: Final[frozenset[api_keys.Scope]] = frozenset({_WRITE, "cases:write", "labels:write", "operations:write"})
_FOUND: Final = "principal"  # in a request's state: whom `Gate.identify` found to call


class Gate:
    """Lets requests in, or says why not."""

    def __init__(
        self, authenticator: Authenticator, signatures: Signatures, *, body_bytes_max: int, body_deadline_s: float
    ) -> None:
        self._authenticator, self._signatures = authenticator, signatures
        self._body_bytes_max, self._body_deadline_s = body_bytes_max, body_deadline_s
        self._unverified = UnverifiedBodies()

    def knows(self, scope: Scope) -> bool:
        """Whether a request's credential was found good a short while ago."""
        return self._found_before(scope) is not None

    def recognises(self, scope: Scope) -> bool:
        """The same of a request that is let in within this turn, when whom it found is not looked for again."""
        if (found := self._found_before(scope)) is None:
            return False
        scope["state"][_FOUND] = found.principal
        return True

    def _found_before(self, scope: Scope) -> Found | None:
        try:
            return self._authenticator.found_before(RawHeaders.of(scope))
        except ApiKeyInvalid:
            return None

    async def identify(self, scope: Scope) -> None:
        """Hold a request's credential against what is known of it, and against nothing else.

        Raises:
            Problem: 401 `api_key_missing`, `api_key_invalid` or `token_invalid`, or 503 if that cannot be told now.
        """
        state = scope["state"]
        state[_FOUND] = state.get(_FOUND) or await self._authenticator.principal(RawHeaders.of(scope))

    async def admit(
        self, scope: Scope, receive: Receive, headers: RawHeaders, needed: api_keys.Scope, *more: api_keys.Scope
    ) -> Principal:
        """The principal of a request that may go on. What needs a scope to write is a write, all else a read.

        The body of a signed request is read here; `bodies.source` has it for the route.

        Raises:
            Problem: any of 401, `scope_missing`, `rate_limited`, `too_many_concurrent`, `body_too_large`,
                `body_timeout` or `store_unavailable`.
        """
        principal = self.admit_at_once(scope, headers, needed, *more)
        if principal is not None:
            return principal
        principal = scope["state"].get(_FOUND) or await self._authenticator.principal(headers)
        if principal.certificate_sha256 not in {None, client_certificate_sha256(scope)}:
            raise TokenInvalid
        if (key_id := principal.signs_with) is None:
            self._enter(scope, principal, needed, *more)
            return principal
        # A signature that is none costs its sender's key nothing: whoever overheard the key could send it.
        unverified = self._signatures.read(key_id, scope, headers)
        principal.require(needed, *more)
        named = unverified.digest
        body = b"" if named else await self._body(scope, receive, partial(self._unverified.waiting, key_id))
        self._signatures.hold(unverified, named or digest_of(body))
        self._enter(scope, principal, needed, *more)
        await self._signatures.use(unverified)
        if named:  # the head alone verified the signature, before the body is waited for
            body = await self._body(scope, receive)
            self._signatures.hold(unverified, digest_of(body))
        set_aside(scope, receive, body)
        return await self.standing(scope, principal, needed, *more).renew()

    def standing(
        self,
        scope: Scope,
        principal: Principal,
        needed: api_keys.Scope,
        *more: api_keys.Scope,
        reads: Account | None = None,
    ) -> Standing:
        """The rights of a request that was let in, to ask for again before it acts later than at once."""
        return Standing(self._authenticator, RawHeaders.of(scope), principal, needed, *more, reads=reads)

    def writing(self, scope: Scope, principal: Principal) -> Standing:
        """The same of a request that writes."""
        return self.standing(scope, principal, _WRITE)

    def admit_at_once(
        self, scope: Scope, headers: RawHeaders, needed: api_keys.Scope, *more: api_keys.Scope
    ) -> Principal | None:
        """The same of a request that nothing has to be waited for; none of any other, for which nothing is counted.

        Raises:
            Problem: `scope_missing`, `rate_limited` or `too_many_concurrent`.
        """
        principal = scope["state"].get(_FOUND) or self._authenticator.known(headers)
        if principal is None or principal.signs_with is not None or principal.certificate_sha256 is not None:
            return None
        self._enter(scope, principal, needed, *more)
        return principal

    @staticmethod
    def _enter(scope: Scope, principal: Principal, needed: api_keys.Scope, *more: api_keys.Scope) -> None:
        if (allowances := principal.allowances) is not None:
            allowance = allowances.writes if needed in _WRITES else allowances.reads
            if allowance is not None:
                # The edge tells what is left of it, and leaves when the request is answered.
                scope["state"]["allowance"] = allowance
                allowance.enter()
        principal.require(needed, *more)

    async def _body(self, scope: Scope, receive: Receive, waiting: Waiting = nullcontext) -> bytes:
        if scope["method"] in {"GET", "HEAD"}:
            return b""
        return await read_whole(
            receive, bytes_max=self._body_bytes_max, deadline_s=self._body_deadline_s, waiting=waiting
        )


@dataclass(frozen=True)
class KeyNeeded:
    """A dependency that lets in who holds these scopes; equal ones are asked once a request."""

    scopes: tuple[api_keys.Scope, ...]

    async def __call__(self, request: Request) -> Principal:
        """Who calls. Raises as `Gate.admit`."""
        gate: Gate = request.app.state.services.gate
        return await gate.admit(request.scope, request.receive, RawHeaders.of(request.scope), *self.scopes)


def requires(needed: api_keys.Scope, *more: api_keys.Scope) -> Any:
    """A dependency that gives the route its principal, holding all these scopes; `Router` has it come first."""
    return Depends(KeyNeeded((needed, *more)))
