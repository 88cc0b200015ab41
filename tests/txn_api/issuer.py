"""An issuer of access tokens, with keys of every kind that it may sign with, and of kinds that it may not."""

import json
import time
from base64 import urlsafe_b64encode
from functools import cache
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

ISSUER: Final = "https://issuer.test/"
AUDIENCE: Final = "https://txn.test"


@cache
def private_key(algorithm: str, generation: int = 0) -> Any:
    """A private key for an algorithm; each generation has another."""
    if algorithm == "RS256":
        return rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key(ec.SECP256R1())


def jwk(algorithm: str, generation: int = 0, **changes: Any) -> dict[str, Any]:
    """The public half as the issuer publishes it; a change to `...` leaves a member out."""
    public = private_key(algorithm, generation).public_key()
    kinds: dict[str, Any] = {"RS256": RSAAlgorithm, "EdDSA": OKPAlgorithm, "ES256": ECAlgorithm}
    members = (
        json.loads(kinds[algorithm].to_jwk(public)) | {"kid": kid(algorithm, generation), "use": "sig"} | changes
    )
    return {name: value for name, value in members.items() if value is not ...}


def kid(algorithm: str, generation: int = 0) -> str:
    """The name of a key."""
    return f"{algorithm}-{generation}"


def jwks(*members: object) -> bytes:
    """A set of keys."""
    return json.dumps({"keys": members}).encode()


def claims(**changes: Any) -> dict[str, Any]:
    """What a sound token says."""
    at = int(time.time())
    said = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "client-1",
        "iat": at,
        "exp": at + 3_600,
        "scope": "openid transactions:read",
        "account": "acme",
        **changes,
    }
    return {name: value for name, value in said.items() if value is not ...}


def token(
    algorithm: str = "ES256", *, generation: int = 0, key_id: str | None = None, headers: Any = None, **changes: Any
) -> str:
    """A token, signed by the issuer's key for the algorithm."""
    named = {"kid": key_id or kid(algorithm, generation), "typ": "at+jwt"} | (headers or {})
    return jwt.encode(claims(**changes), private_key(algorithm, generation), algorithm, headers=named)


def signed(head: object, payload: object, algorithm: str = "ES256") -> str:
    """A token of a header and a payload as they are, bytes or JSON, signed by the issuer's key for the algorithm."""
    parts = [part if isinstance(part, bytes) else json.dumps(part).encode() for part in (head, payload)]
    return signed_text(".".join(base64url(part) for part in parts), algorithm)


def signed_text(content: str, algorithm: str = "ES256") -> str:
    """The same of the first two parts as they will be sent, in whatever encoding."""
    kinds: dict[str, Any] = {"RS256": RSAAlgorithm, "EdDSA": OKPAlgorithm, "ES256": ECAlgorithm}
    kind = kinds[algorithm]() if algorithm == "EdDSA" else kinds[algorithm](kinds[algorithm].SHA256)
    return f"{content}.{base64url(kind.sign(content.encode(), private_key(algorithm, 0)))}"


def base64url(data: bytes) -> str:
    """Base64url without padding (RFC 7515, 2)."""
    return urlsafe_b64encode(data).rstrip(b"=").decode()
