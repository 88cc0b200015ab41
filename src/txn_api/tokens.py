"""OAuth2 access tokens of the client-credentials grant (RFC 6749, 4.4), as signed JWTs (RFC 9068).

Verified by the issuer's published keys, with RFC 8725's advice: the algorithms are pinned and none is symmetric,
issuer and audience are compared, `exp` is required, `nbf` kept to, and a header that demands what we do not know is
refused. A token says who it is, for which account, and which of our scopes it has; nothing more is read of it.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Final

import jwt

from txn_api.jwks import Jwks
from txn_api.problems import TokenInvalid
from txn_core.api_keys import SCOPES, Scope
from txn_core.errors import SettingsError
from txn_core.identity import ACCOUNT_PATTERN, Account
from txn_core.settings import Settings

TOKEN_CHARS_MAX: Final = 8_192
LEEWAY_S: Final = 10
"""How far the issuer's clock may lie from ours."""
SUBJECT_CHARS_MAX: Final = 1_024

_OPTIONS: Final[Any] = {"require": ["exp", "iss", "aud", "sub"], "enforce_minimum_key_length": True}


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a token was issued to."""

    subject: str
    """A digest of issuer and subject: what its use is counted by."""
    account: Account
    scopes: frozenset[Scope]
    expires_at_s: float


@dataclass(frozen=True, slots=True)
class Claims:
    """Which claims are read, and what they must say."""

    issuer: str
    audience: str
    account: str
    scope: str
    scope_prefix: str

    def holder(self, claims: dict[str, Any]) -> Holder:
        """Whom verified claims speak of.

        Raises:
            TokenInvalid: they name no account, or one that cannot be.
        """
        account, subject = claims.get(self.account), claims["sub"]
        if not isinstance(account, str) or not re.fullmatch(ACCOUNT_PATTERN, account):
            raise TokenInvalid
        if not 1 <= len(subject) <= SUBJECT_CHARS_MAX:
            raise TokenInvalid
        return Holder(
            subject=hashlib.sha256(f"{self.issuer}\0{account}\0{subject}".encode()).hexdigest(),
            account=Account(account),
            scopes=self._scopes(claims.get(self.scope)),
            expires_at_s=float(claims["exp"]) + LEEWAY_S,
        )

    def _scopes(self, said: object) -> frozenset[Scope]:
        """Those of ours that are named, in a text (RFC 8693, 4.2) or in a list; others are somebody else's."""
        names = said.split() if isinstance(said, str) else said if isinstance(said, list) else ()
        return frozenset(scope for scope in SCOPES if f"{self.scope_prefix}{scope}" in names)


class Tokens:
    """Verifies tokens of one issuer."""

    def __init__(self, keys: Jwks, claims: Claims, *, trust_s: float) -> None:
        self._keys, self._claims = keys, claims
        self.trust_s = trust_s
        """How long a verification may be relied on: a key that the issuer withdrew verifies nothing new."""

    @classmethod
    def from_settings(cls, settings: Settings, keys: Jwks) -> "Tokens":
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
        return cls(keys, claims, trust_s=settings.jwt_jwks_cache_s)

    async def verify(self, token: str) -> Holder:
        """Whom a token was issued to.

        Raises:
            TokenInvalid: it does not verify, is not in force, or says too little.
            StoreUnavailable: the issuer's keys cannot be had.
        """
        if len(token) > TOKEN_CHARS_MAX:
            raise TokenInvalid
        try:
            key = await self._keys.key(jwt.get_unverified_header(token).get("kid"))
            if key is None:
                raise TokenInvalid
            claims = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=self._claims.audience,
                issuer=self._claims.issuer,
                leeway=LEEWAY_S,
                options=_OPTIONS,
            )
        except (jwt.PyJWTError, ValueError, OverflowError, RecursionError):
            # Its text may quote the token.
            raise TokenInvalid from None
        return self._claims.holder(claims)


def resembles_token(presented: str) -> bool:
    """Whether a credential has the three parts of a signed JWT (RFC 7515, 7.1)."""
    return presented.count(".") == 2
