"""The API's figures over the last minute, and its last minutes in steps: readings are taken when somebody asks."""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, Literal, NamedTuple

from prometheus_client.registry import Collector

from operations.figures.counter_sample import (
    ACCEPTED,
    ANSWERED,
    BYTES,
    LATENCY,
    THROTTLED,
    UNITS,
    CounterSample,
    Increments,
    ProcessCounts,
    counts_of,
)
from operations.figures.quantile import quantile
from operations.shapes import (
    SHARDS_MAX,
    STEPS_MAX,
    ApiFigures,
    ProducerShardShape,
    StatusCountShape,
    StepShape,
)
from txn_core.transactions.instants import now

WINDOW_S: Final = 60.0
STEP_S: Final = 5.0
SAMPLES_MAX: Final = 64  # of a reading in two seconds: two minutes
_LOAD_STATUSES: Final = ("429", "503")
_CLASSES: Final[tuple[Literal["2xx", "3xx", "4xx", "5xx"], ...]] = ("2xx", "3xx", "4xx", "5xx")


class RecordSizes(NamedTuple):
    """What a record takes on the stream, with its share of an aggregate's frame."""

    payload_units: float
    data_bytes: float


class ApiWatch:
    """Takes readings and keeps those of the last minutes."""

    def __init__(self, metrics: Callable[[], Awaitable[Collector]], clock: Callable[[], float]) -> None:
        self._metrics, self._clock = metrics, clock
        self._increments = Increments()
        self._samples: deque[CounterSample] = deque(maxlen=SAMPLES_MAX)
        self._steps: deque[StepShape] = deque(maxlen=STEPS_MAX)
        self._step_from: CounterSample | None = None
        self.counts = ProcessCounts({})
        """The last reading."""

    async def figures(self) -> ApiFigures:
        """The figures now, with one more reading."""
        self.counts = counts_of((await self._metrics()).collect())
        newest = self._increments.sample(self._clock(), self.counts)
        self._samples.append(newest)
        self._step(newest)
        earlier = next(sample for sample in self._samples if newest.at_s - sample.at_s <= WINDOW_S)
        return _figures(self.counts, newest, earlier, list(self._steps))

    def sizes(self) -> RecordSizes | None:
        """The mean size of an accepted record since the start; None before the first."""
        accepted, units, size = (self.counts.total(name).get("", 0.0) for name in (ACCEPTED, UNITS, BYTES))
        return RecordSizes(payload_units=units / accepted, data_bytes=size / accepted) if accepted else None

    def _step(self, newest: CounterSample) -> None:
        begin = self._step_from
        if begin is None or newest.at_s - begin.at_s >= STEP_S:
            self._step_from = newest
            # What is far apart, since nobody asked, is no step.
            if begin is not None and newest.at_s - begin.at_s <= WINDOW_S:
                rate, p99_ms = _accepted_per_s(newest, begin), _quantile_ms(0.99, newest, begin)
                self._steps.append(StepShape(at=now(), accepted_per_s=rate or 0.0, p99_ms=p99_ms))


def _figures(
    counts: ProcessCounts, newest: CounterSample, earlier: CounterSample, steps: list[StepShape]
) -> ApiFigures:
    recent, totals = newest.since(earlier, ANSWERED), counts.total(ANSWERED)
    throttled, throttled_total = newest.since(earlier, THROTTLED), counts.total(THROTTLED)
    shards = sorted({*throttled_total, *counts.paces}, key=lambda shard: (-throttled.get(shard, 0.0), shard))
    return ApiFigures(
        processes=counts.processes,
        window_s=round(newest.at_s - earlier.at_s, 1),
        accepted_total=int(counts.total(ACCEPTED).get("", 0.0)),
        accepted_per_s=_accepted_per_s(newest, earlier),
        answers=[
            StatusCountShape(
                status=each,
                total=_of_class(each, totals),
                recent=_of_class(each, recent),
            )
            for each in _CLASSES
        ],
        load_refused=int(sum(recent.get(status, 0.0) for status in _LOAD_STATUSES)),
        p50_ms=_quantile_ms(0.5, newest, earlier),
        p99_ms=_quantile_ms(0.99, newest, earlier),
        pending=int(counts.pending),
        shards=[
            ProducerShardShape(
                shard_id=shard,
                throttled_total=int(throttled_total.get(shard, 0.0)),
                throttled=int(throttled.get(shard, 0.0)),
                pace=counts.paces.get(shard),
            )
            for shard in shards[:SHARDS_MAX]
        ],
        history=steps,
    )


def _of_class(status_class: str, by_status: dict[str, float]) -> int:
    return int(sum(count for status, count in by_status.items() if status[:1] == status_class[:1]))


def _accepted_per_s(newest: CounterSample, earlier: CounterSample) -> float | None:
    seconds = newest.at_s - earlier.at_s
    return round(newest.since(earlier, ACCEPTED).get("", 0.0) / seconds, 2) if seconds > 0 else None


def _quantile_ms(share: float, newest: CounterSample, earlier: CounterSample) -> float | None:
    seconds = quantile(share, newest.since(earlier, LATENCY))
    return None if seconds is None else round(1000.0 * seconds, 1)
