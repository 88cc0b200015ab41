"""Transactions, sound and mutated: first as documents, whose fields are known, then as bytes."""

import json
from collections.abc import Callable
from typing import Any, Final

from tests.builders import full_body
from tests.fuzz.values import Dice, deep, text, value

MUTATIONS_MAX: Final = 4
SOUND_SHARE: Final = 0.3
NAMES: Final = ("card_number", "cvv", "pin", "track2", "schema", "card_id", "account", "__proto__", "$ref", "")

Document = dict[str, Any]


def body(dice: Dice, card: str) -> bytes:
    """One JSON document; the card's number stands in it at least once, if nothing cut it off."""
    document = sound(dice, card)
    if dice.random() < SOUND_SHARE:
        return written(dice, document)
    for _ in range(dice.randrange(1, MUTATIONS_MAX + 1)):
        dice.choice(_CHANGES)(dice, document)
    if dice.random() < 0.1:
        _part(dice, document)[text(dice)] = card
    if dice.random() < 0.1:
        part = _part(dice, document)
        part[dice.choice(list(part) or ["x"])] = f"{text(dice)}{card}"
    content = written(dice, document)
    return content if dice.random() < 0.6 else damaged(dice, content)


def sound(dice: Dice, card: str) -> Document:
    """A transaction that passes."""
    document: Document = full_body(
        transaction_id=f"fuzz-{dice.getrandbits(64):016x}",
        card_number=card,
        amount_minor=dice.randrange(10**9),
        currency=dice.choice(("USD", "EUR", "JPY", "KWD")),
    )
    for name in ("customer", "terminal", "is_fraud", "type"):
        if dice.random() < 0.2:
            del document[name]
    return document


def written(dice: Dice, document: object) -> bytes:
    """The document as JSON, in one of the ways to write it."""
    spaces = dice.choice(((",", ":"), (", ", ": "), (" ,\t", "\n:\r\n ")))
    content = json.dumps(document, ensure_ascii=dice.random() < 0.5, separators=spaces)
    if dice.random() < 0.05:  # the same member twice
        content = content.replace("{", '{"card_number":"x","merchant":{},', 1)
    encoding = "utf-8" if dice.random() < 0.97 else dice.choice(("utf-16", "utf-8-sig", "utf-32-be"))
    return content.encode(encoding, "surrogatepass")


def damaged(dice: Dice, content: bytes) -> bytes:
    """Some bytes changed, cut out, put in, or everything cut off somewhere."""
    data = bytearray(content)
    for _ in range(dice.randrange(1, 6)):
        at = dice.randrange(len(data) + 1)
        match dice.randrange(6):
            case 0:
                del data[at : at + dice.randrange(1, 30)]
            case 1:
                data[at:at] = dice.choice(
                    (b"\\u0000", b"\\ud800", b"\xff\xfe", b'"', b"}", b"{", b"\\", b",,", b"\n")
                )
            case 2 if at < len(data):
                data[at] ^= 1 << dice.randrange(8)
            case 3:
                del data[at:]
            case 4:
                data[at:at] = dice.randbytes(dice.randrange(1, 20))
            case _:
                data[at:at] = deep(dice) if dice.random() < 0.1 else b" " * dice.randrange(1, 50)
    return bytes(data)


def _drop(dice: Dice, document: Document) -> None:
    part = _part(dice, document)
    if part:
        del part[dice.choice(list(part))]


def _replace(dice: Dice, document: Document) -> None:
    part = _part(dice, document)
    if part:
        part[dice.choice(list(part))] = value(dice)


def _rename(dice: Dice, document: Document) -> None:
    part = _part(dice, document)
    if part:
        part[text(dice)] = part.pop(dice.choice(list(part)))


def _add(dice: Dice, document: Document) -> None:
    _part(dice, document)[dice.choice((*NAMES, text(dice)))] = value(dice)


def _wrap(dice: Dice, document: Document) -> None:
    part = _part(dice, document)
    if part:
        name = dice.choice(list(part))
        part[name] = dice.choice(([part[name]], {name: part[name]}, str(part[name])))


def _part(dice: Dice, document: Document) -> Document:
    parts = [document, *(inner for inner in document.values() if isinstance(inner, dict))]
    part: Document = dice.choice(parts)
    return part


_CHANGES: Final[tuple[Callable[[Dice, Document], None], ...]] = (_drop, _replace, _replace, _rename, _add, _wrap)
