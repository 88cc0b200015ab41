"""Changes to bytes that need no grammar: what makes input longer, more of the same, or different in one place."""

import re
from collections.abc import Sequence
from random import Random
from typing import Final

_TOKEN: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|[0-9]+|[A-Za-z]+|\\u[0-9a-f]{4}|[^A-Za-z0-9]', re.DOTALL)
_TOKENS_LOOKED_AT: Final = 400
_DIGITS: Final = re.compile(rb"[0-9]+")
_SWAPPED: Final = b"0123456789 -./:,;'\"\\{}[]+=^%aADdEe\x00\x7f\x80\xc3\xe2\xf0"


def repeated(rng: Random, piece: bytes, bytes_max: int) -> bytes:
    """A piece many times over. Half of the time its numbers count on, so that names differ."""
    if not piece:
        return b""
    count = min(int(2 ** rng.uniform(1, 15)), max(1, bytes_max // len(piece)))
    if rng.random() < 0.5 or not _DIGITS.search(piece):
        return piece * count
    first = rng.randrange(10 ** rng.randint(1, 17))
    return b"".join(_DIGITS.sub(b"%d" % (first + number), piece, count=1) for number in range(count))[:bytes_max]


def mutated(rng: Random, data: bytes, other: bytes, pieces: Sequence[bytes], bytes_max: int) -> bytes:
    """The bytes after one change; `other` is what they may be crossed with."""
    start, end = _slice(rng, data)
    inside = data[start:end]
    match rng.randrange(10):
        case 0:
            new = data[:start] + rng.choice(pieces) + data[start:]
        case 1:
            new = data[:start] + repeated(rng, rng.choice(pieces), bytes_max) + data[start:]
        case 2:
            new = data[:start] + repeated(rng, inside, bytes_max - len(data)) + data[end:]
        case 3:
            new = data[:start] + rng.choice(pieces) + data[end:]
        case 4:
            new = data[:start] + data[end:]
        case 5:
            first, last = _slice(rng, other)
            new = data[:start] + other[first:last] + data[end:]
        case 6:
            swap = bytes.maketrans(bytes([rng.choice(inside or b"0")]), bytes([rng.choice(_SWAPPED)]))
            new = data[:start] + inside.translate(swap) + data[end:]
        case 7:
            digits = _DIGITS.sub(lambda found: b"%0*d" % (len(found[0]), rng.randrange(10**9)), inside)
            new = data[:start] + digits + data[end:]
        case 8:
            new = _at_a_token(rng, data, rng.choice(pieces))
        case _:
            new = _at_a_token(rng, data, repeated(rng, rng.choice(pieces), bytes_max))
    return new[:bytes_max]


def _slice(rng: Random, data: bytes) -> tuple[int, int]:
    """Where a part of the bytes begins and ends: of any length, short ones as often as long ones."""
    start = rng.randrange(len(data) + 1)
    length = int(2 ** rng.uniform(0, max(1, len(data)).bit_length())) - rng.randrange(2)
    return start, min(len(data), start + length)


def _at_a_token(rng: Random, data: bytes, new: bytes) -> bytes:
    """The bytes with one word, number, text or mark of theirs put another way."""
    first = rng.randrange(max(1, len(data) - _TOKENS_LOOKED_AT))
    tokens = list(_TOKEN.finditer(data, first, first + _TOKENS_LOOKED_AT))
    if not tokens:
        return data + new
    found = rng.choice(tokens)
    return data[: found.start()] + new + data[found.end() :]
