"""How a client sends its bytes: in which pieces, how it ends, and whether it reads."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from itertools import pairwise
from typing import Final

from tests.http.requests.drafts import Rng

PIECE_BYTES_MAX: Final = 64 << 10
BYTE_BY_BYTE_MAX: Final = 1_600
"""Longer sequences are not cut at every byte: each piece is a turn of the event loop."""


class End(Enum):
    """What a client does when everything is sent."""

    STAYS = "stays"
    HALF_CLOSES = "half-closes"
    HALF_CLOSES_AT_ONCE = "half-closes at once"
    """Before anything has happened of what was sent last."""
    GOES = "goes"
    """Resets the connection once nothing happens any more."""
    GOES_AT_ONCE = "goes at once"
    """Resets it before anything has happened."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """`cuts` are the places at which a new piece begins; `size` is how many of the bytes are sent, none is all."""

    cuts: tuple[int, ...] = ()
    size: int | None = None
    end: End = End.STAYS
    reads: bool = True

    @property
    def hurries(self) -> bool:
        """Whether the end comes with the last piece."""
        return self.end in (End.HALF_CLOSES_AT_ONCE, End.GOES_AT_ONCE)

    @property
    def is_gone(self) -> bool:
        """Whether the client resets the connection: what it sees of the answers is a matter of moments then."""
        return self.end in (End.GOES, End.GOES_AT_ONCE)

    def pieces(self, data: bytes) -> list[bytes]:
        """The bytes as they arrive."""
        data = data[: self.size]
        places = sorted(
            {0, len(data), *range(0, len(data), PIECE_BYTES_MAX), *(c for c in self.cuts if c < len(data))}
        )
        return [data[place:after] for place, after in pairwise(places)]


def delivery(rng: Rng, sizes: Sequence[int]) -> Delivery:
    """Any delivery of messages of these sizes."""
    total = sum(sizes)
    size = rng.randint(0, total) if rng.random() < 0.1 else None
    (end,) = rng.choices(list(End), (58, 12, 22, 5, 3))
    return Delivery(cuts(rng, sizes), size, end, reads=rng.random() < 0.93)


def cuts(rng: Rng, sizes: Sequence[int]) -> tuple[int, ...]:
    """Where pieces begin: nowhere, between messages, anywhere, or everywhere."""
    total = sum(sizes)
    kind = rng.random()
    if kind < 0.3 or total < 2:
        return ()
    if kind < 0.42:
        return tuple(sum(sizes[:count]) for count in range(1, len(sizes)))
    if kind < 0.5 and total <= BYTE_BY_BYTE_MAX:
        return tuple(range(1, total))
    return tuple(sorted(rng.randint(1, total - 1) for _ in range(rng.randint(1, 12))))
