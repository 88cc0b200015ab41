"""Metrics of a worker process."""

import socket
from datetime import UTC, datetime, timedelta

import httpx

from tests.workers.builders import shard
from txn_core.settings import Settings
from workers.meters import Meters, served


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def test_metrics_are_served_on_the_given_port_and_not_afterwards() -> None:
    settings, meters = Settings(worker_metrics_port=free_port()), Meters("archive")
    meters.flushes.labels("rows").inc()
    url = f"http://127.0.0.1:{settings.worker_metrics_port}/metrics"
    with served(meters, settings):
        assert 'txn_archive_flushes_total{cause="rows"} 1.0' in httpx.get(url, trust_env=False).text
    try:
        httpx.get(url, trust_env=False)
    except httpx.ConnectError:
        return
    raise AssertionError("still served")


def test_without_a_port_nothing_is_served() -> None:
    with served(Meters("index"), Settings()):
        pass


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
