"""Curates a bucket in processes that end behind a write: run as `python -m`, with the bucket and each one's write.

One process forks them, one behind the other, so that what they need is imported once. It prints how each ended.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Mapping

from txn_core.aws.clients import Aws
from txn_core.aws.objects import ObjectStore
from txn_core.settings import Settings
from warehouse.curated.curation import CommitLimits, curate
from warehouse.curated.parquet_table import ParquetTable


class KillingStore(ObjectStore):
    """Ends the process behind a write, and is asked nothing more."""

    writes_left: int

    async def put_if_absent(self, key: str, body: bytes, metadata: Mapping[str, str]) -> bool:
        await super().put_if_absent(key, body, metadata)
        self.writes_left -= 1
        if not self.writes_left:
            os.kill(os.getpid(), signal.SIGKILL)
        return True


async def curated(url: str, bucket: str, writes: int) -> None:
    """Curate, and be killed behind so many writes."""
    async with Aws(Settings(s3_endpoint_url=url, bucket=bucket)).s3() as s3:
        store = KillingStore(s3, bucket)
        store.writes_left = writes
        await curate(store, ParquetTable(store), CommitLimits(objects=3))


def main(url: str, bucket: str, *writes: str) -> None:
    """Fork a curator for each number of writes."""
    for each in writes:
        if not (pid := os.fork()):
            asyncio.run(curated(url, bucket, int(each)))
            os._exit(0)
        print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))  # noqa: T201 - the test reads it


if __name__ == "__main__":
    main(*sys.argv[1:])
