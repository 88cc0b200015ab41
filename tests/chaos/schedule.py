"""The schedule of a seed: a pure function, so that a seed can be repeated and two schedules compared.

What must happen often enough in a long run (each protocol step frozen, each server killed) goes round by the seed
instead of by the dice.
"""

import random
from dataclasses import dataclass
from typing import Final

from devkit.user_records import UserRecord

from devkit.kinesis_server import CallFate, RecordFate, fates
from tests.chaos import faults
from tests.chaos.actions import (
    ChangeVersions,
    ExpireIterators,
    FreezeAt,
    JumpClock,
    Kill,
    KillAt,
    Merge,
    Moment,
    Point,
    Poison,
    Resign,
    Split,
    ThrottleShard,
    Timed,
)
from tests.chaos.faults import Trouble
from txn_core.kinesis.aggregation import aggregate

LOAD_S: Final = 15.0
WORKERS: Final = {"index": 3, "archive": 3, "score": 2}
FAILOVER_S: Final = 1.5
FREEZE_S: Final = (4.2, 5.2)  # failover, the successor's scan, its takeover and a flush
SHARE_OF_FATES: Final = 0.5
KINESALITE_EVERY: Final = 4  # one seed of so many runs on the stream server that can be killed
FREEZES: Final = 4
# A flush is few calls, an index many; a local stream stands behind a proxy in one seed of four only.
RATES: Final = {"s3": (0.02, 0.15), "dynamodb": (0.003, 0.02), "kinesis": (0.01, 0.03)}

_STEPS: Final = {
    "archive": ("plan", "object put", "checkpoint", "object head", "take", "renew", "shard end"),
    "index": ("index write", "checkpoint", "letter put", "merchant write", "take", "renew", "shard end"),
}
POINTS: Final = tuple(
    Point(kind, step, moment) for step_pair in zip(*_STEPS.values(), strict=True) for moment in Moment
    for kind, step in zip(_STEPS, step_pair, strict=True)
)  # fmt: skip
# Besides: leases are given up now and then, whatever the seed.
RELEASES: Final = tuple(Point(kind, "release", moment) for moment in Moment for kind in _STEPS)
# And an object is only asked after when its put met trouble, a lease only taken when one is free, a shard only ended
# when it was split or merged before: too seldom for steps that have their turn in two seeds of seven.
SELDOM: Final = tuple(
    Point("archive", step, moment) for moment in Moment for step in ("object head", "take", "shard end")
)
KILL_POINTS: Final = (
    Point("archive", "plan", Moment.AFTER),
    Point("archive", "object put", Moment.AFTER),
    Point("archive", "checkpoint", Moment.BEFORE),
    Point("archive", "object put", Moment.BEFORE),
    Point("archive", "checkpoint", Moment.AFTER),
    Point("archive", "take", Moment.AFTER),
)
# The scorer's flush has more steps than others, and before it go alerts and scores.
SCORE_POINTS: Final = tuple(
    Point("score", step, moment)
    for moment in Moment
    for step in (
        *("plan", "alert write", "object put", "state write", "take", "checkpoint", "pin"),
        *("score write", "release", "case write", "renew", "alert publish", "shard end"),
    )
)
SCORE_KILLS: Final = 2
SCORE_FREEZES: Final = 3
ALL_POINTS: Final = (*POINTS, *RELEASES, *SCORE_POINTS)
"""Every point at which a schedule freezes a process."""
AWAY: Final = (faults.UNAVAILABLE, faults.CUT, faults.BLACK_HOLE)
"""How the registry is away."""
POISON: Final = (
    b"\xff\xfe no event at all",
    b"{}",
    b'{"schema":1,"transaction_id":"half',
    b"\xf3\x89\x9a\xc2 looks aggregated, and is not",
    b"[" * 2_000,
    aggregate([UserRecord("foreign", b"no event %d" % number) for number in range(300)], "0"),
)
PUT_FATES: Final = (
    *(fates.RESET_UNREAD, fates.RESET_STORED, fates.ANSWER_CUT_SHORT, fates.SERVER_ERROR, fates.SERVER_ERROR_STORED),
    *(fates.UNAVAILABLE, fates.EXPIRED_TOKEN, fates.KMS_THROTTLING, fates.CALL_THROTTLED, fates.ONE_RESULT_SHORT),
    *(fates.ONE_RESULT_MORE, fates.answered_late(0.8), fates.carried_out_late(0.8), fates.NEVER_ANSWERED),
)
RECORD_FATES: Final = (
    *(fates.RECORD_THROTTLED, fates.RECORD_FAILED, fates.RECORD_FAILED_STORED, fates.RECORD_UNKNOWN_CODE),
    fates.LANDS_ELSEWHERE,
)
READ_FATES: Final = (
    *(fates.SERVER_ERROR, fates.UNAVAILABLE, fates.CALL_THROTTLED, fates.RESET_UNREAD, fates.RESET_STORED),
    *(fates.ANSWER_CUT_SHORT, fates.answered_late(0.8)),
)
# There are few subscriptions, and each must meet something often.
SUBSCRIPTION_FATES: Final = (
    *((fates.SUBSCRIPTION_CUT, 0.15), (fates.SUBSCRIPTION_FAILS, 0.15), (fates.SERVER_ERROR_STORED, 0.05)),
    *((fates.RESET_STORED, 0.05), (fates.EXPIRED_TOKEN, 0.05), (fates.CALL_THROTTLED, 0.05)),
)


