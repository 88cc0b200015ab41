"""What a verified token says: whose it is, for how long, and what it may do. Each claim has its RFC's type.

A library's own checks are looser: `exp` as text, true or 10^400 would pass, and scopes would be split at any blank.
"""

import hashlib
import re
from dataclasses import dataclass
from typing import Any, Final

from txn_api.access.strict_jws import Compact
from txn_api.problems import TokenInvalid
from txn_core.api_keys import SCOPES, Scope
from txn_core.transactions.identity import ACCOUNT_PATTERN, Account

LEEWAY_S: Final = 10
"""How far the issuer's clock may lie from ours."""
SUBJECT_CHARS_MAX: Final = 1_024
INSTANT_MAX: Final = 253_402_300_799
"""The last second of the year 9999: what lies beyond is no time that anybody means."""

_SCOPE_TOKEN: Final = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]*")
_THUMBPRINT: Final = re.compile(r"[A-Za-z0-9_-]{43}")


@dataclass(frozen=True, slots=True)
class Holder:
    """Whom a token was issued to."""

    subject: str
    """A digest of issuer and subject: what its use is counted by."""
    account: Account
    scopes: frozenset[Scope]
    expires_at_s: float
    certificate_sha256: str | None = None
    """The client's certificate that it is bound to: SHA-256 of the DER form, in base64url."""


@dataclass(frozen=True, slots=True)
class Claims:
    """Which claims are read, and what they must say."""

    issuer: str
    audience: str
    account: str
    scope: str
    scope_prefix: str

    def holder(self, claims: dict[str, Any], *, at_s: float) -> Holder:
        """Whom verified claims speak of, at a time in seconds since 1970.

        Raises:
            TokenInvalid: they are another issuer's or for another audience, not in force, or name no account, or
                one of them is not of its type.
        """
        if claims.get("iss") != self.issuer or self.audience not in _audiences(claims.get("aud")):
            raise TokenInvalid
        expires_at_s = _instant(claims.get("exp")) + LEEWAY_S
        if at_s >= expires_at_s:
            raise TokenInvalid
        # Neither is required. A token from the future is not in force yet (RFC 7519, 4.1.5), or a clock is wrong.
        if any(_instant(claims[name]) > at_s + LEEWAY_S for name in ("nbf", "iat") if name in claims):
            raise TokenInvalid
        account = claims.get(self.account)
        if not isinstance(account, str) or not re.fullmatch(ACCOUNT_PATTERN, account):
            raise TokenInvalid
        return Holder(
            subject=self._subject(account, claims.get("sub")),
            account=Account(account),
            scopes=self._scopes(claims.get(self.scope)),
            expires_at_s=expires_at_s,
            certificate_sha256=_certificate(claims["cnf"]) if "cnf" in claims else None,
        )

    def claimed_subject(self, parts: Compact) -> str | None:
        """The subject that a token says it is of, unverified; None if it says none, or much else."""
        try:
            claims = parts.short_claims()
            account = claims.get(self.account)
            return self._subject(account, claims.get("sub")) if isinstance(account, str) else None
        except (ValueError, TokenInvalid):
            return None

    def _subject(self, account: str, said: object) -> str:
        if not isinstance(said, str) or not 1 <= len(said) <= SUBJECT_CHARS_MAX:
            raise TokenInvalid
        try:
            return hashlib.sha256(f"{self.issuer}\0{account}\0{said}".encode()).hexdigest()
        except UnicodeEncodeError:  # half a surrogate pair is no character (RFC 8259, 8.2)
            raise TokenInvalid from None

    def _scopes(self, said: object) -> frozenset[Scope]:
        """Those of ours that are named, in a text (RFC 8693, 4.2) or in a list; others are somebody else's."""
        names = _scope_tokens(said) if isinstance(said, str) else said if isinstance(said, list) else ()
        return frozenset(scope for scope in SCOPES if f"{self.scope_prefix}{scope}" in names)


def _audiences(said: object) -> list[str]:
    """Those that a token is for: one text, or a list of texts (RFC 7519, 4.1.3); none if it is anything else."""
    several: list[object] = said if isinstance(said, list) else [said]
    texts = [each for each in several if isinstance(each, str)]
    return texts if len(texts) == len(several) else []


def _instant(said: object) -> float:
    """A NumericDate (RFC 7519, 2): a JSON number of seconds, whole or not; neither text nor true.

    Raises:
        TokenInvalid: it is none, or none within the years that a clock can show.
    """
    # No infinity lies between the two.
    if isinstance(said, bool) or not (isinstance(said, (int, float)) and -INSTANT_MAX <= said <= INSTANT_MAX):
        raise TokenInvalid
    return float(said)


def _scope_tokens(said: str) -> list[str]:
    """The scopes that a text names: split at the space (%x20) alone, each of visible ASCII (RFC 6749, 3.3).

    Raises:
        TokenInvalid: something else stands in it.
    """
    tokens = said.split(" ")
    if not all(map(_SCOPE_TOKEN.fullmatch, tokens)):
        raise TokenInvalid
    return tokens


def _certificate(said: object) -> str:
    """The one confirmation (RFC 7800, 3.1) that we can hold a client against: its certificate's (RFC 8705, 3.1).

    Raises:
        TokenInvalid: it is another one, such as a key of DPoP (RFC 9449, 6.1), or there are several.
    """
    thumbprint = said.get("x5t#S256") if isinstance(said, dict) and len(said) == 1 else None
    if not isinstance(thumbprint, str) or not _THUMBPRINT.fullmatch(thumbprint):
        raise TokenInvalid
    return thumbprint
