"""Curates a bucket and kills its own process behind a write: run as `python -m`, with the bucket and the write."""

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


async def main(url: str, bucket: str, writes: str) -> None:
    async with Aws(Settings(s3_endpoint_url=url, bucket=bucket)).s3() as s3:
        store = KillingStore(s3, bucket)
        store.writes_left = int(writes)
        await curate(store, ParquetTable(store), CommitLimits(objects=3))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
