"""Access tokens in every form that an RFC speaks of, through the application: what is taken, and what is 401.

Beside each form stands the rule, with its source. All are signed by the issuer's own key unless the form says
otherwise: it is what they say that is judged.
"""

import hashlib
import hmac
import json
import os
import ssl
import time
import zlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
import pytest
import pytest_asyncio
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.builders import body
from tests.txn_api.conftest import AppFixture, opened_desk
from tests.txn_api.issuer import (
    AUDIENCE,
    ISSUER,
    base64url,
    claims,
    jwk,
    jwks,
    kid,
    private_key,
    signed,
    signed_text,
    token,
)
from tests.txn_cli.certificates import Authority
from txn_api.access.jwks import Jwks
from txn_api.access.strict_jws import HEAD_CHARS_MAX, SIGNATURE_CHARS_MAX
from txn_api.access.token_claims import INSTANT_MAX, LEEWAY_S, SUBJECT_CHARS_MAX, Claims
from txn_api.access.tokens import TOKEN_CHARS_MAX, Tokens

GOOD: Final = "good"
INVALID: Final = "token_invalid"
NO_SCOPE: Final = "scope_missing"
ALGORITHMS: Final = ("RS256", "ES256", "EdDSA")
WRITE: Final = "transactions:write"
THUMBPRINT: Final = base64url(hashlib.sha256(b"a certificate").digest())


class Form(NamedTuple):
    """A token, and what becomes of a post with it."""

    name: str
    rule: str
    """What the source says, in our words."""
    made: Callable[[], str]
    said: str


def now() -> int:
    return int(time.time())


def head(**changes: Any) -> dict[str, Any]:
    """The header of a sound token; a change to `...` leaves a member out."""
    members = {"alg": "ES256", "kid": kid("ES256"), "typ": "at+jwt", **changes}
    return {name: value for name, value in members.items() if value is not ...}


def said(**changes: Any) -> dict[str, Any]:
    """The claims of a token that may write; what is callable is asked for when the token is made."""
    made = {name: value() if callable(value) else value for name, value in changes.items()}
    return claims(**{"scope": WRITE, **made})


def of_head(**changes: Any) -> Callable[[], str]:
    return lambda: signed(head(**changes), said())


def of(**changes: Any) -> Callable[[], str]:
    return lambda: signed(head(), said(**changes))


def of_json(text: str) -> Callable[[], str]:
    """A token whose claims are a sound one's but for the members that a text adds or takes the place of."""
    return lambda: signed(head(), text.replace("...", json.dumps(said())[1:-1]).encode())


def instead(name: str, text: str) -> Callable[[], str]:
    """A token in which a claim is written in JSON that no library would write."""
    return lambda: signed(head(), json.dumps(said(**{name: "MARK"})).replace('"MARK"', text).encode())


def changed(change: Callable[[str], str]) -> Callable[[], str]:
    """A sound token whose text is changed afterwards."""
    return lambda: change(token(scope=WRITE))


def padded() -> str:
    """Signed over its padding, which is what makes it sound but for its form."""
    parts = (json.dumps(head()).encode(), json.dumps(said()).encode() + b" ")
    return signed_text(
        ".".join(urlsafe_b64encode(part + b" " * (-len(part) % 3 or 3) + b" ").decode() for part in parts)
    )


def plain_base64() -> str:
    """In the alphabet of RFC 4648, 4, with a claim that needs its other two characters."""
    claim = b64encode(json.dumps(said(note="\u00fb\u00ff\u00fe" * 9), ensure_ascii=False).encode()).rstrip(b"=")
    assert {b"+", b"/"} & {claim[place : place + 1] for place in range(len(claim))}
    return signed_text(f"{base64url(json.dumps(head()).encode())}.{claim.decode()}")


def in_utf_16() -> str:
    return signed(head(), json.dumps(said()).encode("utf-16"))


def spaced(place: int) -> Callable[[str], str]:
    return lambda text: f"{text[:place]} {text[place:]}"


def trailing_bits(text: str) -> str:
    """Another last character of the signature that stands for the same bytes: 64 bytes leave four bits over."""
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return text[:-1] + alphabet[alphabet.index(text[-1]) ^ 1]


