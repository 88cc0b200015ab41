"""Ids of letters and digits: encodings of random bytes, and numbers behind a label."""

import base64
import random
import uuid
from collections.abc import Callable, Iterator
from typing import Final

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LABELS: Final = ("INV", "ORD", "TXN", "REF", "no", "SO", "PO", "KD")

ENCODED: Final[dict[str, Callable[[random.Random], str]]] = {
    "hex, 8 bytes": lambda dice: dice.randbytes(8).hex(),
    "hex, 16 bytes": lambda dice: dice.randbytes(16).hex(),
    "UUID": lambda dice: str(uuid.UUID(bytes=dice.randbytes(16), version=4)),
    "base64, 16 bytes": lambda dice: base64.b64encode(dice.randbytes(16)).decode(),
    "base64url, 32 bytes": lambda dice: base64.urlsafe_b64encode(dice.randbytes(32)).decode(),
    "ULID": lambda dice: "01" + "".join(dice.choices(_CROCKFORD, k=24)),
    "base36, 16 characters": lambda dice: "".join(dice.choices("0123456789abcdefghijklmnopqrstuvwxyz", k=16)),
}
LABELLED: Final = "label and 12 to 19 digits"


def ids(kind: str, count: int, *, seed: int) -> Iterator[str]:
    """Random ids of a kind."""
    dice = random.Random(f"{kind} {seed}")
    return (ENCODED[kind](dice) for _ in range(count))


def labelled_ids(count: int, *, seed: int) -> Iterator[str]:
    """Numbers as long as a card's, each right behind a label of letters."""
    dice = random.Random(seed)
    return (f"{dice.choice(_LABELS)}{dice.randrange(10 ** dice.randint(11, 18), 10**19)}" for _ in range(count))
