"""The protocol of leases and archive as a small model that is searched to its end: every order of every step.

Two workers, one shard, a few records. Each request to the lease table and the object store may be answered, or be
left in doubt and land at any time later or never: that is a lost request, a lost answer, a delay and a frozen sender,
all in one. Workers crash, are taken for dead while they are not, and are asked to hand over; once all have stopped an
operator starts over from the horizon. Rows, plans and objects are those of the real functions; what happens between
two awaits of `HeldLease` and `ArchiveProcessor` is one step here.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple

from tests.builders import ARRIVED_AT, SHARD, position
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.positions import Position
from workers.leases.lease import FlushPlan, Lease, WorkerName
from workers.planned.planned_object import object_key, object_last, object_metadata, plan_of

FRESH: Final = Lease(shard_id=SHARD)

Job = Literal["plan", "advance", "release", "renew"]
Label = tuple[str, ...]


class Budget(NamedTuple):
    """How often may still happen what no progress needs."""

    doubts: int = 0  # requests whose outcome stays unknown
    steals: int = 0  # takeovers from an owner that lives
    crashes: int = 0
    asks: int = 0
    releases: int = 0
    renewals: int = 0
    resets: int = 0


class Write(NamedTuple):
    """A lease write on its way."""

    seen: Lease
    wanted: Lease


class Put(NamedTuple):
    """An object on its way."""

    key: str
    first: int
    last: int


class Idle(NamedTuple):
    """Holds nothing."""


class Reaching(NamedTuple):
    """Has decided by a scan to write a row that it does not hold: to take it, or to ask for it."""

    write: Write


class Holding(NamedTuple):
    """Believes to hold the lease, and has nothing under way."""

    row: Lease


class Writing(NamedTuple):
    """Is about to write its row. `unsure`: the last attempt was refused or left in doubt, so it reads first."""

    row: Lease
    job: Job
    plan: FlushPlan | None = None
    to: Position | None = None
    unsure: bool = False


class Putting(NamedTuple):
    """Is about to write the object of a plan."""

    row: Lease
    plan: FlushPlan


Phase = Idle | Reaching | Holding | Writing | Putting


class Node(NamedTuple):
    """A worker process; a new one under a new name takes the place of one that crashed."""

    name: WorkerName
    phase: Phase = Idle()


class State(NamedTuple):
    """All there is at one moment."""

    row: Lease
    objects: frozenset[Put]
    flying: frozenset[Write | Put]
    nodes: tuple[Node, ...]
    left: Budget


@dataclass(frozen=True, slots=True)
class Broken(Exception):  # noqa: N818 - a finding, not an error
    """A state that must not be, and the steps that lead to it."""

    what: str
    trace: tuple[Label, ...]


class Protocol:
    """The rules. A variant that breaks one of them overrides it."""

    def accepts(self, stored: Lease, seen: Lease) -> bool:
        """Whether the table carries out a write, as `LeaseTable.write` has it decide."""
        return (stored.owner, stored.counter) == (seen.owner, seen.counter)

    def resumed(self, row: Lease) -> FlushPlan | None:
        """The plan that a holder must carry out before it makes one."""
        return row.plan

    def planned(self, row: Lease, plan: FlushPlan) -> Lease:
        """The row with a plan stored."""
        return row.planned(plan)

    def taken(self, row: Lease, name: WorkerName) -> Lease:
        """The row when a worker takes it."""
        return row.taken(name)

    def key(self, plan: FlushPlan, _writer: WorkerName) -> str:
        """An object's name."""
        return object_key(plan)

    def stores(self, found: Put | None) -> bool:
        """Whether an object is stored under a name where this one is found."""
        return found is None

    def covered_to(self, _plan: FlushPlan, found: Put) -> Position:
        """Up to where a shard is done when a plan's object is there already."""
        return object_last(object_metadata(_plan_of(found.first, found.last), 1), SHARD)

    def after_plan(self, row: Lease, plan: FlushPlan) -> Phase:
        """What follows a stored plan."""
        return Putting(row, plan)

    def after_put(self, row: Lease, covered_to: Position) -> Phase:
        """What follows a stored object."""
        return Writing(row, "advance", to=covered_to)


