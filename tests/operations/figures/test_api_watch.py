"""The figures of the last minute, by a clock of the test's own."""

from prometheus_client import CollectorRegistry, Counter, Gauge
from prometheus_client.registry import Collector

from operations.figures.api_watch import ApiWatch
from operations.shapes import STEPS_MAX
from txn_api.edge.request_metrics import RequestMetrics


class Site:
    """Metrics of one process, and a watch on them."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = RequestMetrics(self.registry, lambda: 0)
        self.put = Counter("txn_user_records_put", "put", registry=self.registry)
        self.bytes = Counter("txn_kinesis_records_data_put_bytes", "bytes", registry=self.registry)
        self.units = Counter("txn_put_payload_units", "units", registry=self.registry)
        self.throttles = Counter("txn_shard_throttles", "throttles", ["shard"], registry=self.registry)
        Gauge("txn_shard_rate_share", "pace", ["shard"], registry=self.registry).labels("shard-a").set(0.5)
        self.now_s = 100.0
        self.watch = ApiWatch(self.metrics, lambda: self.now_s)

    async def metrics(self) -> Collector:
        return self.registry

    def post(self, count: int, status: int = 202, seconds: float = 0.004) -> None:
        for _ in range(count):
            self.requests.answered("POST", "/transactions", status, seconds)
        if status == 202:
            self.put.inc(count)


async def test_a_first_reading_has_totals_and_no_rates() -> None:
    site = Site()
    site.post(10)
    figures = await site.watch.figures()
    assert (figures.window_s, figures.accepted_total, figures.accepted_per_s, figures.p99_ms) == (0, 10, None, None)


async def test_rates_are_of_the_last_minute() -> None:
    """What was before is left out, and 429 and 503 are told together."""
    site = Site()
    await site.watch.figures()
    site.post(1_000)
    site.now_s += 50
    await site.watch.figures()
    site.post(120)
    site.post(3, 429)
    site.post(1, 503)
    site.now_s += 40
    figures = await site.watch.figures()
    assert (figures.window_s, figures.accepted_per_s, figures.accepted_total) == (40, 3.0, 1_120)
    assert [(each.status, each.recent) for each in figures.answers] == [
        ("2xx", 120),
        ("3xx", 0),
        ("4xx", 3),
        ("5xx", 1),
    ]
    assert figures.load_refused == 4
    assert figures.p99_ms is not None
    assert 2 < figures.p99_ms <= 5  # the bucket of 4 ms


async def test_throttles_are_by_shard() -> None:
    site = Site()
    site.throttles.labels("shard-a").inc(5)
    await site.watch.figures()
    site.throttles.labels("shard-a").inc(2)
    site.now_s += 10
    (shard,) = (await site.watch.figures()).shards
    assert (shard.shard_id, shard.throttled, shard.throttled_total, shard.pace) == ("shard-a", 2, 7, 0.5)


async def test_steps_are_kept_for_minutes_and_not_over_a_pause() -> None:
    """Readings closer than a step make none; nobody knows what was while nobody asked."""
    site = Site()
    for _ in range(3 * STEPS_MAX):
        site.post(10)
        site.now_s += 2.5
        await site.watch.figures()
    history = (await site.watch.figures()).history
    assert len(history) == STEPS_MAX
    assert {step.accepted_per_s for step in history} == {4.0}
    site.now_s += 600
    site.post(10_000)
    assert {step.accepted_per_s for step in (await site.watch.figures()).history} == {4.0}


async def test_sizes_are_means_since_the_start() -> None:
    site = Site()
    assert site.watch.sizes() is None
    site.put.inc(50)
    site.units.inc(2)
    site.bytes.inc(40_000)
    await site.watch.figures()
    sizes = site.watch.sizes()
    assert sizes is not None
    assert (sizes.payload_units, sizes.data_bytes) == (0.04, 800.0)