@dataclass(frozen=True, slots=True)
class Schedule:
    """All that a seed decides, apart from what is posted."""

    seed: int
    load_s: float
    shards: int
    own_stream: bool
    clock_of: str  # the process with a clock of its own
    timed: tuple[Timed, ...]
    troubles: tuple[Trouble, ...]
    puts: tuple[tuple[CallFate, float], ...] = ()
    records: tuple[tuple[RecordFate, float], ...] = ()
    reads: tuple[tuple[CallFate, float], ...] = ()
    subscriptions: tuple[tuple[CallFate, float], ...] = ()  # none while the drains poll

    @property
    def fan_out(self) -> bool:
        """Whether the drains read by enhanced fan-out."""
        return bool(self.subscriptions)

    @classmethod
    def of(cls, seed: int, load_s: float = LOAD_S, *, fan_out: bool = False) -> "Schedule":
        """The schedule of a seed. By fan-out it always runs on our own server: no other one pushes."""
        own_stream = fan_out or seed % KINESALITE_EVERY != KINESALITE_EVERY - 1
        timed = [
            *_kills(seed, load_s, own_stream=own_stream),
            *_freezes(seed, load_s),
            *_changes(seed, load_s),
            *_scorer(seed, load_s),
        ]
        clock_of, jumps = _jumps(seed, load_s)
        rng = random.Random(f"fates/{seed}")
        return cls(
            seed=seed,
            load_s=load_s,
            shards=random.Random(f"shards/{seed}").randint(2, 4),
            own_stream=own_stream,
            clock_of=clock_of,
            timed=tuple(sorted([*timed, *jumps], key=lambda each: each.at_s)),
            troubles=(_away(seed, load_s), *_troubles(seed, load_s, own_stream=own_stream)),
            puts=tuple((fate, rng.uniform(0.01, 0.06)) for fate in PUT_FATES if rng.random() < SHARE_OF_FATES),
            records=tuple((fate, rng.uniform(0.01, 0.06)) for fate in RECORD_FATES if rng.random() < SHARE_OF_FATES),
            subscriptions=SUBSCRIPTION_FATES if fan_out else (),
            reads=tuple((fate, rng.uniform(0.01, 0.06)) for fate in READ_FATES if rng.random() < SHARE_OF_FATES),
        )

    def lines(self) -> list[str]:
        """The schedule for people."""
        stream = "our own Kinesis server" if self.own_stream else "kinesalite"
        kinesis = [
            *(f"      {put.name} at {rate:.1%}" for put, rate in (*self.puts, *self.reads, *self.subscriptions)),
            *(f"      {record.name} at {rate:.1%}" for record, rate in self.records),
        ]
        return [
            f"seed {self.seed}: {self.load_s:g} s of load, {stream}, {self.shards} shards, clock of {self.clock_of}",
            *(f"{each.at_s:6.2f} s  {each.action}" for each in self.timed),
            *(
                f"{t.from_s:6.2f} s to {t.to_s:.2f} s  {t.service} {t.step or ''} {t.fate.name} at {t.rate:.1%}"
                for t in self.troubles
            ),
            *(kinesis if self.own_stream else ()),
        ]


def _kills(seed: int, load_s: float, *, own_stream: bool) -> list[Timed]:
    rng = random.Random(f"kills/{seed}")

    def at() -> float:
        return rng.uniform(0.1, 0.8) * load_s

    def back() -> float:
        return rng.uniform(0.0, 1.5)

    point = KILL_POINTS[seed % len(KILL_POINTS)]
    found = [
        Timed(at(), Kill("api", back())),
        Timed(at(), Kill(f"index-{rng.randint(1, WORKERS['index'])}", back())),
        Timed(at(), Kill(f"archive-{rng.randint(1, WORKERS['archive'])}", back())),
        Timed(rng.uniform(0.1, 0.3) * load_s, KillAt(point, back())),
        Timed(at(), Kill(("dynamodb", "s3")[seed % 2], back() / 2)),
    ]
    if not own_stream:
        found += [Timed(at(), Kill("kinesis", back() / 2)), Timed(at(), Kill("kinesis", back() / 2))]
    return found