class Model:
    """Searches all that can happen to a shard of so many records under some rules."""

    def __init__(self, rules: Protocol, *, records: int, budget: Budget, unheeded: str | None = None) -> None:
        self._rules, self._records, self._budget = rules, records, budget
        self._unheeded = unheeded

    def search(self) -> int:
        """Visit every state that can be reached, nearest first; how many there are.

        Raises:
            Broken: one of them must not be.
        """
        names = (WorkerName("alice"), WorkerName("bob"))
        start = State(FRESH, frozenset(), frozenset(), tuple(Node(name) for name in names), self._budget)
        came_from: dict[State, tuple[State, Label] | None] = {start: None}
        waiting = deque([start])
        while waiting:
            state = waiting.popleft()
            progress = False
            for label, following in self._steps(state):
                progress |= label[0] not in _NO_PROGRESS
                if following not in came_from:
                    came_from[following] = state, label
                    if (fault := self._fault(state, label, following)) not in {None, self._unheeded}:
                        raise Broken(str(fault), _trace(came_from, following))
                    waiting.append(following)
            if not progress and not self._is_done(state):
                raise Broken("work is left that nobody will do", _trace(came_from, state))
        return len(came_from)

    # What must hold

    def _fault(self, before: State, label: Label, after: State) -> str | None:
        stored = [number for put in after.objects for number in range(put.first, put.last + 1)]
        if len(stored) != len(set(stored)):
            return "a range stands in the lake twice"
        if not set(range(1, self._done_to(after.row) + 1)) <= set(stored):
            return "a range is checkpointed and not in the lake"
        if sum(self._can_write(node, after.row) for node in after.nodes) > 1:
            return "two workers could write the lease"
        plan = before.row.plan
        if plan is None or plan == after.row.plan or label[0] == "reset":
            return None
        if after.row.plan is not None or not after.row.checkpoint.covers(plan.first):
            return "a stored plan was replaced or dropped"
        return None

    def _is_done(self, state: State) -> bool:
        return state.row.plan is None and self._done_to(state.row) == self._records

    def _done_to(self, row: Lease) -> int:
        done = row.checkpoint.position(SHARD)
        return 0 if done is None else int(done.sequence_number)

    def _can_write(self, node: Node, stored: Lease) -> bool:
        """Whether a worker holds a row, as it believes, and the table would believe it."""
        phase = node.phase
        return isinstance(phase, Holding | Writing | Putting) and self._rules.accepts(stored, phase.row)

    # What may happen

    def _steps(self, state: State) -> Iterator[tuple[Label, State]]:
        for request in state.flying:
            landed, _ = self._carried_out(state._replace(flying=state.flying - {request}), request)
            yield ("lands", type(request).__name__), landed
        for place, node in enumerate(state.nodes):
            for label, following in self._steps_of(state, place, node):
                yield (label, node.name), following
            if state.left.crashes and not isinstance(node.phase, Idle):
                reborn = _with(state, place, Node(WorkerName(f"{node.name}'")))
                yield ("crash", node.name), _spent(reborn, "crashes")
        if state.left.resets and not state.flying and all(isinstance(node.phase, Idle) for node in state.nodes):
            yield ("reset",), _spent(state._replace(row=FRESH), "resets")

    def _steps_of(self, state: State, place: int, node: Node) -> Iterator[tuple[str, State]]:
        match node.phase:
            case Idle():
                yield from self._scan(state, place, node)
            case Reaching(write):
                yield from self._reach(state, place, node, write)
            case Holding(row):
                yield from self._hold(state, place, node, row)
            case Writing():
                yield from self._write(state, place, node, node.phase)
            case Putting(row, plan):
                yield from self._put(state, place, node, row, plan)

    def _scan(self, state: State, place: int, node: Node) -> Iterator[tuple[str, State]]:
        row = state.row
        if row.owner == node.name:  # handed over, or taken by a write whose answer was lost
            yield "starts", _in(state, place, Holding(row))
            return
        take = _in(state, place, Reaching(Write(row, self._rules.taken(row, node.name))))
        if row.owner not in {other.name for other in state.nodes}:
            yield "finds free", take
            return
        if state.left.steals:
            yield "takes for dead", _spent(take, "steals")
        if state.left.asks and row.wanted_by is None:
            yield "asks", _spent(_in(state, place, Reaching(Write(row, row.wanted(node.name)))), "asks")

    def _reach(self, state: State, place: int, node: Node, write: Write) -> Iterator[tuple[str, State]]:
        done, accepted = self._carried_out(state, write)
        taken = accepted and write.wanted.owner == node.name
        yield "reaches", _in(done, place, Holding(write.wanted) if taken else Idle())
        yield from self._doubted(state, place, write, Idle())

    def _hold(self, state: State, place: int, node: Node, row: Lease) -> Iterator[tuple[str, State]]:
        if (plan := self._rules.resumed(row)) is not None:
            found = _found(state, self._rules.key(plan, node.name))
            to = None if found is None else self._rules.covered_to(plan, found)
            phase = Putting(row, plan) if to is None else self._rules.after_put(row, to)
            yield "resumes", _in(state, place, phase)
        else:
            done_to = self._done_to(row)
            for last in range(done_to + 1, self._records + 1):
                plan = _plan_of(done_to + 1, last)
                yield f"plans to {last}", _in(state, place, Writing(row, "plan", plan=plan))
        if row.wanted_by is not None:
            yield "hands over", _in(state, place, Writing(row, "release"))
        elif state.left.releases:
            yield "releases", _spent(_in(state, place, Writing(row, "release")), "releases")
        if state.left.renewals:
            yield "renews", _spent(_in(state, place, Writing(row, "renew")), "renewals")

    def _write(self, state: State, place: int, node: Node, phase: Writing) -> Iterator[tuple[str, State]]:
        """As `HeldLease` writes: when unsure read the row, then find it lost, or find it written, or write again."""
        if phase.unsure and state.row.owner != node.name:
            yield "finds it lost", _in(state, place, Idle())
            return
        wanted = self._changed(phase)
        if phase.unsure:
            if state.row == wanted:
                yield "finds it written", _in(state, place, self._after(phase, wanted))
            elif phase.job == "renew":
                yield "knows better", _in(state, place, Holding(state.row))
            else:
                yield "knows better", _in(state, place, phase._replace(row=state.row, unsure=False))
            return
        done, accepted = self._carried_out(state, Write(phase.row, wanted))
        following = self._after(phase, wanted) if accepted else phase._replace(unsure=True)
        yield f"writes {phase.job}", _in(done, place, following)
        doubtful = Holding(phase.row) if phase.job == "renew" else phase._replace(unsure=True)
        yield from self._doubted(state, place, Write(phase.row, wanted), doubtful)

    def _changed(self, phase: Writing) -> Lease:
        if phase.plan is not None:
            return self._rules.planned(phase.row, phase.plan)
        if phase.to is not None:
            return phase.row.advanced(phase.to)
        return phase.row.released() if phase.job == "release" else phase.row.renewed()

    def _after(self, phase: Writing, row: Lease) -> Phase:
        if phase.plan is not None:
            return self._rules.after_plan(row, phase.plan)
        return Idle() if phase.job == "release" else Holding(row)

    def _put(self, state: State, place: int, node: Node, row: Lease, plan: FlushPlan) -> Iterator[tuple[str, State]]:
        put = Put(self._rules.key(plan, node.name), *(int(end.sequence_number) for end in (plan.first, plan.last)))
        found = _found(state, put.key)
        done, accepted = self._carried_out(state, put)
        to = self._rules.covered_to(plan, found) if not accepted and found is not None else plan.last
        yield f"puts {put.first} to {put.last}", _in(done, place, self._rules.after_put(row, to))
        yield from self._doubted(state, place, put, Putting(row, plan))

    def _doubted(self, state: State, place: int, request: Write | Put, phase: Phase) -> Iterator[tuple[str, State]]:
        if state.left.doubts:
            flying = state._replace(flying=state.flying | {request})
            yield f"doubts {type(request).__name__}", _spent(_in(flying, place, phase), "doubts")

    def _carried_out(self, state: State, request: Write | Put) -> tuple[State, bool]:
        """What a request does when it arrives, and whether it was accepted."""
        if isinstance(request, Write):
            accepted = self._rules.accepts(state.row, request.seen)
            return (state._replace(row=request.wanted) if accepted else state), accepted
        found = _found(state, request.key)
        if accepted := self._rules.stores(found):
            state = state._replace(objects=state.objects - {found} | {request})
        return state, accepted


_NO_PROGRESS: Final = frozenset(
    {"lands", "crash", "reset", "takes for dead", "asks", "releases", "renews", "doubts Write", "doubts Put"}
)


def _plan_of(first: int, last: int) -> FlushPlan:
    return plan_of([StreamRecord(b"", position(number), ARRIVED_AT) for number in range(first, last + 1)])


def _found(state: State, key: str) -> Put | None:
    return next((put for put in state.objects if put.key == key), None)


def _with(state: State, place: int, node: Node) -> State:
    return state._replace(nodes=(*state.nodes[:place], node, *state.nodes[place + 1 :]))


def _in(state: State, place: int, phase: Phase) -> State:
    return _with(state, place, state.nodes[place]._replace(phase=phase))


def _spent(state: State, what: str) -> State:
    return state._replace(left=state.left._replace(**{what: getattr(state.left, what) - 1}))


def _trace(came_from: dict[State, tuple[State, Label] | None], state: State) -> tuple[Label, ...]:
    labels: list[Label] = []
    while (step := came_from[state]) is not None:
        state, label = step
        labels.append(label)
    return tuple(reversed(labels))
