"""A status as people see it, once and kept up to date."""

import asyncio
import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from rich.console import Console

from fraud.registry.refused_model import RefusedModel
from operations.drains.shard_status import Rest, ShardStatus
from tests.support.virtual_time import in_virtual_time
from txn_cli.status.drain import Status, WorkerStatus
from txn_cli.status.index_layout import IndexLayout
from txn_cli.status.live import Watch
from txn_cli.status.process import ApiStatus, IngestStatus, ProcessReadiness
from txn_cli.status.status_report import document
from txn_cli.status.status_table import show_status
from txn_core.dynamodb.item_form import ItemForm
from txn_core.exceptions import StoreError
from txn_core.positions import ShardId
from workers.leases.lease import SHARD_END, Checkpoint, Lease, WorkerName

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ALICE, BOB = WorkerName("alice"), WorkerName("bob")
PAUSE_S = 2.5


def shard(number: int, rest: Rest | None, **lease: object) -> ShardStatus:
    shard_id = ShardId(f"shardId-{number:012}")
    return ShardStatus(shard_id, Lease(shard_id=shard_id, **lease), rest)  # type: ignore[arg-type]


BEHIND = Rest(unread=9, more=True, oldest=NOW - timedelta(seconds=7))
STATUS = Status(
    NOW,
    (
        WorkerStatus(
            "index",
            (
                shard(0, BEHIND, owner=ALICE, wanted_by=BOB, checkpoint=Checkpoint("7")),
                shard(1, Rest(), owner=BOB, checkpoint=Checkpoint("7" * 30)),
                shard(2, None, checkpoint=Checkpoint(SHARD_END)),
            ),
            {
                "records": 1234,
                "duplicates": 5,
                "dead_letters": 3,
                "leases_stolen": 2,
                "flush_seconds_count": 4,
                "flush_seconds_sum": 0.5,
                "flush_records_sum": 5000,
            },
            ready=ProcessReadiness(ready=False, why="sink: TimeoutError"),
        ),
        WorkerStatus("archive", (), {}),
    ),
    ApiStatus("http://127.0.0.1:8080", ProcessReadiness(ready=True), {"2xx": 4321, "5xx": 1}),
)


def console(*, terminal: bool = False) -> Console:
    return Console(file=io.StringIO(), width=160, force_terminal=terminal, color_system=None, legacy_windows=False)


def printed(on: Console) -> str:
    assert isinstance(on.file, io.StringIO)
    return on.file.getvalue()


def line_of(text: str, *beginning: str) -> str:
    (line,) = [line for line in text.splitlines() if line.split()[: len(beginning)] == list(beginning)]
    return " ".join(line.split())


def test_a_status_shows_how_the_index_is_laid_out() -> None:
    on = console()
    show_status(replace(STATUS, index=IndexLayout(2, ItemForm.TEXT, keeps_relations=False)), on)
    assert "Generation 2 of the index: item form 1, relations not kept" in printed(on)


def test_a_status_shows_api_workers_and_shards() -> None:
    shown = console()
    show_status(STATUS, shown)
    text = printed(shown)
    assert line_of(text, "API").endswith("ready answered since its start: 4,321 2xx, 1 5xx")
    assert line_of(text, "index", "sink:") == "index sink: TimeoutError 7.0 s 2 by 2 1,234 5 3 2"
    assert line_of(text, "index", "000000000000") == "index 000000000000 behind 7.0 s 9+ alice, wanted by bob 7/0"
    assert line_of(text, "index", "000000000001") == "index 000000000001 drained 0.0 s 0 bob ...777777777777/0"
    assert line_of(text, "index", "000000000002") == "index 000000000002 drained 0.0 s 0 nobody SHARD_END"
    assert line_of(text, "index:") == "index: 4 batches, on average 1,250 records in 125 ms"
    assert "archive:" not in text, "nothing to say yet"
    assert "Not drained yet" in text


def test_the_document_says_the_same() -> None:
    match document(STATUS):
        case {"api": {"ready": True, "answered": {"2xx": 4321}}, "workers": {"index": index}}:
            assert index["process"] == {"ready": False, "why": "sink: TimeoutError"}
            assert index["leases"] == {ALICE: 1, BOB: 1}
            lags = [(row["lag_s"], row["lag_records"], row["lag_records_more"]) for row in index["shards"]]
            assert lags == [(7.0, 9, True), (0.0, 0, False), (0.0, None, False)]
        case other:
            pytest.fail(f"not the document: {other}")


