"""Signed requests: what is signed, and under what."""

import hashlib
import hmac
import re
from pathlib import Path

import pytest

from tests.support.signed_requests import Signed
from txn_core.api_keys import KeyId
from txn_core.signing import Signature, signing_secret

ACCESS = (Path(__file__).parents[2] / "docs" / "access.md").read_text()
KEY_ID = KeyId("0123456789abcdef")
SIGNED = Signed(1_767_323_045, "POST", b"/transactions", b"", b"{}")


def test_the_worked_example_of_the_documentation_is_right() -> None:
    """A vendor who follows docs/access.md to the letter makes the signature that stands there."""
    key_id, secret, body, message, header = (
        re.search(rf"```{block}\n(.*?)\n```", ACCESS, re.DOTALL)[1]  # type: ignore[index]
        for block in ("text key-id", "text signing-secret", "json body", "text message", "text header")
    )
    signature = Signature.parse(header.removeprefix("Signature: "))
    assert signature is not None
    assert signature.key_id == key_id
    signed = Signed(signature.at, "POST", b"/transactions", b"", body.encode())
    assert signed.message().decode() == message
    assert signed.mac(secret) == signature.mac
    # The same by the standard library alone, as another language would do it.
    assert message.splitlines()[-1] == hashlib.sha256(body.encode()).hexdigest()
    assert hmac.new(secret.encode(), message.encode(), hashlib.sha256).hexdigest() == signature.mac


def test_a_secret_is_of_its_key_and_of_the_identity_key() -> None:
    """Known answer; another key id or identity key has another secret."""
    secret = signing_secret(bytes([2]) * 32, KEY_ID)
    assert (
        secret
        == "txnsig_"
        + hmac.new(
            bytes([2]) * 32, b"\0".join((b"txn-api/signing_secret", KEY_ID.encode())), hashlib.sha256
        ).hexdigest()
    )
    assert (
        len({secret, signing_secret(bytes([3]) * 32, KEY_ID), signing_secret(bytes([2]) * 32, KeyId("f" * 16))}) == 3
    )


@pytest.mark.parametrize(
    "changed",
    [
        SIGNED._replace(at=SIGNED.at + 1),
        SIGNED._replace(method="GET"),
        SIGNED._replace(target=b"/transactions?a=b"),
        SIGNED._replace(idempotency_key=b"another"),
        SIGNED._replace(body=b"{} "),
        SIGNED._replace(target=b"/transactions\nx", idempotency_key=b""),
    ],
)
def test_every_part_is_signed(changed: Signed) -> None:
    """A change to any of them changes the signature."""
    assert changed.mac("secret") != SIGNED.mac("secret")


def test_a_header_comes_back_as_it_was_made() -> None:
    """Written and read."""
    signature = Signature(SIGNED.at, KEY_ID, SIGNED.mac("secret"))
    assert Signature.parse(signature.header()) == signature


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=1,kid=0123456789abcdef",
        "t=,kid=0123456789abcdef,v1=" + "0" * 64,
        "t=-1,kid=0123456789abcdef,v1=" + "0" * 64,
        "t=1.5,kid=0123456789abcdef,v1=" + "0" * 64,
        "t=\u0661,kid=0123456789abcdef,v1=" + "0" * 64,
        "t=" + "1" * 13 + ",kid=0123456789abcdef,v1=" + "0" * 64,
        "t=1,kid=0123456789ABCDEF,v1=" + "0" * 64,
        "t=1,kid=0123456789abcde,v1=" + "0" * 64,
        "t=1,kid=0123456789abcdef,v1=" + "0" * 63,
        "t=1,kid=0123456789abcdef,v1=" + "F" * 64,
        "t=1,kid=0123456789abcdef,v1=" + "0" * 64 + "\n",
        "t=1, kid=0123456789abcdef, v1=" + "0" * 64,
        "kid=0123456789abcdef,t=1,v1=" + "0" * 64,
        "t=1,kid=0123456789abcdef,v2=" + "0" * 64,
        "sig1=:AAAA:",
    ],
)
def test_what_is_not_in_the_form_is_no_signature(header: str) -> None:
    """One form, so that no two headers mean the same."""
    assert Signature.parse(header) is None
