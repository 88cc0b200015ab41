"""Numbers of 13 to 20 digits that are no card numbers: ids of 64 bits, snowflakes, and times since an epoch."""

import random
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Final

# Milliseconds at which the counts of those who publish their ids' form begin, and the bits behind the time.
_TWITTER: Final = (1_288_834_974_657, 22)
_DISCORD: Final = (1_420_070_400_000, 22)
_INSTAGRAM: Final = (1_314_220_021_721, 23)
_FROM, _TO = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) for year in (2000, 2035))
_IN_USE: Final = int(datetime(2016, 1, 1, tzinfo=UTC).timestamp() * 1000)
_NOW: Final = int(datetime(2030, 1, 1, tzinfo=UTC).timestamp() * 1000)


LIKE_CARDS: Final = "id of Instagram"
"""From 2024 on they begin with 35 to 39, as numbers of JCB and Diners Club do, and from October 2026 on with 4."""


def _snowflake(rng: random.Random, epoch: int, bits: int) -> int:
    return (rng.randrange(_IN_USE, _NOW) - epoch << bits) | rng.getrandbits(bits)


KINDS: Final[dict[str, Callable[[random.Random], int]]] = {
    "unsigned, 64 bits": lambda rng: rng.getrandbits(64),
    "signed, 64 bits": lambda rng: rng.getrandbits(64) - (1 << 63),
    "positive, 63 bits": lambda rng: rng.getrandbits(63),
    "19 digits": lambda rng: rng.randrange(10**18, 10**19),
    "snowflake of Twitter": lambda rng: _snowflake(rng, *_TWITTER),
    "snowflake of Discord": lambda rng: _snowflake(rng, *_DISCORD),
    LIKE_CARDS: lambda rng: _snowflake(rng, *_INSTAGRAM),
    "milliseconds of Unix time": lambda rng: rng.randrange(_FROM * 10**3, _TO * 10**3),
    "microseconds of Unix time": lambda rng: rng.randrange(_FROM * 10**6, _TO * 10**6),
    "nanoseconds of Unix time": lambda rng: rng.randrange(_FROM * 10**9, _TO * 10**9),
    "ticks of .NET": lambda rng: (rng.randrange(_FROM, _TO) + 62_135_596_800) * 10**7 + rng.randrange(10**7),
    "time of Windows files": lambda rng: (rng.randrange(_FROM, _TO) + 11_644_473_600) * 10**7 + rng.randrange(10**7),
}


def ids(kind: str, count: int, *, seed: int) -> Iterator[str]:
    """Random ids of a kind, as they are written in decimal."""
    rng = random.Random(f"{kind} {seed}")
    return (str(KINDS[kind](rng)) for _ in range(count))
