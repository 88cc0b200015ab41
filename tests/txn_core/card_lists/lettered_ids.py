"""Ids of letters and digits: encodings of random bytes, and numbers behind a label."""

import base64
import random
import uuid
from collections.abc import Callable, Iterator
from typing import Final

_CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_LABELS: Final = ("INV", "ORD", "TXN", "REF", "no", "SO", "PO", "KD")

ENCODED: Final[dict[str, Callable[[random.Random], str]]] = {
    "hex, 8 bytes": lambda rng: rng.randbytes(8).hex(),
    "hex, 16 bytes": lambda rng: rng.randbytes(16).hex(),
    "UUID": lambda rng: str(uuid.UUID(bytes=rng.randbytes(16), version=4)),
    "base64, 16 bytes": lambda rng: base64.b64encode(rng.randbytes(16)).decode(),
    "base64url, 32 bytes": lambda rng: base64.urlsafe_b64encode(rng.randbytes(32)).decode(),
    "ULID": lambda rng: "01" + "".join(rng.choices(_CROCKFORD, k=24)),
    "base36, 16 characters": lambda rng: "".join(rng.choices("0123456789abcdefghijklmnopqrstuvwxyz", k=16)),
}
LABELLED: Final = "label and 12 to 19 digits"


def ids(kind: str, count: int, *, seed: int) -> Iterator[str]:
    """Random ids of a kind."""
    rng = random.Random(f"{kind} {seed}")
    return (ENCODED[kind](rng) for _ in range(count))


def labelled_ids(count: int, *, seed: int) -> Iterator[str]:
    """Numbers as long as a card's, each right behind a label of letters."""
    rng = random.Random(seed)
    return (f"{rng.choice(_LABELS)}{rng.randrange(10 ** rng.randint(11, 18), 10**19)}" for _ in range(count))
