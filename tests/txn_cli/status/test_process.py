"""What a process says of itself, as it is asked for over HTTP."""

from prometheus_client import CollectorRegistry, Counter, generate_latest

from txn_cli.stack import ports
from txn_cli.status.process import (
    UNREACHABLE,
    ProcessReadiness,
    WorkerSaid,
    api_says,
    ingest_says,
    parse_counts,
    parse_limits,
    parse_refused,
    worker_says,
)
from txn_core.positions import ShardId
from txn_core.readiness import NotReadyError
from txn_core.settings import Settings
from workers.hosts.health import readiness_of, served
from workers.index.index_processor import IndexMetrics
from workers.ingest.ingest_metrics import IngestMetrics
from workers.metrics import WorkerMetrics
from workers.score.score_metrics import ScoreMetrics


async def fine() -> None:
    """Something that answers."""


async def unfit() -> None:
    raise NotReadyError("not today")


def own_port() -> Settings:
    return Settings(worker_metrics_port=ports.choose())


def url_of(settings: Settings) -> str:
    return f"http://127.0.0.1:{settings.worker_metrics_port}"


def test_counts_are_summed_over_labels() -> None:
    metrics = WorkerMetrics("index")
    IndexMetrics(metrics)
    metrics.records.inc(5)
    metrics.dead_letters.labels("undecodable").inc()
    metrics.dead_letters.labels("conflict").inc(2)
    counts = parse_counts("index", generate_latest(metrics.registry).decode())
    assert (counts["records"], counts["dead_letters"], counts["leases_lost"]) == (5, 3, 0)
    assert "leases_owned" not in counts, "a gauge counts nothing"


def test_batches_and_the_times_they_took_are_summed() -> None:
    metrics = WorkerMetrics("archive")
    for records, seconds in ((10, 0.5), (30, 1.0)):
        metrics.flush_records.observe(records)
        metrics.flush_seconds.observe(seconds)
    counts = parse_counts("archive", generate_latest(metrics.registry).decode())
    assert (counts["flush_records_count"], counts["flush_records_sum"]) == (2, 40)
    assert (counts["flush_seconds_count"], counts["flush_seconds_sum"]) == (2, 1.5)
    assert not [name for name in counts if "bucket" in name]


def test_what_limits_the_reads_of_a_shard_is_read_from_the_metrics() -> None:
    """Of each shard that something holds up, and of no other worker's."""
    metrics = WorkerMetrics("index")
    one, other, free = (ShardId(f"shardId-00000000000{number}") for number in range(3))
    metrics.lag(one).read_limit = lambda: "bytes"
    metrics.lag(other).read_limit = lambda: "throttled"
    metrics.lag(free)
    text = generate_latest(metrics.registry).decode()
    assert parse_limits("index", text) == {one: "bytes", other: "throttled"}
    assert parse_limits("archive", text) == {}
    metrics.forget(one)
    assert parse_limits("index", generate_latest(metrics.registry).decode()) == {other: "throttled"}


async def test_a_worker_says_that_it_is_ready_and_what_it_did() -> None:
    settings, metrics = own_port(), WorkerMetrics("archive")
    metrics.leases_stolen.inc(2)
    with served(metrics.registry, readiness_of({"sink": fine}), settings):
        said = await worker_says("archive", url_of(settings))
    assert said.ready == ProcessReadiness(ready=True)
    assert said.counts["leases_stolen"] == 2


def test_what_a_worker_refuses_is_read_from_the_metrics() -> None:
    metrics = WorkerMetrics("score")
    counts = ScoreMetrics(metrics)
    assert parse_refused("score", generate_latest(metrics.registry).decode()) == ()
    counts.note_refused(frozenset({"rules", "model"}))
    assert parse_refused("score", generate_latest(metrics.registry).decode()) == ("model", "rules")


async def test_a_process_that_is_not_ready_says_why() -> None:
    settings = own_port()
    checks = {"stream": fine, "sink": unfit, "leases": unfit}
    with served(WorkerMetrics("index").registry, readiness_of(checks), settings):
        said = await worker_says("index", url_of(settings))
    assert said.ready == ProcessReadiness(ready=False, why="sink: not today; leases: not today")


async def test_the_apis_answers_are_counted_by_class_over_all_its_processes() -> None:
    settings, registry = own_port(), CollectorRegistry()
    answered = Counter("txn_http_requests", "Requests", ["process", "status"], registry=registry)
    for process, status, count in (("1", "202", 4), ("2", "200", 3), ("2", "503", 1)):
        answered.labels(process, status).inc(count)
    with served(registry, readiness_of({"kinesis": fine}), settings):
        api = await api_says(url_of(settings))
    assert (api.ready.ready, api.answered) == (True, {"2xx": 7, "5xx": 1})


async def test_what_does_not_answer_counts_nothing() -> None:
    url = url_of(own_port())
    assert await worker_says("index", url) == WorkerSaid(ProcessReadiness(ready=False, why=UNREACHABLE), {}, {})
    api = await api_says(url)
    assert (api.ready.why, api.answered) == (UNREACHABLE, {})


async def test_the_ingest_worker_tells_of_files_by_what_became_of_them() -> None:
    metrics, settings = IngestMetrics(), own_port()
    metrics.files.labels("done").inc(3)
    with served(metrics.registry, readiness_of({"bucket": fine}), settings):
        said = await ingest_says(url_of(settings))
    assert said.ready.ready
    assert (said.counts["files_done"], said.counts["files_failed"], said.counts["attempts_failed"]) == (3, 0, 0)
