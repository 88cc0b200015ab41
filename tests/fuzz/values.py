"""What is put where something else belongs: values that parsers, types and bounds have stumbled over elsewhere."""

import random
from collections.abc import Callable
from typing import Any, Final

Rng = random.Random
TEXTS: Final = (
    *("", " ", "\u0000", "a\u0007b", "\u200b", "\ufeff", "\u202e", "e\u0301" * 20, "\U0001f600" * 30, "\ufdfa" * 40),
    *("null", "NaN", "true", "-1", "1e309", "0x10", "../../etc/passwd", "%00", "%2e%2e%2f", "a#b", "{{7*7}}"),
    *(
        "2019-02-30T00:00:00Z",
        "2019-01-01T00:00:60Z",
        "9999-12-31T23:59:59.999999-23:59",
        "1970-01-01T00:00:00+23:59",
    ),
    *("USD", "usd", "XXX", "000", "purchase", "refund", "contactless", "Mann\r\nX-Injected: 1", "'; --", "\\", '"'),
)
NUMBERS: Final = (
    *(0, -0.0, 1, -1, 497, 10**12, 10**12 - 1, 2**31, 2**53 + 1, 2**63, 2**64, 10**40, -(10**40)),
    *(0.1, 1e-7, 5e-324, 1.7e308, 90, 90.0000001, -180, 180.1, float("inf"), float("-inf"), float("nan")),
)
LENGTHS: Final = (1, 8, 64, 65, 100, 101, 1_000, 20_000)


def text(rng: Rng) -> str:
    """A short odd text, or a long one, or any characters."""
    match rng.randrange(4):
        case 0:
            return rng.choice("aA0 -\u00e9\u4e2d") * rng.choice(LENGTHS)
        case 1:
            return "".join(chr(rng.randrange(1, 0xD7FF)) for _ in range(rng.randrange(1, 40)))
        case _:
            return rng.choice(TEXTS)


def value(rng: Rng, depth: int = 0) -> Any:
    """Any JSON value, nested now and then."""
    makers: list[Callable[[], Any]] = [
        lambda: None,
        lambda: rng.random() < 0.5,
        lambda: rng.choice(NUMBERS),
        lambda: rng.randrange(-(10**15), 10**15),
        lambda: text(rng),
    ]
    if depth < 4:
        makers += [
            lambda: [value(rng, depth + 1) for _ in range(rng.randrange(4))],
            lambda: {text(rng): value(rng, depth + 1) for _ in range(rng.randrange(4))},
        ]
    return rng.choice(makers)()


def deep(rng: Rng) -> bytes:
    """Nesting without an end."""
    opening = rng.choice((b"[", b'{"a":', b'{"merchant":', b'["', b"[["))
    return opening * rng.choice((10, 200, 5_000))