def symmetric() -> str:
    """HS256 under the issuer's public key, as if that were the secret of both sides."""
    content = ".".join(base64url(json.dumps(part).encode()) for part in (head(alg="HS256"), said()))
    public = json.dumps(jwk("ES256")).encode()
    return f"{content}.{base64url(hmac.digest(public, content.encode(), hashlib.sha256))}"


def unsigned(alg: str) -> Callable[[], str]:
    return lambda: ".".join(base64url(json.dumps(part).encode()) for part in (head(alg=alg), said())) + "."


def nested() -> str:
    """A JWT whose payload is a JWT."""
    return signed(head(cty="JWT"), token(scope=WRITE).encode())


def twice(name: str, value: str) -> Callable[[], str]:
    """A header that has a name twice."""
    members = json.dumps(head())[1:-1]
    return lambda: signed(f'{{"{name}": {value}, {members}}}'.encode(), said())


DEEP: Final = "[" * 1_200 + "]" * 1_200

FORMS: Final = (
    # The form of the whole
    Form("sound", "RFC 9068, 4: a token that passes all of these steps is taken", of(), GOOD),
    Form("RS256", "RFC 7518, 3.3: RSA from 2,048 bits on", lambda: token("RS256", scope=WRITE), GOOD),
    Form("EdDSA", "RFC 8037, 3.1: signatures of Ed25519", lambda: token("EdDSA", scope=WRITE), GOOD),
    Form("padded", "RFC 7515, 2: base64url has all of its = left out", padded, INVALID),
    Form("padding behind", "RFC 7515, 2: no = behind the signature", changed(lambda text: text + "=="), INVALID),
    Form("+ and /", "RFC 7515, 2: the alphabet is the URL-safe one of RFC 4648, 5", plain_base64, INVALID),
    Form("a blank within", "RFC 7515, 2: no blanks or other characters beside it", changed(spaced(40)), INVALID),
    Form("a blank in the signature", "the same", changed(spaced(-9)), INVALID),
    Form("a line feed behind", "the same", changed(lambda text: text.replace(".", "\t.", 1)), INVALID),
    Form("a long header", "ours: it is read before anything is verified", of_head(x="x" * HEAD_CHARS_MAX), INVALID),
    Form("a header of some length", "RFC 7515, 4: what is not known is ignored", of_head(x="x" * 500), GOOD),
    Form(
        "a long signature",
        "ours: no algorithm has one",
        changed(lambda text: text + "A" * SIGNATURE_CHARS_MAX),
        INVALID,
    ),
    Form("not canonical", "RFC 4648, 3.5: bits that stand for nothing are zero", changed(trailing_bits), INVALID),
    Form(
        "an empty signature",
        "RFC 7515, 5.2: it is verified or refused",
        changed(lambda t: t[: t.rindex(".") + 1]),
        INVALID,
    ),
    Form("another signature", "RFC 7515, 5.2", changed(lambda text: text[:-8] + "AAAAAAAA"), INVALID),
    Form(
        "changed claims",
        "RFC 7515, 5.2: the signature is over both parts as sent",
        changed(lambda t: t.replace(t.split(".")[1], base64url(json.dumps(said(account="other")).encode()))),
        INVALID,
    ),
    Form("no parts", "RFC 7515, 7.1: three parts, none empty here", lambda: "..", INVALID),
    Form(
        "encrypted",
        "RFC 7516, 3.1: five parts are JWE, which a resource server without its key cannot read",
        lambda: "a.b.c.d.e",
        "api_key_invalid",
    ),
    Form(
        "too long",
        "RFC 8725, 3.12 and ours: 8 KiB is more than any access token",
        of(note="x" * TOKEN_CHARS_MAX),
        INVALID,
    ),
    Form("nested JWT", "RFC 7519, 5.2: cty JWT; its payload is no set of claims", nested, INVALID),
    # The header
    Form(
        "no type",
        "RFC 9068, 4: typ is at+jwt or application/at+jwt, anything else is rejected",
        of_head(typ=...),
        INVALID,
    ),
    Form("JWT", "RFC 9068, 4", of_head(typ="JWT"), INVALID),
    Form(
        "logout token",
        "RFC 8725, 3.11: kinds of JWT are kept apart by type (OpenID Back-Channel Logout, 2.4)",
        of_head(typ="logout+jwt"),
        INVALID,
    ),
    Form(
        "security event",
        "RFC 8417, 2.3: typ secevent+jwt is a security event's",
        of_head(typ="secevent+jwt"),
        INVALID,
    ),
    Form("proof of DPoP", "RFC 9449, 4.2: typ dpop+jwt is a proof, no token", of_head(typ="dpop+jwt"), INVALID),
    Form("two types", "RFC 9068, 4", of_head(typ="at+jwt, JWT"), INVALID),
    Form(
        "a type with a parameter",
        "RFC 7515, 4.1.9: a media type's name, compared as a whole",
        of_head(typ="at+jwt;v=1"),
        INVALID,
    ),
    Form("an empty type", "RFC 9068, 4", of_head(typ=""), INVALID),
    Form("a type that is null", "RFC 7515, 4.1.9: a text", of_head(typ=None), INVALID),
    Form("a list of types", "RFC 7515, 4.1.9: a text", of_head(typ=["at+jwt"]), INVALID),
    Form("upper case", "RFC 7515, 4.1.9; RFC 2045, 5.1: types are the same in any case", of_head(typ="AT+JWT"), GOOD),
    Form("with application/", "RFC 9068, 4: application/at+jwt, too", of_head(typ="application/at+jwt"), GOOD),
    Form("Application/AT+jwt", "RFC 7515, 4.1.9", of_head(typ="Application/AT+jwt"), GOOD),
    Form("text/at+jwt", "RFC 7515, 4.1.9: only application/ may be left out", of_head(typ="text/at+jwt"), INVALID),
    Form("alg none", "RFC 8725, 3.2; RFC 9068, 4: none is rejected", unsigned("none"), INVALID),
    Form("alg None", "RFC 7515, 4.1.1: case-sensitive, and neither is known", unsigned("None"), INVALID),
    Form("alg nOnE, signed", "RFC 7515, 4.1.1", of_head(alg="nOnE"), INVALID),
    Form("no alg", "RFC 7515, 4.1.1: MUST be present", of_head(alg=...), INVALID),
    Form("alg that is a list", "RFC 7515, 4.1.1: a text", of_head(alg=["ES256"]), INVALID),
    Form("another key's alg", "RFC 8725, 3.1: each key is used with one algorithm", of_head(alg="RS256"), INVALID),
    Form("symmetric", "RFC 8725, 2.1: a public key is not taken for a secret", symmetric, INVALID),
    Form("no kid", "ours: a key is named (RFC 7515, 4.1.4)", of_head(kid=...), INVALID),
    Form("an empty kid", "the same", of_head(kid=""), INVALID),
    Form("kid that is a number", "RFC 7515, 4.1.4: a text", of_head(kid=0), INVALID),
    Form("kid that is a list", "RFC 7515, 4.1.4", of_head(kid=[kid("ES256")]), INVALID),
    Form("kid that is an object", "RFC 7515, 4.1.4", of_head(kid={"a": 1}), INVALID),
    Form("kid in another case", "RFC 7515, 4.1.4: case-sensitive", of_head(kid=kid("ES256").lower()), INVALID),
    Form("kid of another key", "RFC 7515, 4.1.4: it says which key signed", of_head(kid=kid("RS256")), INVALID),
    Form("kid with half a pair", "RFC 8259, 8.2: no character", of_head(kid="\ud800"), INVALID),
    Form(
        "crit",
        "RFC 7515, 4.1.11: an extension that is not understood is rejected",
        of_head(crit=["exp"], exp=1),
        INVALID,
    ),
    Form("an empty crit", "RFC 7515, 4.1.11: MUST NOT be empty", of_head(crit=[]), INVALID),
    Form("crit that is a text", "RFC 7515, 4.1.11: a list", of_head(crit="b64"), INVALID),
    Form("b64 false", "RFC 7797, 6 and 7: only with crit, and not for JWTs", of_head(b64=False), INVALID),
    Form("b64 false, critical", "RFC 7797, 7", of_head(b64=False, crit=["b64"]), INVALID),
    Form(
        "zip, and compressed",
        "RFC 7516, 4.1.3: for JWE alone; RFC 8725, 3.6",
        lambda: signed(head(zip="DEF"), zlib.compress(json.dumps(said()).encode())),
        INVALID,
    ),
    Form(
        "a header not understood", "RFC 7515, 4: MUST be ignored unless critical", of_head(zip="DEF", note="x"), GOOD
    ),
    Form(
        "jwk in the header",
        "RFC 8725, 3.10: a key that the sender brings is not trusted, nor looked at",
        of_head(jwk=jwk("ES256", generation=1), kid="brought"),
        INVALID,
    ),
    Form(
        "jku in the header",
        "RFC 8725, 3.10: no URL of the sender is fetched",
        of_head(jku="https://other.test/keys", kid="brought"),
        INVALID,
    ),
    Form("alg twice", "RFC 7515, 4: names are unique, or the JWS is rejected", twice("alg", '"none"'), INVALID),
    Form("kid twice", "RFC 7515, 4", twice("kid", '"other"'), INVALID),
    Form("typ twice", "RFC 7515, 4", twice("typ", '"JWT"'), INVALID),
    Form("a header that is a list", "RFC 7515, 4: an object", lambda: signed([head()], said()), INVALID),
    Form(
        "a header not in UTF-8",
        "RFC 7515, 5.2: UTF-8",
        lambda: signed(json.dumps(head()).encode("utf-16"), said()),
        INVALID,
    ),
    Form(
        "a deep header",
        "ours: a parser's end is a refusal",
        lambda: signed(b'{"a":' + DEEP.encode() + b"}", said()),
        INVALID,
    ),
    # Times
    Form("expired", "RFC 7519, 4.1.4: not on or after exp", of(exp=lambda: now() - LEEWAY_S - 2), INVALID),
    Form(
        "within the leeway",
        "RFC 7519, 4.1.4: a few minutes of leeway at most",
        of(exp=lambda: now() - LEEWAY_S + 5),
        GOOD,
    ),
    Form("no exp", "RFC 9068, 2.2: REQUIRED", of(exp=...), INVALID),
    Form("exp null", "RFC 7519, 2: NumericDate is a number", of(exp=None), INVALID),
    Form("exp as text", "RFC 7519, 2", of(exp=lambda: str(now() + 3_600)), INVALID),
    Form("exp true", "RFC 7519, 2", of(exp=True), INVALID),
    Form("exp in a list", "RFC 7519, 2", of(exp=lambda: [now() + 3_600]), INVALID),
    Form("exp 1e400", "RFC 7519, 2; RFC 8259, 6: no number that anybody can hold", instead("exp", "1e400"), INVALID),
    Form("exp 10^400", "RFC 8259, 6", instead("exp", "1" + "0" * 400), INVALID),
    Form("exp of 5,000 digits", "RFC 8259, 6", instead("exp", "1" * 5_000), INVALID),
    Form("exp -1e400", "RFC 8259, 6", instead("exp", "-1e400"), INVALID),
    Form("exp NaN", "RFC 8259, 6: NaN is not permitted", instead("exp", "NaN"), INVALID),
    Form("exp Infinity", "RFC 8259, 6: nor is Infinity", instead("exp", "Infinity"), INVALID),
    Form("exp in the year 10000", "ours: nobody's time", of(exp=INSTANT_MAX + 1), INVALID),
    Form("exp in the year 9999", "RFC 7519, 4.1.4: how long is the issuer's to say", of(exp=INSTANT_MAX), GOOD),
    Form(
        "exp with a fraction",
        "RFC 7519, 2: non-integer values can be represented",
        of(exp=lambda: now() + 60.5),
        GOOD,
    ),
    Form(
        "exp as 1.7e9 is written", "RFC 7519, 2: any JSON number", instead("exp", f"{(now() + 3_600) / 1e9}e9"), GOOD
    ),
    Form("negative exp", "RFC 7519, 4.1.4", of(exp=-1), INVALID),
    Form("nbf ahead", "RFC 7519, 4.1.5: not before nbf", of(nbf=lambda: now() + 3_600), INVALID),
    Form("nbf now", "RFC 7519, 4.1.5", of(nbf=now), GOOD),
    Form("nbf 1e400", "RFC 7519, 2", instead("nbf", "1e400"), INVALID),
    Form("nbf -1e400", "RFC 7519, 2", instead("nbf", "-1e400"), INVALID),
    Form("nbf as text", "RFC 7519, 2", of(nbf="0"), INVALID),
    Form("nbf null", "RFC 7519, 2", of(nbf=None), INVALID),
    Form("iat as text", "RFC 7519, 4.1.6: a NumericDate", of(iat="yesterday"), INVALID),
    Form("iat false", "RFC 7519, 2", of(iat=False), INVALID),
    Form("iat 10^400", "RFC 7519, 2", instead("iat", "1" + "0" * 400), INVALID),
    Form("iat ahead", "ours: one of the clocks is wrong", of(iat=lambda: now() + 3_600), INVALID),
    Form("no iat", "RFC 9068, 4: a resource server need not look at it", of(iat=...), GOOD),
    # Issuer and audience
    Form("another issuer", "RFC 9068, 4: MUST exactly match", of(iss=ISSUER + "x"), INVALID),
    Form("issuer without its slash", "RFC 9068, 4: exactly", of(iss=ISSUER.rstrip("/")), INVALID),
    Form("issuer in a list", "RFC 7519, 4.1.1: a text", of(iss=[ISSUER]), INVALID),
    Form("no issuer", "RFC 9068, 2.2: REQUIRED", of(iss=...), INVALID),
    Form("several audiences", "RFC 7519, 4.1.3: one of them is ours", of(aud=["https://a.test", AUDIENCE]), GOOD),
    Form(
        "another audience", "RFC 9068, 4: rejected unless aud names this resource", of(aud="https://a.test"), INVALID
    ),
    Form("no audience", "RFC 9068, 2.2: REQUIRED", of(aud=...), INVALID),
    Form("an empty list of audiences", "RFC 9068, 4", of(aud=[]), INVALID),
    Form("an audience that begins alike", "RFC 7519, 4.1.3: compared whole", of(aud=AUDIENCE + "/"), INVALID),
    Form("audience in upper case", "RFC 7519, 4.1.3: case-sensitive", of(aud=AUDIENCE.upper()), INVALID),
    Form("audience as an object", "RFC 7519, 4.1.3: a text or a list of texts", of(aud={AUDIENCE: True}), INVALID),
    Form("a number among audiences", "RFC 7519, 4.1.3: a list of texts", of(aud=[AUDIENCE, 7]), INVALID),
    Form("a list within the list", "RFC 7519, 4.1.3", of(aud=[[AUDIENCE]]), INVALID),
    # Subject and account
    Form("no subject", "RFC 9068, 2.2: REQUIRED", of(sub=...), INVALID),
    Form("an empty subject", "ours: nobody", of(sub=""), INVALID),
    Form("subject as a number", "RFC 7519, 4.1.2: a text", of(sub=7), INVALID),
    Form("a long subject", "ours", of(sub="x" * (SUBJECT_CHARS_MAX + 1)), INVALID),
    Form(
        "half a pair in the subject",
        "RFC 8259, 8.2: no character, not in UTF-8",
        instead("sub", '"\\ud800"'),
        INVALID,
    ),
    Form("the other half", "RFC 8259, 8.2", instead("sub", '"a\\udfffb"'), INVALID),
    Form("a whole pair in the subject", "RFC 8259, 7: one character", instead("sub", '"\\ud83d\\ude00"'), GOOD),
    Form("no account", "ours: a token is for one account", of(account=...), INVALID),
    Form("account as a list", "ours", of(account=["acme"]), INVALID),
    Form("account as an object", "ours", of(account={"acme": 1}), INVALID),
    Form("account as a number", "ours", of(account=7), INVALID),
    Form("all accounts", "ours: a star is no account", of(account="*"), INVALID),
    Form("account with a separator", "ours: it would be another key of the tables", of(account="acme#1"), INVALID),
    Form("account in upper case", "ours", of(account="ACME"), INVALID),
    Form("account with a line feed", "ours", of(account="acme\n"), INVALID),
    Form("account with a null", "ours", of(account="acme\0"), INVALID),
    Form("account in letters that look alike", "ours", of(account="\u0430cme"), INVALID),
    Form("account with half a pair", "RFC 8259, 8.2", instead("account", '"\\ud800"'), INVALID),
    Form("a long account", "ours", of(account="a" * 65), INVALID),
    Form("an empty account", "ours", of(account=""), INVALID),
    # Scopes
    Form("several scopes", "RFC 6749, 3.3: split at spaces, in any order", of(scope=f"openid {WRITE} admin"), GOOD),
    Form("spaces around", "RFC 6749, 3.3: what is empty is no scope", of(scope=f" {WRITE}  admin "), GOOD),
    Form("as a list", "ours: issuers that write their roles", of(scope=["admin", WRITE]), GOOD),
    *(
        Form(
            f"split at U+{ord(blank):04X}",
            "RFC 6749, 3.3: at %x20 alone; others stand in no scope",
            of(scope=f"openid{blank}{WRITE}"),
            INVALID,
        )
        for blank in "\t\n\r\v\f\x1c\x85\xa0\u1680\u2003\u2028\u202f\u3000"
    ),
    Form("a blank behind", "RFC 6749, 3.3", of(scope=f"{WRITE}\u2003"), INVALID),
    Form("quotes", 'RFC 6749, 3.3: neither " nor \\', of(scope=f'"{WRITE}"'), INVALID),
    Form(
        "blanks within a list",
        "RFC 6749, 3.3: a member is a scope, whatever stands in it",
        of(scope=[f"admin {WRITE}"]),
        NO_SCOPE,
    ),
    Form("in upper case", "RFC 6749, 3.3: case-sensitive", of(scope=WRITE.upper()), NO_SCOPE),
    Form("scopes as an object", "RFC 8693, 4.2: a text", of(scope={WRITE: True}), NO_SCOPE),
    Form("no scope", "RFC 9068, 3: what was not granted is not there", of(scope=...), NO_SCOPE),
    # Confirmation
    Form(
        "bound by DPoP",
        "RFC 9449, 7.2: a bound token is not taken as a bearer's",
        of(cnf={"jkt": THUMBPRINT}),
        INVALID,
    ),
    Form(
        "bound to a certificate",
        "RFC 8705, 3: the certificate MUST match; there is none here",
        of(cnf={"x5t#S256": THUMBPRINT}),
        INVALID,
    ),
    Form(
        "bound to a key", "RFC 7800, 3.2: a key that would have to be proven", of(cnf={"jwk": jwk("ES256")}), INVALID
    ),
    Form("bound to a named key", "RFC 7800, 3.4", of(cnf={"kid": "x"}), INVALID),
    Form("bound twice", "RFC 7800, 3.1: at most one", of(cnf={"jkt": THUMBPRINT, "x5t#S256": THUMBPRINT}), INVALID),
    Form("an empty cnf", "RFC 7800, 3.1: whoever does not understand it does not take it", of(cnf={}), INVALID),
    Form("cnf null", "RFC 7800, 3.1: an object", of(cnf=None), INVALID),
    Form("cnf as text", "RFC 7800, 3.1: an object", of(cnf=THUMBPRINT), INVALID),
    Form("cnf as a list", "RFC 7800, 3.1: an object", of(cnf=[]), INVALID),
    Form("cnf false", "RFC 7800, 3.1: an object", of(cnf=False), INVALID),
    Form("an odd thumbprint", "RFC 8705, 3.1: SHA-256 in base64url", of(cnf={"x5t#S256": 7}), INVALID),
    # The claims as JSON
    Form(
        "aud twice",
        "RFC 7519, 4: names are unique, or the JWT is rejected",
        of_json('{"aud": "https://a.test", ...}'),
        INVALID,
    ),
    Form("account twice", "RFC 7519, 4", of_json('{..., "account": "other"}'), INVALID),
    Form("exp twice", "RFC 7519, 4", of_json('{"exp": 1, ...}'), INVALID),
    Form(
        "a name twice within", "RFC 7519, 4: ours for all levels", of_json('{..., "note": {"a": 1, "a": 2}}'), INVALID
    ),
    Form(
        "a name twice, once escaped",
        "RFC 8259, 8.3: names are compared unescaped",
        of_json('{"acc\\u006funt": "other", ...}'),
        INVALID,
    ),
    Form("a list of claims", "RFC 7519, 7.2: an object", of_json("[{...}]"), INVALID),
    Form("a text", "RFC 7519, 7.2: an object", of_json('"claims"'), INVALID),
    Form("null", "RFC 7519, 7.2: an object", of_json("null"), INVALID),
    Form("two documents", "RFC 8259, 2: one value", of_json("{...}{}"), INVALID),
    Form("a comment", "RFC 8259, 2", of_json("{... /* so */}"), INVALID),
    Form("a comma behind", "RFC 8259, 4", of_json("{...,}"), INVALID),
    Form(
        "a byte order mark",
        "RFC 8259, 8.1: MUST NOT be added",
        lambda: signed(head(), b"\xef\xbb\xbf" + json.dumps(said()).encode()),
        INVALID,
    ),
    Form("in UTF-16", "RFC 7519, 7.2; RFC 8259, 8.1: UTF-8", in_utf_16, INVALID),
    Form(
        "not UTF-8",
        "RFC 8259, 8.1",
        lambda: signed(head(), b'{"note": "\xff", ' + json.dumps(said()).encode()[1:]),
        INVALID,
    ),
    Form("deep claims", "ours: a parser's end is a refusal", of_json('{..., "note": ' + DEEP + "}"), INVALID),
    Form(
        "a deep claim that we do not read",
        "RFC 7519, 4: claims not understood are ignored",
        of(note=[[[{"a": [1]}]]]),
        GOOD,
    ),
    Form("NaN where we do not read", "RFC 8259, 6", of_json('{..., "note": NaN}'), INVALID),
)


