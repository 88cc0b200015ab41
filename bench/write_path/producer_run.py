"""One producer by itself in a process of its own: prints the CPU microseconds that it took a record.

`python -m bench.write_path.producer_run NAME`; the environment names the stream. All are driven alike: so many tasks
hand over a record each and wait for its result before the next one. async-kinesis has no results, so that its queue
is the window. The driving itself is in every figure.
"""

import asyncio
import os
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

import uvloop

from txn_core.aws.clients import Aws
from txn_core.kinesis.producer import Producer
from txn_core.settings import Settings
from txn_core.startup import freeze_startup_objects

RECORDS: Final = 10_000  # each of a key of its own
RECORD_BYTES: Final = 700
WARM_UP_RECORDS: Final = 1_000
WINDOW: Final = 1_000

Put = Callable[[str, bytes], Awaitable[object]]
Record = tuple[str, bytes]


def main() -> None:
    """Run the one that the command line names."""
    microseconds = uvloop.run(_cpu_us_a_record(PRODUCERS[sys.argv[1]], Settings.from_environment()))
    print(microseconds)


async def _cpu_us_a_record(
    producer: Callable[[Settings], AbstractAsyncContextManager[Put]], settings: Settings
) -> float:
    # Text, since async-kinesis takes nothing else where a record has a key.
    data = os.urandom(RECORD_BYTES // 2).hex().encode()
    records = [(f"card_1_{number:032x}", data) for number in range(RECORDS)]
    freeze_startup_objects()  # as any process does that serves for long; for all of them alike
    async with producer(settings) as put:
        # Connects, in this task: aiokpl must be left by the task that sent the first record.
        await put(*records[0])
        await _drive(put, records[:WARM_UP_RECORDS])
        began = time.process_time()
        await _drive(put, records)
    # Measured past the end, since what a producer still holds it sends on leaving.
    return (time.process_time() - began) / RECORDS * 1e6


async def _drive(put: Put, records: Iterable[Record]) -> None:
    waiting = iter(records)

    async def take_turns() -> None:
        for key, data in waiting:
            await put(key, data)

    async with asyncio.TaskGroup() as group:
        for _ in range(WINDOW):
            group.create_task(take_turns())


@asynccontextmanager
async def _ours(settings: Settings) -> AsyncIterator[Put]:
    async with Aws(settings).kinesis_writer(read_timeout_s=settings.put_timeout_s) as client:
        producer = Producer.from_settings(client, settings)
        await producer.route_by_shards()
        yield producer.put
        await producer.close(settings.shutdown_deadline_s)


@asynccontextmanager
async def _aiokpl(settings: Settings) -> AsyncIterator[Put]:
    import aiokpl  # noqa: PLC0415 - only this process needs it

    config = aiokpl.Config(region=settings.aws_region, endpoint_url=settings.kinesis_endpoint_url)
    async with aiokpl.Producer(config) as producer:

        async def put(key: str, data: bytes) -> None:
            outcome = await producer.put_record(stream=settings.stream, partition_key=key, data=data)
            await outcome.wait()

        yield put


@asynccontextmanager
async def _async_kinesis(settings: Settings) -> AsyncIterator[Put]:
    import kinesis  # noqa: PLC0415 - only this process needs it

    async with kinesis.Producer(
        settings.stream,
        endpoint_url=settings.kinesis_endpoint_url,
        region_name=settings.aws_region,
        processor=kinesis.StringProcessor(),  # its KPL processor takes no keys
        max_queue_size=WINDOW,
    ) as producer:

        async def put(key: str, data: bytes) -> None:
            await producer.put(data.decode(), partition_key=key)

        yield put


PRODUCERS: Final[dict[str, Callable[[Settings], AbstractAsyncContextManager[Put]]]] = {
    "ours": _ours,
    "aiokpl": _aiokpl,
    "async-kinesis": _async_kinesis,
}

if __name__ == "__main__":
    main()
