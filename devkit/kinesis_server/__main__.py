"""The server as a process: `python -m devkit.kinesis_server --shards 4 --latency-ms 10 --stream_limits real`.

Prints one line of JSON when it listens, `{"url", "stream", "pid"}`, and ends on SIGTERM or SIGINT.
"""

import argparse
import asyncio
import gc
import os
import signal
import sys

import uvloop
from pydantic_core import to_json

from devkit.kinesis_server.faults import Latency
from devkit.kinesis_server.running import kinesis_server
from devkit.kinesis_server.server import KinesisServer
from devkit.kinesis_server.state.account import Options
from devkit.kinesis_server.state.shard import Keep


def main() -> None:
    """Serve until told to end."""
    arguments = _arguments()
    # What is stored stays and holds no cycles: looking through it again and again would show as pauses.
    gc.freeze()
    gc.set_threshold(100_000, 50, 1_000)
    uvloop.run(_serve(arguments))


async def _serve(arguments: argparse.Namespace) -> None:
    ended = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, ended.set)
    options = Options(
        keep=Keep(arguments.keep_records, digests=arguments.digests),
        transition_s=arguments.transition_s,
        push_s=arguments.push_ms / 1000,
    )
    streams = {arguments.stream: arguments.shards}
    async with kinesis_server(streams, port=arguments.port, seed=arguments.seed, options=options) as server:
        _prepare(server, arguments)
        sys.stdout.write(to_json({"url": server.url, "stream": arguments.stream, "pid": os.getpid()}).decode() + "\n")
        sys.stdout.flush()
        await ended.wait()


def _prepare(server: KinesisServer, arguments: argparse.Namespace) -> None:
    server.faults.latency = Latency(arguments.latency_ms / 1000, arguments.jitter_ms / 1000)
    server.stream_limits.enabled = arguments.stream_limits == "real"
    server.stream_limits.scale = arguments.limits_scale
    for shard_id, scale in arguments.throttle:
        server.stream_limits.throttle(shard_id, writes=scale)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m devkit.kinesis_server", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--stream", default="txn-transactions", help="the stream that is there from the start")
    parser.add_argument("--shards", type=int, default=4, help="its shards")
    parser.add_argument("--latency-ms", type=float, default=0.0, help="how long every answer takes")
    parser.add_argument("--jitter-ms", type=float, default=0.0, help="up to how much longer, evenly")
    parser.add_argument("--limits", choices=("real", "off"), default="off", help="the limits of AWS a shard")
    parser.add_argument("--limits-scale", type=float, default=1.0, help="times this")
    parser.add_argument(
        "--throttle",
        type=_throttle,
        action="append",
        default=[],
        metavar="SHARD=SCALE",
        help="limit one shard's writes to this part of the limits, 0 for none at all; may be repeated",
    )
    parser.add_argument("--seed", type=int, default=0, help="of all dice")
    parser.add_argument(
        "--keep-records", type=int, metavar="N", help="hold only the last N records a shard; counts always stay"
    )
    parser.add_argument("--digests", action="store_true", help="add up digests of what is stored and acknowledged")
    parser.add_argument("--transition-s", type=float, default=0.0, help="how long a reshard keeps a stream UPDATING")
    parser.add_argument(
        "--push-ms",
        type=float,
        default=10.0,
        help="from one look for records to push to the next; AWS takes about 70",
    )
    return parser.parse_args()


def _throttle(text: str) -> tuple[str, float]:
    shard_id, _, scale = text.partition("=")
    return shard_id, float(scale)


if __name__ == "__main__":
    main()
