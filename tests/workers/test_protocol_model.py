"""The protocol holds in every state of the model, and the model finds each rule that is taken out of it."""

import itertools
from typing import Final, NamedTuple

import pytest

from tests.support.chaos import models_are_large
from tests.workers.builders import ALICE, lease, shard
from tests.workers.protocol_model import Broken, Budget, Model, Phase, Protocol, Put, Writing
from txn_core.positions import Position
from workers.hosts.leased import SCANS_COVERED
from workers.leases.lease import FlushPlan, Lease, WorkerName
from workers.leases.ownership import Watch

BOUNDS: Final = [
    (2, Budget(doubts=2, steals=1)),
    (3, Budget(doubts=1, steals=1)),
    (2, Budget(doubts=1, steals=1, renewals=1)),
    (2, Budget(steals=1, crashes=1, asks=1)),
    (2, Budget(doubts=1, asks=1, releases=1)),
    (2, Budget(doubts=1, crashes=1, resets=1)),
]
BOUNDS_OF_CHAOS: Final = [
    (2, Budget(doubts=1, steals=1, crashes=1)),
    (2, Budget(doubts=2, steals=2, crashes=1)),
    (3, Budget(doubts=1, steals=1, crashes=1, asks=1)),
    (2, Budget(doubts=1, steals=1, asks=1, releases=1, renewals=1)),
    (4, Budget(doubts=2, steals=1)),
    (3, Budget(doubts=1, releases=1, crashes=1, resets=1)),
]


@pytest.mark.parametrize(("records", "budget"), BOUNDS + (BOUNDS_OF_CHAOS if models_are_large() else []))
def test_the_protocol_holds_whatever_happens_in_whatever_order(records: int, budget: Budget) -> None:
    """At most one effective owner, no range lost or doubled, no plan dropped, and everything is done in the end."""
    assert Model(Protocol(), records=records, budget=budget).search() > 1_000


# --- each rule is needed


class Unconditional(Protocol):
    """Lease writes land whatever stands there."""

    def accepts(self, stored: Lease, seen: Lease) -> bool:
        return True


class CounterUnchecked(Protocol):
    """Lease writes are conditional on the owner alone: an older write of one's own may land late."""

    def accepts(self, stored: Lease, seen: Lease) -> bool:
        return stored.owner == seen.owner


class PlanReplaced(Protocol):
    """A holder does not look whether a plan is stored, and makes its own."""

    def resumed(self, row: Lease) -> FlushPlan | None:
        return None

    def planned(self, row: Lease, plan: FlushPlan) -> Lease:
        return Lease.planned(Lease(shard_id=row.shard_id, owner=row.owner, counter=row.counter), plan)


class PlanDropped(Protocol):
    """A worker that takes a lease forgets the plan on it."""

    def taken(self, row: Lease, name: WorkerName) -> Lease:
        taken = row.taken(name)
        return Lease(shard_id=row.shard_id, owner=name, counter=taken.counter, checkpoint=row.checkpoint)


class PlanBelieved(Protocol):
    """When the object is there, the checkpoint goes to the plan's end instead of the object's."""

    def covered_to(self, plan: FlushPlan, found: Put) -> Position:
        return plan.last


class ObjectNamedByWriter(Protocol):
    """Object names hold who wrote them, as those of loaders with a random part do."""

    def key(self, plan: FlushPlan, writer: WorkerName) -> str:
        return f"{super().key(plan, writer)}-{writer}"


class ObjectOverwritten(Protocol):
    """Objects are stored without If-None-Match."""

    def stores(self, found: Put | None) -> bool:
        return True


class CheckpointFirst(Protocol):
    """The checkpoint is moved before the object is written."""

    def after_plan(self, row: Lease, plan: FlushPlan) -> Phase:
        return Writing(row, "advance", to=plan.last)


class PlanReplacedAndBelieved(PlanReplaced, PlanBelieved):
    """Both: what one of the two rules would still have mended."""


