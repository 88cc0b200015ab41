"""A Kinesis server of our own: quick enough to stand opposite what is measured, and as faulty as it is told to be.

In a test, in the same process:

    async with kinesis_server({"txn": 4}) as server:
        server.limits.throttle("shardId-000000000003", writes=0.0)
        server.faults.on_calls(fates.RESET_STORED, operation="PutRecords", rate=0.1)
        ...  # a client with `endpoint_url=server.url`
        list(server.stream("txn").records())

For a bench, as a process of its own: `python -m devkit.kinesis_server --help`, steered by POST /control.

A request goes http -> server -> calls -> stream -> shard; `fan_out` pushes, `steering` is for tests. From calls on
all is pure: it decides from the request, the state and a clock that is handed in, and awaits nothing.
"""

from devkit.kinesis_server import fates
from devkit.kinesis_server.fates import CallFate, Cut, RecordFate
from devkit.kinesis_server.faults import Call, Faults, Incoming, Latency
from devkit.kinesis_server.running import kinesis_server
from devkit.kinesis_server.server import KinesisServer
from devkit.kinesis_server.state.account import Options
from devkit.kinesis_server.state.shard import Keep, Shard, StoredRecord
from devkit.kinesis_server.state.stream import Stream
from devkit.kinesis_server.stream_limits import Limits
from devkit.kinesis_server.tally import Tally, digest_of

__all__ = [
    "Call",
    "CallFate",
    "Cut",
    "Faults",
    "Incoming",
    "Keep",
    "KinesisServer",
    "Latency",
    "Limits",
    "Options",
    "RecordFate",
    "Shard",
    "StoredRecord",
    "Stream",
    "Tally",
    "digest_of",
    "fates",
    "kinesis_server",
]
