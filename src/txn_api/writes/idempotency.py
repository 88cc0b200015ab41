"""One effect and one answer a key (draft-ietf-httpapi-idempotency-key-header-07, 2.6).

    absent ──create──▶ in flight ──act, keep──▶ answered ──7 days──▶ absent
                        │     ▲
                refused │     │ the same body again
                or dead ▼     │
                       free ──┘

A key is bound to its first sound body from its first moment on, whatever becomes of that: another body is refused
until the key expires. The same body finds the answer and gets it again, finds somebody at work and is told so, or
goes to work itself when whoever was at work has failed or was not heard of any more.

Only answers of success are kept. Who is refused by a rule (4xx) never comes here: nothing was begun, the key is not
used up, and the corrected body may have it. A failure (5xx) frees the key for the same body.

That somebody is given up who is still alive, by a clock that runs ahead or a process that was frozen, costs no
second effect: both send the same transaction under the same id, and the first answer to be kept is the answer of
both.
"""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Final, NamedTuple, TypeVar

import structlog
from prometheus_client import CollectorRegistry, Counter

from txn_api.problems import (
    IdempotencyKeyInFlight,
    IdempotencyKeyReused,
    OutcomeUnknown,
    Problem,
    StoreUnavailable,
)
from txn_api.stores import STORE_ERRORS
from txn_core.aws.errors import code_of
from txn_core.exceptions import ProducerError
from txn_core.idempotency import Fingerprints, Record, Records
from txn_core.settings import Settings
from txn_core.transactions.identity import Account

ROUNDS_MAX: Final = 8  # of a race for one key; each is lost to somebody who got further
PAUSES_S: Final = (0.05, 0.2)  # between the attempts at one call of the store
REPLAYED: Final = (b"idempotent-replayed", b"true")

_log = structlog.get_logger()
_Result = TypeVar("_Result")


class Step(Enum):
    """What is to be done next for a record that is wanted, given the one that the key has."""

    WRITE = auto()
    DONE = auto()
    REPLAY = auto()
    REUSED = auto()
    IN_FLIGHT = auto()


