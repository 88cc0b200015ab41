"""The `Idempotency-Key` request header: its form (draft-ietf-httpapi-idempotency-key-header-07, 2.1).

The draft has it as a Structured Field String (RFC 9651, 3.3.3): `"8e03978e-40d5-43e8-bc93-6894a57f9324"`. Clients of
older APIs send the same without the quotes; both spell the same key. A form of our own is what the draft's section 5
asks for: a key that is held to it injects nothing anywhere.
"""

import re
from typing import Any, Final

from starlette.types import Scope

from txn_api.edge.headers import RawHeaders
from txn_api.problems import IdempotencyKeyMalformed

CHARS_MAX: Final = 255
IDEMPOTENCY_KEY: Final = b"idempotency-key"
_QUOTED: Final = rf'"(?:[ !#-\[\]-~]|\\["\\]){{1,{CHARS_MAX}}}"'
# Visible ASCII but quotes, backslashes and what separates the values and parameters of a header.
_BARE: Final = rf"[!#-+\--:<-\[\]-~]{{1,{CHARS_MAX}}}"
PATTERN: Final = f"^(?:{_QUOTED}|{_BARE})$"
_FORM: Final = re.compile(PATTERN.encode())
_ESCAPED: Final = re.compile(rb"\\(.)")

PARAMETER: Final[dict[str, Any]] = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "description": (
        "Makes a retry replay the first answer, for 7 days; one key is for one body. "
        "A Structured Field String, or the same without quotes, of at most 255 characters. Without a "
        "`transaction_id` in the body the transaction's id is derived from it. Never put a card number into it."
    ),
    "schema": {"type": "string", "minLength": 1, "maxLength": 2 * CHARS_MAX + 2, "pattern": PATTERN},
    "example": '"8e03978e-40d5-43e8-bc93-6894a57f9324"',
}


def idempotency_key(scope: Scope, headers: RawHeaders) -> str | None:
    """The key of a request that has one, without quotes and escapes.

    Raises:
        IdempotencyKeyMalformed: it is not in the form, or not the only one.
    """
    given = headers.find(IDEMPOTENCY_KEY)
    return None if given is None else _parsed(given, scope)


def _parsed(given: bytes, scope: Scope) -> str:
    given = given.strip(b" \t")
    alone = sum(name == IDEMPOTENCY_KEY for name, _ in scope["headers"]) == 1
    if not alone or not _FORM.fullmatch(given):
        raise IdempotencyKeyMalformed
    key = _ESCAPED.sub(rb"\1", given[1:-1]) if given.startswith(b'"') else given
    return key.decode("ascii")
