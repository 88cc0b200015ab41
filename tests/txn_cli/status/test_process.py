"""What a process says of itself, as it is asked for over HTTP."""

from prometheus_client import CollectorRegistry, Counter, generate_latest

from txn_cli.stack import ports
from txn_cli.status.process import UNREACHABLE, Readiness, api_says, parse_counts, parse_limits, worker_says
from txn_core.positions import ShardId
from txn_core.readiness import NotReadyError
from txn_core.settings import Settings
from workers.hosts import readiness
from workers.hosts.health import served
from workers.index.metrics import IndexMetrics
from workers.metrics import Meters


async def fine() -> None:
    """Something that answers."""


async def unfit() -> None:
    raise NotReadyError("not today")


def own_port() -> Settings:
    return Settings(worker_metrics_port=ports.choose())


def url_of(settings: Settings) -> str:
    return f"http://127.0.0.1:{settings.worker_metrics_port}"


def test_counts_are_summed_over_labels() -> None:
    meters = Meters("index")
    IndexMetrics(meters)
    meters.records.inc(5)
    meters.dead_letters.labels("undecodable").inc()
    meters.dead_letters.labels("conflict").inc(2)
    counts = parse_counts("index", generate_latest(meters.registry).decode())
    assert (counts["records"], counts["dead_letters"], counts["leases_lost"]) == (5, 3, 0)
    assert "leases_owned" not in counts, "a gauge counts nothing"


def test_batches_and_the_times_they_took_are_summed() -> None:
    meters = Meters("archive")
    for records, seconds in ((10, 0.5), (30, 1.0)):
        meters.flush_records.observe(records)
        meters.flush_seconds.observe(seconds)
    counts = parse_counts("archive", generate_latest(meters.registry).decode())
    assert (counts["flush_records_count"], counts["flush_records_sum"]) == (2, 40)
    assert (counts["flush_seconds_count"], counts["flush_seconds_sum"]) == (2, 1.5)
    assert not [name for name in counts if "bucket" in name]


def test_what_limits_the_reads_of_a_shard_is_read_from_the_metrics() -> None:
    """Of each shard that something holds up, and of no other worker's."""
    meters = Meters("index")
    one, other, free = (ShardId(f"shardId-00000000000{number}") for number in range(3))
    meters.lag(one).read_limit = lambda: "bytes"
    meters.lag(other).read_limit = lambda: "throttled"
    meters.lag(free)
    text = generate_latest(meters.registry).decode()
    assert parse_limits("index", text) == {one: "bytes", other: "throttled"}
    assert parse_limits("archive", text) == {}
    meters.forget(one)
    assert parse_limits("index", generate_latest(meters.registry).decode()) == {other: "throttled"}


async def test_a_worker_says_that_it_is_ready_and_what_it_did() -> None:
    settings, meters = own_port(), Meters("archive")
    meters.leases_stolen.inc(2)
    with served(meters.registry, readiness.readiness_of({"sink": fine}), settings):
        ready, counts, _ = await worker_says("archive", url_of(settings))
    assert ready == Readiness(ready=True)
    assert counts["leases_stolen"] == 2


async def test_a_process_that_is_not_ready_says_why() -> None:
    settings = own_port()
    checks = {"stream": fine, "sink": unfit, "leases": unfit}
    with served(Meters("index").registry, readiness.readiness_of(checks), settings):
        ready, *_ = await worker_says("index", url_of(settings))
    assert ready == Readiness(ready=False, why="sink: not today; leases: not today")


async def test_the_apis_answers_are_counted_by_class_over_all_its_processes() -> None:
    settings, registry = own_port(), CollectorRegistry()
    answered = Counter("txn_http_requests", "Requests", ["process", "status"], registry=registry)
    for process, status, count in (("1", "202", 4), ("2", "200", 3), ("2", "503", 1)):
        answered.labels(process, status).inc(count)
    with served(registry, readiness.readiness_of({"kinesis": fine}), settings):
        api = await api_says(url_of(settings))
    assert (api.ready.ready, api.answered) == (True, {"2xx": 7, "5xx": 1})


async def test_what_does_not_answer_counts_nothing() -> None:
    url = url_of(own_port())
    assert await worker_says("index", url) == (Readiness(ready=False, why=UNREACHABLE), {}, {})
    api = await api_says(url)
    assert (api.ready.why, api.answered) == (UNREACHABLE, {})