def decide(found: Record | None, wanted: Record, *, now_s: float, lapse_s: float) -> Step:
    """Decide by what the key has; `wanted` is a claim, or the same with its answer."""
    if found is None:
        return Step.WRITE
    if found.token == wanted.token:
        return Step.DONE
    if found.expires_at_s <= now_s:
        return Step.WRITE
    if found.fingerprint != wanted.fingerprint:
        return Step.REUSED
    if found.answer is not None:
        return Step.REPLAY
    # Who lapses later than anybody may has a clock that is far ahead: it is not waited for until ours is there.
    at_work = 0 < found.lapses_at_s - now_s <= 2 * lapse_s
    return Step.IN_FLIGHT if at_work and wanted.answer is None else Step.WRITE


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long things last, in seconds: an answer, a request under way, and all calls of the store for one step."""

    kept_s: float
    lapse_s: float
    store_s: float

    @classmethod
    def of(cls, settings: Settings) -> "Bounds":
        """A request is given up when none of its steps can be under way any more."""
        store_s = settings.idempotency_timeout_s
        return cls(settings.idempotency_kept_s, settings.request_deadline_s + 2 * store_s, store_s)


class StoredReply(NamedTuple):
    """The body of an answer of success, and whether it was given before."""

    body: bytes
    replayed: bool


class Idempotency:
    """Lets one request a key act, and gives its answer to all."""

    def __init__(
        self,
        records: Records,
        fingerprints: Fingerprints,
        bounds: Bounds,
        registry: CollectorRegistry,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._records, self._fingerprints, self._bounds, self._clock = records, fingerprints, bounds, clock
        self._outcomes = Counter(
            "txn_idempotency_requests", "Requests with an Idempotency-Key", ["outcome"], registry=registry
        )

    async def once(
        self, account: Account, operation: str, key: str, body: bytes, act: Callable[[], Awaitable[bytes]]
    ) -> StoredReply:
        """The answer of `act`, or of the first who acted under this key.

        Raises:
            IdempotencyKeyReused: the key is bound to another body.
            IdempotencyKeyInFlight: somebody is at work on it.
            StoreUnavailable: the key could not be looked up; nothing was done.
            OutcomeUnknown: `act` was done and its answer could not be kept.
            ProducerError, Problem: what `act` raised; the key is free again for the same body.
        """
        wanted = self._claim(account, operation, key, body)
        held = await self._within_bounds(self._place(wanted, None), StoreUnavailable)
        if held.answer is not None:
            return self._told(held.answer, "replayed")
        try:
            answer = await act()
        except (ProducerError, Problem):
            await self._release(held)
            self._outcomes.labels("failed").inc()
            raise
        kept = replace(held, token=_token(), answer=answer)
        found = await self._within_bounds(self._place(kept, held), OutcomeUnknown)
        return self._told(found.answer or answer, "first" if found is kept else "replayed")

    def _claim(self, account: Account, operation: str, key: str, body: bytes) -> Record:
        record_id, now_s = self._fingerprints.record_id(account, operation, key), self._clock()
        return Record(
            id=record_id,
            fingerprint=self._fingerprints.fingerprint(record_id, body),
            token=_token(),
            expires_at_s=int(now_s + self._bounds.kept_s),
            lapses_at_s=now_s + self._bounds.lapse_s,
        )

    async def _place(self, wanted: Record, seen: Record | None) -> Record:
        """Bring about that the key has `wanted`, or find the answer that it has."""
        found, step, rounds = seen, self._decide(seen, wanted), 0
        while step is Step.WRITE and rounds < ROUNDS_MAX:
            found = await self._write(found, wanted)
            step, rounds = self._decide(found, wanted), rounds + 1
        if step is Step.DONE:
            return wanted
        if step is Step.REPLAY and found is not None:
            return found
        if wanted.answer is not None:  # it was done, and is not to be refused by somebody's clock
            raise OutcomeUnknown
        reused = step is Step.REUSED
        self._outcomes.labels("reused" if reused else "in_flight").inc()
        raise IdempotencyKeyReused if reused else IdempotencyKeyInFlight

    def _decide(self, found: Record | None, wanted: Record) -> Step:
        return decide(found, wanted, now_s=self._clock(), lapse_s=self._bounds.lapse_s)

    async def _write(self, seen: Record | None, record: Record) -> Record | None:
        # A call whose answer was lost may be made again: the token says that it was carried out.
        for pause_s in PAUSES_S:
            with suppress(*STORE_ERRORS):
                return await self._attempt(seen, record)
            await asyncio.sleep(pause_s)
        return await self._attempt(seen, record)

    async def _attempt(self, seen: Record | None, record: Record) -> Record | None:
        return await (self._records.create(record) if seen is None else self._records.replace(seen, record))

    async def _release(self, held: Record) -> None:
        """Let the next one act at once; when that cannot be said, the claim lapses by itself."""
        free = replace(held, token=_token(), lapses_at_s=0.0)
        with suppress(StoreUnavailable):
            await self._within_bounds(self._write(held, free), StoreUnavailable)

    async def _within_bounds(
        self, work: Awaitable[_Result], failure: type[StoreUnavailable | OutcomeUnknown]
    ) -> _Result:
        try:
            async with asyncio.timeout(self._bounds.store_s):
                return await work
        except STORE_ERRORS as error:
            _log.warning("idempotency_key_not_settled", error=code_of(error))
            self._outcomes.labels("unavailable").inc()
            raise failure from None

    def _told(self, body: bytes, outcome: str) -> StoredReply:
        self._outcomes.labels(outcome).inc()
        return StoredReply(body, replayed=outcome == "replayed")


def _token() -> str:
    return secrets.token_hex(8)
