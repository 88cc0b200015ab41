"""CPU time of a small PutRecords call by the client that makes it (ADR 9, ADR 21): `python -m bench.client_cost`.

One record of 700 bytes a call, one call after the other, to our own Kinesis server in another process. Only the
client's process is counted. A round makes the same number of calls by each client in turn, so that a ratio compares
calls of the same round. Medians of all rounds are printed.
"""

import os
import statistics
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import uvloop
from aiobotocore.session import AioSession

from bench.kinesis_cost import RECORD_BYTES, STREAM, our_server
from txn_core.aws.clients import Aws
from txn_core.kinesis.kinesis_client import DirectClient
from txn_core.settings import Settings

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

SHARDS: Final = 16
ROUNDS: Final = 15
CALLS: Final = 300
WARM_UP_CALLS: Final = 100
OURS: Final = "our signer, our connections"
_Opening = Callable[[], "AbstractAsyncContextManager[KinesisClient]"]


def main() -> None:
    """Measure the clients side by side, and print the CPU time of a call and its ratio to ours."""
    os.environ.update(AWS_ACCESS_KEY_ID="x", AWS_SECRET_ACCESS_KEY="x", AWS_EC2_METADATA_DISABLED="true")
    with our_server(SHARDS) as server:
        aws = Aws(Settings(kinesis_endpoint_url=server.url))
        clients: dict[str, _Opening] = {
            OURS: aws.kinesis_writer,
            "our signer, aiobotocore's connections": partial(_on_clients_connections, aws),
            "aiobotocore without its parameter checks": partial(aws.kinesis, validate=False),
            "aiobotocore": aws.kinesis,
        }
        rounds = [
            {name: uvloop.run(_cpu_us_a_call(opening)) for name, opening in clients.items()} for _ in range(ROUNDS)
        ]
    print("| Client | CPU a call, median (least) | of ours, median |")
    print("|---|---|---|")
    for name in clients:
        times_us = [each[name] for each in rounds]
        ratio = statistics.median(each[name] / each[OURS] for each in rounds)
        print(f"| {name} | {statistics.median(times_us):,.0f} us ({min(times_us):,.0f}) | {ratio:.2f} |")


async def _cpu_us_a_call(opening: _Opening) -> float:
    async with opening() as client:
        await _put(client, WARM_UP_CALLS)
        began_s = time.process_time()
        await _put(client, CALLS)
        return (time.process_time() - began_s) / CALLS * 1e6


async def _put(client: "KinesisClient", calls: int) -> None:
    data = os.urandom(RECORD_BYTES)
    for number in range(calls):
        answer = await client.put_records(
            StreamName=STREAM, Records=[{"Data": data, "PartitionKey": f"card_{number}"}]
        )
        if answer["FailedRecordCount"]:
            raise RuntimeError("a record failed: a failure costs other time than a success")


@asynccontextmanager
async def _on_clients_connections(aws: Aws) -> "AsyncIterator[KinesisClient]":
    async with aws.kinesis(validate=False) as client:
        yield cast("KinesisClient", DirectClient(cast("Any", client), await AioSession().get_credentials()))


if __name__ == "__main__":
    main()