async def _fetch() -> bytes:
    return jwks(*(jwk(algorithm) for algorithm in ALGORITHMS))


def _tokens(*, untyped: bool = False) -> Tokens:
    keys = Jwks(_fetch, algorithms=ALGORITHMS, cache_s=300.0)
    named = Claims(issuer=ISSUER, audience=AUDIENCE, account="account", scope="scope", scope_prefix="")
    return Tokens(keys, named, trust_s=300.0, untyped=untyped)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def guarded() -> AsyncIterator[AppFixture]:
    """An application that takes the issuer's tokens besides API keys; one for all forms."""
    with pytest.MonkeyPatch.context() as environment:
        for name in os.environ:
            if name.startswith("TXN_"):
                environment.delenv(name)
        async with opened_desk() as desk:
            desk.take_tokens(_tokens())
            yield desk


async def _posted(desk: AppFixture, authorization: str, **headers: str) -> str:
    """What becomes of a post; whatever is refused stores nothing, and says how to come again (RFC 6750, 3)."""
    stored = len(desk.kinesis.stored)
    answer = await desk.client.post("/transactions", json=body(), headers={"Authorization": authorization, **headers})
    if answer.status_code == 202:
        return GOOD
    code = str(answer.json()["code"])
    assert answer.status_code == (403 if code == NO_SCOPE else 401)
    assert len(desk.kinesis.stored) == stored
    if answer.status_code == 401:
        challenge = answer.headers["www-authenticate"]
        assert challenge == 'Bearer realm="txn-api"' + (
            "" if code == "api_key_missing" else ', error="invalid_token"'
        )
    return code


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
async def test_a_token_is_taken_or_refused_as_the_rfcs_say(guarded: AppFixture, form: Form) -> None:
    """Never a 500, never another code; the same when it comes again, from the cache or not."""
    presented = form.made()
    for _ in range(2):
        assert await _posted(guarded, f"Bearer {presented}") == form.said, form.rule


