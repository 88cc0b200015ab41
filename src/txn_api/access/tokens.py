"""OAuth2 access tokens of the client-credentials grant (RFC 6749, 4.4), as signed JWTs (RFC 9068).

Verified by the issuer's published keys, with RFC 8725's advice: the algorithms are pinned and none is symmetric, the
type must be an access token's, and a header that demands what we do not know is refused. A token says who it is, for
which account, and which of our scopes it has (`token_claims.py`); nothing more is read of it.
"""

import time
from contextlib import suppress
from typing import Any, Final

import jwt
from prometheus_client import CollectorRegistry

from txn_api.access.forgeries import Forgeries
from txn_api.access.jwks import Jwks
from txn_api.access.strict_jws import Compact, NotStrictError, compact
from txn_api.access.token_claims import Claims, Holder
from txn_api.problems import TokenInvalid
from txn_core.exceptions import SettingsError
from txn_core.settings import Settings

TOKEN_CHARS_MAX: Final = 8_192
ACCESS_TOKEN: Final = "at+jwt"  # noqa: S105 - a media type (RFC 9068, 2.1)
ANY_JWT: Final = "jwt"


class Tokens:
    """Verifies tokens of one issuer."""

    def __init__(
        self,
        keys: Jwks,
        claims: Claims,
        *,
        trust_s: float,
        untyped: bool = False,
        forgeries: Forgeries | None = None,
    ) -> None:
        self._keys, self._claims = keys, claims
        self._forgeries = forgeries or Forgeries()
        self._types = {ACCESS_TOKEN, ANY_JWT, None} if untyped else {ACCESS_TOKEN}
        self.trust_s = trust_s
        """How long a verification may be relied on: a key that the issuer withdrew verifies nothing new."""

    @classmethod
    def from_settings(cls, settings: Settings, keys: Jwks, registry: CollectorRegistry | None = None) -> "Tokens":
        """Verify as the settings say.

        Raises:
            SettingsError: they name no issuer or no audience.
        """
        if settings.jwt_issuer is None or settings.jwt_audience is None:
            raise SettingsError("TXN_JWT_ISSUER and TXN_JWT_AUDIENCE are required")
        claims = Claims(
            issuer=settings.jwt_issuer,
            audience=settings.jwt_audience,
            account=settings.jwt_account_claim,
            scope=settings.jwt_scope_claim,
            scope_prefix=settings.jwt_scope_prefix,
        )
        return cls(
            keys,
            claims,
            trust_s=settings.jwt_jwks_cache_s,
            untyped=settings.jwt_untyped,
            forgeries=Forgeries(registry=registry),
        )

    async def holder(self, token: str, *, is_new: bool = True) -> Holder | None:
        """Whom a token was issued to; None for one whose signature was verified, and that is refused all the same.

        Raises:
            TokenInvalid: it is none, or none of the issuer's.
            StoreUnavailable: the issuer's keys cannot be had.
            Overloaded: too many are verified in vain now for one that `is_new`.
        """
        if len(token) > TOKEN_CHARS_MAX:
            raise TokenInvalid
        try:
            parts = compact(token)
            key = await self._key(parts.head)
        except (jwt.PyJWTError, ValueError):
            # Its text may quote the token.
            raise TokenInvalid from None
        budget = self._forgeries.budget(lambda: self._claims.claimed_subject(parts)) if is_new else None
        with suppress(jwt.PyJWTError, ValueError, TokenInvalid):
            if _verifies(key, parts):
                # Nothing that the claims say counts before the signature was found good.
                holder = self._claims.holder(parts.claims(), at_s=time.time())
                self._forgeries.held(holder.subject)
                return holder
        self._forgeries.found(budget)
        return None

    async def _key(self, head: dict[str, Any]) -> jwt.PyJWK:
        """The key that a header names.

        Raises:
            TokenInvalid: it names none of the issuer's, is of another kind of token, or demands an extension: we
                know none (RFC 7515, 4.1.11; RFC 7797, 6).
        """
        if "crit" in head or "b64" in head or media_type_of(head) not in self._types:
            raise TokenInvalid
        key_id = head.get("kid")
        key = await self._keys.key(key_id) if key_id else None
        if key is None or head.get("alg") != key.algorithm_name:
            raise TokenInvalid
        return key


def _verifies(key: jwt.PyJWK, parts: Compact) -> bool:
    """Whether a token was signed with a key, and that is long enough (RFC 7518, 3.3)."""
    algorithm = key.Algorithm
    return algorithm.check_key_length(key.key) is None and algorithm.verify(
        parts.signed.encode(), key.key, parts.signature
    )


def media_type_of(head: dict[str, Any]) -> str | None:
    """The type that a header names, in lower case without `application/` (RFC 7515, 4.1.9); None when it names none.

    Raises:
        NotStrictError: it is no text.
    """
    if "typ" not in head:
        return None
    named = head["typ"]
    if not isinstance(named, str):
        raise NotStrictError
    return named.lower().removeprefix("application/")


def resembles_token(presented: str) -> bool:
    """Whether a credential has the three parts of a signed JWT (RFC 7515, 7.1)."""
    return presented.count(".") == 2
