"""What a scrape shows of the producer."""

from prometheus_client import CollectorRegistry, generate_latest

from tests.txn_core.kinesis.builders import pending, shard_map
from txn_core.kinesis.lanes import Lanes
from txn_core.kinesis.producer_metrics import ProducerMetrics
from txn_core.kinesis.routing import ByShard
from txn_core.kinesis.stream_limits import Limits


def made() -> tuple[ProducerMetrics, CollectorRegistry]:
    """Metrics of an empty buffer."""
    registry = CollectorRegistry()
    return ProducerMetrics(registry, Lanes(Limits())), registry


def test_the_buffer_is_looked_at_when_it_is_asked_for() -> None:
    """What is pending is shown as it stands at the scrape."""
    metrics, registry = made()
    record = pending(data=bytes(96))
    metrics.lanes.add(record)
    assert registry.get_sample_value("txn_user_records_pending") == 1
    assert registry.get_sample_value("txn_user_records_pending_bytes") == 100
    metrics.lanes.settle(record)
    assert registry.get_sample_value("txn_user_records_pending") == 0


def test_kinesis_records_are_counted_as_they_are_billed() -> None:
    """A payload unit is 25 KB begun; the ratio compares user records with Kinesis records."""
    metrics, registry = made()
    assert registry.get_sample_value("txn_user_records_per_kinesis_record") == 0
    for records, size in ((1, 0), (10, 25_600), (19, 25_601)):
        metrics.landed(records, size)
    assert registry.get_sample_value("txn_put_payload_units_total") == 4
    assert registry.get_sample_value("txn_kinesis_records_data_put_bytes_total") == 51_201
    assert registry.get_sample_value("txn_user_records_per_kinesis_record") == 10


def test_each_shard_shows_how_it_fares() -> None:
    """Share, throttles and whether it is kept apart, by shard; cards are never labels."""
    metrics, registry = made()
    assert registry.get_sample_value("txn_aggregation_on") == 0
    metrics.lanes.add(pending(key="card"))
    metrics.lanes.reroute(ByShard(shard_map(2)), 0.0)
    lane = metrics.lanes.of("card")
    lane.failed(0.0, 0.1, throttled=True, apart=False)
    shard = {"shard": lane.name}
    assert registry.get_sample_value("txn_aggregation_on") == 1
    assert registry.get_sample_value("txn_shard_throttles_total", shard) == 1
    assert registry.get_sample_value("txn_shard_rate_share", shard) == 0.7
    assert registry.get_sample_value("txn_shard_apart", shard) == 1
    assert b"card" not in generate_latest(registry)


def test_a_busy_shard_among_idle_ones_is_seen() -> None:
    """The skew is taken of the bytes that landed lately; with hardly any load there is none."""
    metrics, registry = made()
    metrics.clock = lambda: 10.0
    metrics.lanes.reroute(ByShard(shard_map(4)), 0.0)
    assert registry.get_sample_value("txn_shard_skew") == 1
    for lane, share in zip(metrics.lanes.all(), (37, 1, 1, 1), strict=True):
        lane.load.add(share * 1_000_000, 10.0)
    assert registry.get_sample_value("txn_shard_skew") == 3.7