def test_the_table_is_long_and_names_each_form_once() -> None:
    """Sixty forms were asked for; the rule stands beside each."""
    assert len(FORMS) >= 60
    assert len({form.name for form in FORMS}) == len(FORMS)
    assert all(form.rule for form in FORMS)


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("authorization", "rule", "code"),
    [
        ("Bearer {}", "RFC 6750, 2.1: the scheme, one space or more, the token", GOOD),
        ("bearer {}", "RFC 9110, 11.1: schemes are the same in any case", GOOD),
        ("DPoP {}", "RFC 9449, 7.1: another scheme, whose proof is not taken here", "api_key_missing"),
        ("dpop {}", "RFC 9110, 11.1", "api_key_missing"),
        ("Basic {}", "RFC 7617: another scheme", "api_key_missing"),
        ("{}", "RFC 9110, 11.4: a scheme first", "api_key_missing"),
        ("Bearer", "RFC 6750, 2.1: a token", "api_key_missing"),
        ("Bearer {0} {0}", "RFC 6750, 2.1: one token", "api_key_invalid"),
        ("Bearer {0}, Bearer {0}", "RFC 9110, 5.3: two fields are none", "api_key_invalid"),
        ('Bearer "{}"', "RFC 6750, 2.1: no quotes", INVALID),
    ],
)
async def test_a_token_is_presented_as_a_bearers(
    guarded: AppFixture, authorization: str, rule: str, code: str
) -> None:
    """A proof of possession that we do not check makes no bearer's token of a bound one."""
    assert await _posted(guarded, authorization.format(token(scope=WRITE))) == code, rule


