"""What a server has to say of itself: the answer of POST /control."""

import time
from dataclasses import asdict

from pydantic import BaseModel

from devkit.kinesis_server.server import KinesisServer
from devkit.kinesis_server.state.stream import Stream
from devkit.kinesis_server.tally import Tally


class TallyReport(BaseModel):
    """Sums over records."""

    records: int
    bytes: int
    put_units: int
    billed_kib: int
    digest: str


class StreamReport(BaseModel):
    """What a stream holds."""

    stored: TallyReport
    acknowledged: TallyReport
    shards: dict[str, TallyReport]  # what each of them stored
    open_shards: list[str]


class Report(BaseModel):
    """What has happened since the server began."""

    requests: dict[str, int]
    errors: dict[str, int]
    fates: dict[str, int]
    streams: dict[str, StreamReport]
    cpu_s: float  # of the server's process


def report_on(server: KinesisServer) -> Report:
    """All counts of a server."""
    return Report(
        requests=server.requests,
        errors=server.errors,
        fates=server.faults.met,
        streams={name: _stream_report(stream) for name, stream in server.account.streams.items()},
        cpu_s=time.process_time(),
    )


def _stream_report(stream: Stream) -> StreamReport:
    return StreamReport(
        stored=_tally_report(stream.stored),
        acknowledged=_tally_report(stream.acknowledged),
        shards={shard_id: _tally_report(shard.stored) for shard_id, shard in stream.shards.items()},
        open_shards=[shard.shard_id for shard in stream.open_shards],
    )


def _tally_report(tally: Tally) -> TallyReport:
    return TallyReport(**asdict(tally) | {"digest": f"{tally.digest:032x}"})