def test_a_refused_model_is_said_in_a_line_with_the_remedy() -> None:
    refused, shown = RefusedModel("mdl_1", "it reads another feature set"), console()
    shown.width = 80
    status = replace(STATUS, refused=refused)
    show_status(status, shown)
    assert refused.line in printed(shown).splitlines()
    assert "txn models activate shipped" in refused.line
    assert document(status)["refused_model"] == {"model": "mdl_1", "why": "it reads another feature set"}
    assert document(STATUS)["refused_model"] is None


def test_a_drain_that_falls_behind_says_what_holds_it_up_and_what_helps() -> None:
    """Where its reads are at a limit of the shard; a drain that is done has no reason to give."""
    shards = (
        replace(shard(0, BEHIND), limit="bytes"),
        replace(shard(1, None), limit="bytes"),  # its rest could not be read: that was throttled, too
        replace(shard(2, BEHIND), limit="throttled"),
        replace(shard(3, Rest()), limit="throttled"),
        shard(4, BEHIND),
    )
    status = Status(NOW, (WorkerStatus("index", shards, {}, polling=("index", "archive", "score")),))
    on = console()
    show_status(status, on)
    text = printed(on)
    assert "index falls behind on 2 shards: its share of the 2 MB/s" in text
    assert "index falls behind on 1 shard: Kinesis throttles its reads" in text
    assert text.count("(polled by index, archive, score); TXN_FAN_OUT gives a drain 2 MB/s") == 2
    match document(status)["workers"]:
        case {"index": {"shards": list(said)}}:
            assert [one["read_limit"] for one in said] == ["bytes", "bytes", "throttled", "throttled", None]
        case other:
            raise AssertionError(other)


def test_what_a_worker_refuses_of_what_is_wanted_is_said_with_where_the_reason_is() -> None:
    status = Status(NOW, (WorkerStatus("score", (), {}, refused=("model", "rules", "registry")),))
    on = console()
    show_status(status, on)
    text = printed(on)
    assert "score: the wanted model is refused, so what was wanted before goes on: txn models list says why" in text
    assert "score: the wanted rules are refused, so what was wanted before goes on: txn rules list says why" in text
    assert "score: what is wanted cannot be read, so what was wanted before goes on: txn models list says why" in text
    match document(status)["workers"]:
        case {"score": {"refused": said}}:
            assert said == ["model", "rules", "registry"]
        case other:
            raise AssertionError(other)


class Looks:
    """Gives one status after another, or raises it; then hangs."""

    def __init__(self, *answers: Status | StoreError) -> None:
        self.answers, self.asked_s = list(answers), list[float]()

    pause_s = PAUSE_S

    async def look(self) -> Status:
        self.asked_s.append(asyncio.get_running_loop().time())
        if not self.answers:
            await asyncio.Event().wait()
        answer = self.answers.pop(0)
        if isinstance(answer, StoreError):
            raise answer
        return answer


@in_virtual_time
async def test_a_watch_looks_again_and_again_and_outlives_outages() -> None:
    shown, looks = console(terminal=True), Looks(StoreError("early"), STATUS, StoreError("late"))
    watch = Watch(looks, shown)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3.5 * PAUSE_S):
            await watch.run()
    assert looks.asked_s == [0.0, PAUSE_S, 2 * PAUSE_S, 3 * PAUSE_S]
    assert watch.last is STATUS
    text = printed(shown)
    assert text.index("early") < text.index("wanted by bob") < text.index("late")


def test_the_ingest_worker_is_shown_where_there_is_one() -> None:
    ingest = IngestStatus(
        ProcessReadiness(ready=True), {"files_done": 2.0, "files_failed": 0.0, "rows_accepted": 9.0}
    )
    out = io.StringIO()
    show_status(Status(NOW, (), ingest=ingest), Console(file=out, width=100))
    assert "ingest  ready  files since its start: 2 done" in out.getvalue()
    assert document(Status(NOW, (), ingest=ingest))["ingest"] == {"ready": True, "why": None, "counts": ingest.counts}
    assert document(Status(NOW, ()))["ingest"] is None