@pytest.mark.asyncio(loop_scope="module")
async def test_a_token_is_no_api_key(guarded: AppFixture) -> None:
    """RFC 6750, 2: a token is sent as a bearer's; `X-API-Key` is for keys."""
    assert await _posted(guarded, "", **{"X-API-Key": token(scope=WRITE)}) == "api_key_invalid"


async def test_a_setting_opens_to_tokens_without_the_type_of_access_tokens(desk: AppFixture) -> None:
    """RFC 9068, 4, asks for the type; many issuers write `JWT`, or none. Other kinds of tokens stay out."""
    desk.take_tokens(_tokens(untyped=True))
    taken = ("JWT", "jwt", "application/jwt", ..., "at+jwt", "application/at+jwt")
    refused = ("logout+jwt", "secevent+jwt", "dpop+jwt", "token-introspection+jwt", "JOSE", "", None, 7, ["JWT"])
    for typ in (*taken, *refused):
        presented = signed(head(typ=typ), claims(scope=WRITE))
        assert await _posted(desk, f"Bearer {presented}") == (GOOD if typ in taken else INVALID), typ


@pytest.mark.asyncio(loop_scope="module")
async def test_a_token_of_another_key_is_refused_whatever_it_says(guarded: AppFixture) -> None:
    """RFC 7515, 5.2: the issuer's published key alone verifies."""
    assert private_key("ES256", 1) is not private_key("ES256")
    presented = token("ES256", generation=1, key_id=kid("ES256"), scope=WRITE)
    assert await _posted(guarded, f"Bearer {presented}") == INVALID


