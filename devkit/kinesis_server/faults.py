"""Who meets which fate: rules that a test or a bench sets, decided by seeded dice, without any I/O.

Each rule has dice of its own, so that adding one does not change what another decides. The first rule that
applies wins, and every fate that was met is counted by its name.
"""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from devkit.kinesis_server.fates import NORMAL, CallFate, RecordFate
from devkit.kinesis_server.state.shard import NewRecord

_Fate = TypeVar("_Fate", CallFate, RecordFate)
_Subject = TypeVar("_Subject")


@dataclass(frozen=True, slots=True)
class Call:
    """A call whose head was read: the body, and with it the stream, is not known yet."""

    operation: str
    number: int  # among the calls of this operation, from 1


@dataclass(frozen=True, slots=True)
class Incoming:
    """A record that is about to be stored."""

    stream: str
    shard_id: str  # where its hash key belongs
    record: NewRecord
    index: int  # within its request


@dataclass(frozen=True, slots=True)
class Latency:
    """How long answers take: a fixed time and up to so much more, evenly."""

    fixed_s: float = 0.0
    jitter_s: float = 0.0


@dataclass(slots=True)
class Rule(Generic[_Fate, _Subject]):
    """Hands out fates to subjects; may be taken back by `Faults.remove`."""

    decide: Callable[[_Subject], _Fate | None]
    rate: float
    times: int | None
    skip: int
    rng: random.Random
    hits: int = 0

    def fate(self, subject: _Subject) -> _Fate | None:
        """The subject's fate by this rule, if it has one."""
        if (self.times is not None and self.hits >= self.times) or (fate := self.decide(subject)) is None:
            return None
        if self.skip > 0:
            self.skip -= 1
            return None
        if self.rate < 1.0 and self.rng.random() >= self.rate:
            return None
        self.hits += 1
        return fate


CallRule = Rule[CallFate, Call]
RecordRule = Rule[RecordFate, Incoming]


@dataclass(slots=True)
class Faults:
    """All that goes wrong on purpose."""

    seed: int = 0
    latency: Latency = Latency()
    latencies: dict[str, Latency] = field(default_factory=dict)  # by operation, instead of the general one
    ignore_keys: bool = False  # records are spread over the open shards whatever their keys
    left_out: frozenset[str] = frozenset()  # members that GetRecords leaves out of each record
    met: Counter[str] = field(default_factory=Counter)  # fates by name
    rng: random.Random = field(init=False)
    _calls: list[CallRule] = field(default_factory=list)
    _records: list[RecordRule] = field(default_factory=list)
    _rules_made: int = 0

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)

    @property
    def touches_records(self) -> bool:
        """Whether any rule looks at records."""
        return bool(self._records)

    def on_calls(
        self,
        fate: CallFate | Callable[[Call], CallFate | None],
        *,
        operation: str | None = None,
        rate: float = 1.0,
        times: int | None = None,
        skip: int = 0,
    ) -> CallRule:
        """Give calls a fate, or ask a function for each: of one operation, at a rate, so many times, after some."""

        def decide(call: Call) -> CallFate | None:
            if operation is not None and call.operation != operation:
                return None
            return fate(call) if callable(fate) else fate

        rule: CallRule = Rule(decide, rate, times, skip, self._new_dice())
        self._calls.append(rule)
        return rule

    def on_records(
        self,
        fate: RecordFate | Callable[[Incoming], RecordFate | None],
        *,
        shard_id: str | None = None,
        partition_key: str | None = None,
        rate: float = 1.0,
        times: int | None = None,
        skip: int = 0,
    ) -> RecordRule:
        """Give records a fate, or ask a function for each: of one shard or key, at a rate, so many, after some."""

        def decide(incoming: Incoming) -> RecordFate | None:
            if shard_id is not None and incoming.shard_id != shard_id:
                return None
            if partition_key is not None and incoming.record.partition_key != partition_key:
                return None
            return fate(incoming) if callable(fate) else fate

        rule: RecordRule = Rule(decide, rate, times, skip, self._new_dice())
        self._records.append(rule)
        return rule

    def remove(self, rule: CallRule | RecordRule) -> None:
        """Take a rule back; one that is gone already may be taken back again."""
        self._calls = [other for other in self._calls if other is not rule]
        self._records = [other for other in self._records if other is not rule]

    def clear(self) -> None:
        """Let nothing go wrong any more; what was met stays counted."""
        self._calls, self._records = [], []
        self.latency, self.ignore_keys, self.left_out = Latency(), False, frozenset()
        self.latencies.clear()

    def call_fate(self, call: Call) -> CallFate:
        """What becomes of a call."""
        for rule in self._calls:
            if (fate := rule.fate(call)) is not None:
                self.met[fate.name] += 1
                return fate
        return NORMAL

    def record_fate(self, incoming: Incoming) -> RecordFate | None:
        """What becomes of a record, if not the usual."""
        for rule in self._records:
            if (fate := rule.fate(incoming)) is not None:
                self.met[fate.name] += 1
                return fate
        return None

    def latency_s(self, operation: str) -> float:
        """How long the answer to a call takes."""
        latency = self.latencies.get(operation, self.latency)
        return latency.fixed_s + (self.rng.uniform(0, latency.jitter_s) if latency.jitter_s else 0.0)

    def _new_dice(self) -> random.Random:
        self._rules_made += 1
        return random.Random(f"{self.seed}/{self._rules_made}")