LOST, DOUBLED = "a range is checkpointed and not in the lake", "a range stands in the lake twice"
OWNERS, PLAN = "two workers could write the lease", "a stored plan was replaced or dropped"


class Case(NamedTuple):
    """Rules with one missing, what has to happen for that to show, and what shows."""

    rules: Protocol
    budget: Budget
    found: str
    besides: str | None = None  # found earlier, and not asked about here


@pytest.mark.parametrize(
    "case",
    [
        Case(Unconditional(), Budget(steals=1), OWNERS),
        Case(CounterUnchecked(), Budget(steals=1), PLAN),
        Case(PlanReplaced(), Budget(steals=1), PLAN),
        Case(PlanReplacedAndBelieved(), Budget(steals=1), LOST, besides=PLAN),
        Case(PlanDropped(), Budget(steals=1), PLAN),
        Case(PlanBelieved(), Budget(resets=1, releases=1), LOST),
        Case(ObjectNamedByWriter(), Budget(steals=1), DOUBLED),
        Case(ObjectOverwritten(), Budget(resets=1, releases=1), DOUBLED),
        Case(CheckpointFirst(), Budget(), LOST),
    ],
    ids=lambda case: type(case.rules).__name__,
)
def test_the_model_finds_a_rule_that_is_taken_out(case: Case) -> None:
    with pytest.raises(Broken) as caught:
        Model(case.rules, records=2, budget=case.budget, unheeded=case.besides).search()
    assert caught.value.what == case.found


# --- expiry

RENEW_S, FAILOVER_S = 1.0, 3.0  # the shortest failover that the settings allow
ROUNDS = ("owner first", "watcher first", "owner late", "watcher late")


def expires_by_a_sleep(covered_s_max: float, *, pauses: int = 1) -> bool:
    """Whether a lease expires whose owner misses one renewal in a row at most, when the machine sleeps once.

    Every order of five rounds is tried, and a sleep before each of them. The watcher scans once in so many pauses.
    """
    return any(
        _expires(rounds, asleep_before, covered_s_max, pauses)
        for rounds in itertools.product(ROUNDS, repeat=5)
        if ("owner late", "owner late") not in itertools.pairwise(rounds)
        for asleep_before in range(5)
    )


def _expires(rounds: tuple[str, ...], asleep_before: int, covered_s_max: float, pauses: int) -> bool:
    watch, row, now_s = Watch(covered_s_max), lease(owner=ALICE), 0.0
    watch = watch.observed([row], began_s=now_s, ended_s=now_s)
    for number, order in enumerate(rounds):
        now_s += RENEW_S + (3600.0 if number == asleep_before else 0.0)
        if order in {"owner first", "watcher late"}:
            row = row.renewed()
        if order != "watcher late" and number % pauses == 0:
            watch = watch.observed([row], began_s=now_s, ended_s=now_s)
        if order == "watcher first":
            row = row.renewed()
        if shard(0) in watch.expired(FAILOVER_S):
            return True
    return False


def test_no_sleep_makes_a_lease_expire_whose_owner_renews() -> None:
    """Of a pause between two scans a little more than what is usual counts, and no more."""
    assert not expires_by_a_sleep(SCANS_COVERED * RENEW_S)


@pytest.mark.parametrize("pauses", [2, 3, 4])
def test_nor_does_one_that_is_watched_seldom(pauses: int) -> None:
    """Of a long pause no more counts than of the usual one."""
    assert not expires_by_a_sleep(SCANS_COVERED * RENEW_S, pauses=pauses)
    assert expires_by_a_sleep(pauses * SCANS_COVERED * RENEW_S, pauses=pauses)


@pytest.mark.parametrize("covered_s_max", [2.0 * RENEW_S, float("inf")])
def test_expiry_that_counts_a_sleep_is_found(covered_s_max: float) -> None:
    assert expires_by_a_sleep(covered_s_max)