class Shown:
    """An application behind a server that tells of the client's certificate, as ASGI's TLS extension has it."""

    def __init__(self, app: ASGIApp, chain: object) -> None:
        self._app, self._chain = app, chain

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        told = {**scope, "extensions": {"tls": {"client_cert_chain": self._chain}}}
        await self._app(told, receive, send)


@pytest.mark.asyncio(loop_scope="module")
async def test_a_bound_token_opens_to_the_client_with_its_certificate_alone(
    guarded: AppFixture, tmp_path: Path
) -> None:
    """RFC 8705, 3: the thumbprint is compared with each connection, also of a token that was seen before."""
    authority = Authority(tmp_path / "ca")
    own, other = (authority.client(name).certificate.read_text() for name in ("own", "other"))
    thumbprint = base64url(hashlib.sha256(ssl.PEM_cert_to_DER_cert(own)).digest())
    bound = f"Bearer {token(scope=WRITE, cnf={'x5t#S256': thumbprint})}"
    free = f"Bearer {token(scope=WRITE)}"
    chains: tuple[tuple[object, str, str], ...] = (
        ([own], bound, GOOD),
        ([other], bound, INVALID),
        ([other, own], bound, INVALID),
        ([own, other], bound, GOOD),
        ([], bound, INVALID),
        (None, bound, INVALID),
        ([other], free, GOOD),
    )
    for chain, presented, expected in chains:
        shown = Shown(guarded.app, chain)
        async with httpx.AsyncClient(transport=httpx.ASGITransport(shown), base_url="http://txn.test") as client:
            assert await _posted(replace(guarded, client=client), presented) == expected, expected