def _freezes(seed: int, load_s: float) -> list[Timed]:
    """Zombies. The points go round. All are armed early, and those of one kind are met one after the other."""
    rng = random.Random(f"freezes/{seed}")
    points = [POINTS[(seed * FREEZES + i) % len(POINTS)] for i in range(FREEZES)]
    points += [RELEASES[seed % len(RELEASES)], SELDOM[seed % len(SELDOM)]]
    return [Timed(rng.uniform(0.03, 0.12) * load_s, FreezeAt(point, rng.uniform(*FREEZE_S))) for point in points]


def _scorer(seed: int, load_s: float) -> list[Timed]:
    """What is done to the scorer. Its points go round."""
    rng = random.Random(f"scorer/{seed}")
    kills, freezes = (
        [SCORE_POINTS[(seed * count + i) % len(SCORE_POINTS)] for i in range(count)]
        for count in (SCORE_KILLS, SCORE_FREEZES)
    )
    found = [
        Timed(rng.uniform(0.1, 0.8) * load_s, Kill(f"score-{rng.randint(1, WORKERS['score'])}", rng.uniform(0, 1.5))),
        Timed(rng.uniform(0.3, 0.6) * load_s, ChangeVersions()),
        *(Timed(rng.uniform(0.05, 0.6) * load_s, KillAt(point, rng.uniform(0, 1.5))) for point in kills),
        *(Timed(rng.uniform(0.03, 0.12) * load_s, FreezeAt(point, rng.uniform(*FREEZE_S))) for point in freezes),
    ]
    if seed % 3 == 0:
        found.append(Timed(rng.uniform(0.1, 0.85) * load_s, Resign("score-1", rng.uniform(1.0, 4.0))))
    return found


def _away(seed: int, load_s: float) -> Trouble:
    """The registry answers nobody for a while, as a bucket policy or a prefix that is throttled would have it."""
    rng = random.Random(f"away/{seed}")
    from_s = rng.uniform(0.0, 0.6) * load_s
    return Trouble(AWAY[seed % len(AWAY)], "s3", 1.0, from_s, from_s + rng.uniform(0.1, 0.3) * load_s, "registry")


def _changes(seed: int, load_s: float) -> list[Timed]:
    """The stream's shards, the number of workers, and what foreign producers put."""
    rng = random.Random(f"changes/{seed}")

    def at() -> float:
        return rng.uniform(0.1, 0.85) * load_s

    kind = ("index", "archive")[seed % 2]
    found = [
        Timed(at(), Split(rng.randrange(8))),
        Timed(at(), Merge(rng.randrange(8))),
        Timed(at(), Resign(f"{kind}-{rng.randint(1, WORKERS[kind])}", rng.uniform(1.0, 4.0))),
        Timed(at(), ThrottleShard(rng.randrange(8), rng.uniform(1.0, 3.0))),
        Timed(at(), ExpireIterators()),
    ]
    found += [Timed(at(), Split(rng.randrange(8))) for _ in range(rng.randint(0, 1))]
    found += [Timed(at(), Poison(rng.choice(POISON))) for _ in range(rng.randint(1, 3))]
    return found


def _jumps(seed: int, load_s: float) -> tuple[str, list[Timed]]:
    """Wall clocks jump both ways, as when somebody sets them; a monotonic clock only ever jumps ahead."""
    rng = random.Random(f"clock/{seed}")
    kind = ("archive", "api", "index", "score")[seed % 4]
    name = kind if kind == "api" else f"{kind}-{rng.randint(1, WORKERS[kind])}"
    jumps = [
        Timed(rng.uniform(0.1, 0.5) * load_s, JumpClock(rng.choice([-240.0, -30.0, 30.0, 240.0]), 0.0)),
        Timed(rng.uniform(0.5, 0.9) * load_s, JumpClock(0.0, rng.choice([3.0, 20.0]))),
    ]
    return name, jumps


def _troubles(seed: int, load_s: float, *, own_stream: bool) -> tuple[Trouble, ...]:
    rng = random.Random(f"troubles/{seed}")

    def window(shortest: float, longest: float) -> tuple[float, float]:
        from_s = rng.uniform(0.0, 0.7) * load_s
        return from_s, from_s + rng.uniform(shortest, longest) * load_s

    found: list[Trouble] = []
    services = ("dynamodb", "s3") if own_stream else ("dynamodb", "s3", "kinesis")
    for service in services:
        rates = RATES[service]
        met = [fate for fate in faults.OF_SERVICE[service] if rng.random() < SHARE_OF_FATES]
        found += [Trouble(fate, service, rng.uniform(*rates), *window(0.3, 0.8)) for fate in met]
    met = [fate for fate in faults.OF_SERVICE["dynamodb"] if rng.random() < SHARE_OF_FATES]
    found += [Trouble(fate, "dynamodb", rng.uniform(0.02, 0.1), *window(0.3, 0.8), step="lease") for fate in met]
    slow = ("dynamodb", "s3")[seed % 2]
    found.append(Trouble(faults.SLOW, slow, 1.0, *window(0.1, 0.25)))
    return tuple(found)
