"""How much a key may take, so that a noisy one does not slow a quiet one.

All of it is counted in this process's memory, on its monotonic clock: of several processes behind one port each
allows the whole (ADR 16). A request costs a few additions and no object. What is left is told in the fields of
draft-ietf-httpapi-ratelimit-headers-11; a key without limits gets none.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from txn_api.problems import RateLimited, TooManyConcurrent
from txn_core.quotas import Limits
from txn_core.recent import remember

KEYS_MAX: Final = 10_000
"""Keys whose use is counted. When there are more, the key that was looked up longest ago starts again from zero."""
WINDOW_S: Final = 1
_NS: Final = 1_000_000_000

Clock = Callable[[], int]
Field = tuple[bytes, bytes]


class Bucket:
    """A token bucket that holds a second's worth of tokens and fills continuously.

    It keeps one number, the moment at which it is full again (the generic cell rate algorithm, ITU-T I.371), in whole
    nanoseconds, so that no rounding costs the last token.
    """

    __slots__ = ("_clock", "_full_at", "_full_ns", "_token_ns", "per_s")

    def __init__(self, per_s: int, clock: Clock = time.monotonic_ns) -> None:
        self.per_s, self._clock = per_s, clock
        self._token_ns = WINDOW_S * _NS // per_s
        self._full_ns = self._token_ns * per_s
        self._full_at = 0

    def take(self) -> bool:
        """Take a token; false when there is none."""
        at = self._clock()
        full_at = (self._full_at if self._full_at > at else at) + self._token_ns  # noqa: FURB136 - max is slower
        if full_at > at + self._full_ns:
            return False
        self._full_at = full_at
        return True

    def owe(self, count: int) -> float:
        """Take tokens in any case, and give the seconds to wait until they would have been there."""
        at = self._clock()
        self._full_at = max(self._full_at, at) + self._token_ns * count
        return max(0, self._full_at - at - self._full_ns) / _NS

    @property
    def left(self) -> int:
        """Tokens that are there now."""
        missing_ns = self._full_at - self._clock()
        return self.per_s if missing_ns <= 0 else max(0, (self._full_ns - missing_ns) // self._token_ns)


@dataclass(slots=True)
class Running:
    """The requests of one key that are being answered."""

    count_max: int
    count: int = 0


class Allowance:
    """What a key may take of one class of routes. Whoever enters must leave, also when entering was refused."""

    __slots__ = ("_bucket", "_form", "_policy", "_running")

    def __init__(self, name: str, bucket: Bucket | None, running: Running | None) -> None:
        self._bucket, self._running = bucket, running
        policy, form = [], []
        if bucket is not None:
            policy.append(f'"{name}";q={bucket.per_s};w={WINDOW_S}')
            form.append(f'"{name}";r=%d;t={WINDOW_S}')
        if running is not None:
            policy.append(f'"concurrency";q={running.count_max};qu="concurrent-requests"')
            form.append('"concurrency";r=%d')
        self._policy: Field = (b"ratelimit-policy", ", ".join(policy).encode())
        self._form = ", ".join(form).encode()

    def enter(self) -> None:
        """Begin a request.

        Raises:
            TooManyConcurrent: as many as may be are being answered.
            RateLimited: as many as may be were begun within the last second.
        """
        if (running := self._running) is not None:
            running.count += 1
            if running.count > running.count_max:
                raise TooManyConcurrent
        if self._bucket is not None and not self._bucket.take():
            raise RateLimited

    def leave(self) -> None:
        """The request that was begun has ended."""
        if self._running is not None:
            self._running.count -= 1

    def come_back(self) -> None:
        """Take up a request that was left while it waited; nothing is refused, and it has to leave once more."""
        if self._running is not None:
            self._running.count += 1

    def fields(self) -> tuple[Field, Field]:
        """The header fields that say what is left."""
        bucket, running = self._bucket, self._running
        if bucket is None:
            left = self._form % (0 if running is None else max(0, running.count_max - running.count))
        elif running is None:
            left = self._form % bucket.left
        else:
            left = self._form % (bucket.left, max(0, running.count_max - running.count))
        return (self._policy, (b"ratelimit", left))


class Allowances:
    """What one key may take: writes and reads at their own rates, all of them together at once, and lines."""

    __slots__ = ("lines", "reads", "writes")

    def __init__(self, limits: Limits, clock: Clock = time.monotonic_ns) -> None:
        running = Running(limits.requests_max) if limits.requests_max else None
        self.writes = _allowance("write", limits.writes_per_s, running, clock)
        self.reads = _allowance("read", limits.reads_per_s, running, clock)
        self.lines = Bucket(limits.lines_per_s, clock) if limits.lines_per_s else None


def _allowance(name: str, per_s: int | None, running: Running | None, clock: Clock) -> Allowance | None:
    bucket = Bucket(per_s, clock) if per_s else None
    return None if bucket is None and running is None else Allowance(name, bucket, running)


class Limiter:
    """The allowances of all keys that are in use, by whatever names their holders."""

    def __init__(self, defaults: Limits, clock: Clock = time.monotonic_ns) -> None:
        self._defaults, self._clock = defaults, clock
        self._known: OrderedDict[str, tuple[Limits, Allowances]] = OrderedDict()

    def of(self, holder: str, own: Limits) -> Allowances | None:
        """The allowances of a key: those it had when its limits are the same; none when it has no limits."""
        limits = own.over(self._defaults)
        if not (limits.writes_per_s or limits.reads_per_s or limits.lines_per_s or limits.requests_max):
            return None
        known = self._known.get(holder)
        if known is None or known[0] != limits:
            known = (limits, Allowances(limits, self._clock))
        remember(self._known, holder, known, KEYS_MAX)
        return known[1]

    def cards_of_mask_max(self, own: Limits) -> int:
        """The cards with one mask that a key's account may send and look up a day; 0 is without limit."""
        return own.over(self._defaults).cards_of_mask_max or 0
