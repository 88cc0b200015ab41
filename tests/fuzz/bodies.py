"""Transactions, sound and mutated: first as documents, whose fields are known, then as bytes."""

import json
from collections.abc import Callable
from typing import Any, Final

from tests.builders import full_body, payment_fields
from tests.fuzz.values import Rng, deep, text, value

MUTATIONS_MAX: Final = 4
SOUND_SHARE: Final = 0.3
NAMES: Final = ("card_number", "cvv", "pin", "track2", "schema", "card_id", "account", "__proto__", "$ref", "")

Document = dict[str, Any]


def body(rng: Rng, card: str) -> bytes:
    """One JSON document; the card's number stands in it at least once, if nothing cut it off."""
    document = sound(rng, card)
    if rng.random() < SOUND_SHARE:
        return written(rng, document)
    for _ in range(rng.randrange(1, MUTATIONS_MAX + 1)):
        rng.choice(_CHANGES)(rng, document)
    if rng.random() < 0.1:
        _part(rng, document)[text(rng)] = card
    if rng.random() < 0.1:
        part = _part(rng, document)
        part[rng.choice(list(part) or ["x"])] = f"{text(rng)}{card}"
    content = written(rng, document)
    return content if rng.random() < 0.6 else damaged(rng, content)


def sound(rng: Rng, card: str) -> Document:
    """A transaction that passes."""
    document: Document = full_body(
        transaction_id=f"fuzz-{rng.getrandbits(64):016x}",
        card_number=card,
        amount_minor=rng.randrange(10**9),
        currency=rng.choice(("USD", "EUR", "JPY", "KWD")),
    )
    if rng.random() < 0.5:
        document |= payment_fields()
        document["merchant"]["country"] = rng.choice(("DE", "US"))
    for name in ("customer", "terminal", "is_fraud", "type"):
        if rng.random() < 0.2:
            del document[name]
    return document


def written(rng: Rng, document: object) -> bytes:
    """The document as JSON, in one of the ways to write it."""
    spaces = rng.choice(((",", ":"), (", ", ": "), (" ,\t", "\n:\r\n ")))
    content = json.dumps(document, ensure_ascii=rng.random() < 0.5, separators=spaces)
    if rng.random() < 0.05:  # the same member twice
        content = content.replace("{", '{"card_number":"x","merchant":{},', 1)
    encoding = "utf-8" if rng.random() < 0.97 else rng.choice(("utf-16", "utf-8-sig", "utf-32-be"))
    return content.encode(encoding, "surrogatepass")


def damaged(rng: Rng, content: bytes) -> bytes:
    """Some bytes changed, cut out, put in, or everything cut off somewhere."""
    data = bytearray(content)
    for _ in range(rng.randrange(1, 6)):
        at = rng.randrange(len(data) + 1)
        match rng.randrange(6):
            case 0:
                del data[at : at + rng.randrange(1, 30)]
            case 1:
                data[at:at] = rng.choice((b"\\u0000", b"\\ud800", b"\xff\xfe", b'"', b"}", b"{", b"\\", b",,", b"\n"))
            case 2 if at < len(data):
                data[at] ^= 1 << rng.randrange(8)
            case 3:
                del data[at:]
            case 4:
                data[at:at] = rng.randbytes(rng.randrange(1, 20))
            case _:
                data[at:at] = deep(rng) if rng.random() < 0.1 else b" " * rng.randrange(1, 50)
    return bytes(data)


def _drop(rng: Rng, document: Document) -> None:
    part = _part(rng, document)
    if part:
        del part[rng.choice(list(part))]


def _replace(rng: Rng, document: Document) -> None:
    part = _part(rng, document)
    if part:
        part[rng.choice(list(part))] = value(rng)


def _rename(rng: Rng, document: Document) -> None:
    part = _part(rng, document)
    if part:
        part[text(rng)] = part.pop(rng.choice(list(part)))


def _add(rng: Rng, document: Document) -> None:
    _part(rng, document)[rng.choice((*NAMES, text(rng)))] = value(rng)


def _wrap(rng: Rng, document: Document) -> None:
    part = _part(rng, document)
    if part:
        name = rng.choice(list(part))
        part[name] = rng.choice(([part[name]], {name: part[name]}, str(part[name])))


def _part(rng: Rng, document: Document) -> Document:
    parts = [document, *(inner for inner in document.values() if isinstance(inner, dict))]
    part: Document = rng.choice(parts)
    return part


_CHANGES: Final[tuple[Callable[[Rng, Document], None], ...]] = (_drop, _replace, _replace, _rename, _add, _wrap)
