"""Puts transactions on a stream of one shard at an even rate: `python -m bench.drains.shard_load`.

They are made before: it prints a line when they are, begins when it is given one, and prints another at the end. The
settings of the environment say where the stream is.
"""

import argparse
import asyncio
import sys
import time
from typing import Any, Final

import uvloop
from devkit.user_records import UserRecord

from bench.drains.fetched import AGGREGATE, events
from txn_core.aws.clients import Aws
from txn_core.kinesis.aggregation import aggregate
from txn_core.settings import Settings

SMALLEST_HASH: Final = "0"


async def _put(settings: Settings, records: list[bytes], rate: float) -> None:
    """Put a record each `AGGREGATE / rate` seconds; each is acknowledged before the next one is put."""
    async with Aws(settings).kinesis_writer() as kinesis:
        began_s = time.monotonic()
        for number, data in enumerate(records):
            await asyncio.sleep(began_s + number * AGGREGATE / rate - time.monotonic())
            entry: Any = {"Data": data, "PartitionKey": "bench", "ExplicitHashKey": SMALLEST_HASH}
            answer = await kinesis.put_records(StreamName=settings.stream, Records=[entry])
            if answer.get("FailedRecordCount"):
                raise RuntimeError("the shard refused a record: it takes no such rate")


def _main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.drains.shard_load", description=__doc__)
    parser.add_argument("--rate", type=float, required=True, help="transactions a second")
    parser.add_argument("--count", type=int, required=True, help="transactions")
    arguments = parser.parse_args()
    made = [UserRecord("bench", data) for data in events(arguments.count, name="shard")]
    records = [aggregate(made[first : first + AGGREGATE], SMALLEST_HASH) for first in range(0, len(made), AGGREGATE)]
    _say("ready")
    sys.stdin.readline()
    uvloop.run(_put(Settings.from_environment(), records, arguments.rate))
    _say("done")


def _say(word: str) -> None:
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _main()
