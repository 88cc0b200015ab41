"""Metrics of a worker process."""

from datetime import UTC, datetime, timedelta

from tests.workers.builders import shard
from workers.meters import Meters


def test_lag_is_the_age_of_the_youngest_durable_record_until_the_tip_is_reached() -> None:
    meters = Meters("index")
    lag = meters.lag(shard(0))
    labels: dict[str, str] = {"shard": shard(0)}
    lag.durable_to(datetime.now(UTC) - timedelta(seconds=100))
    behind = meters.registry.get_sample_value("txn_index_lag_seconds", labels)
    assert behind is not None
    assert 100 <= behind < 110
    lag.at_tip()
    assert 0 <= (meters.registry.get_sample_value("txn_index_lag_seconds", labels) or 0.0) < 10
    meters.forget(shard(0))
    assert meters.registry.get_sample_value("txn_index_lag_seconds", labels) is None


def test_what_was_read_and_is_not_durable_is_counted_a_shard() -> None:
    meters = Meters("archive")
    labels: dict[str, str] = {"shard": shard(0)}
    lag = meters.lag(shard(0))
    lag.pending(7)
    assert meters.registry.get_sample_value("txn_archive_lag_records", labels) == 7
    meters.forget(shard(0))
    assert meters.registry.get_sample_value("txn_archive_lag_records", labels) is None


def test_letters_are_counted_from_the_start() -> None:
    """A count that appears at one has not been seen to rise."""
    for reason in ("undecodable", "unwritable", "conflict"):
        assert Meters("index").registry.get_sample_value("txn_index_dead_letters_total", {"reason": reason}) == 0


def test_losses_by_retention_are_counted_from_the_start() -> None:
    meters = Meters("archive")
    counts = {"trimmed": 2, "planned": 0, "shard_gone": 0}
    for _ in range(2):
        meters.lost("trimmed")
    for reason, count in counts.items():
        name = "txn_archive_retention_losses_total"
        assert meters.registry.get_sample_value(name, {"reason": reason}) == count
