"""The archive against its limit, pyarrow alone: from what GetRecords gave to an object in S3, on one core.

Ours takes aggregates apart, reads each event as both views must, stores the plan, writes the object and moves
checkpoint and ledger. The limit reads the same events as lines of JSON under the same schema and writes and puts a
file of the same columns, without any of that.
"""

import io
import time
from typing import Final

import pyarrow.json as pa_json

from bench.drains.fetched import events, fetched
from bench.drains.site import Worker, site
from bench.write_path.results import Result, at_least, compared, tell
from txn_core.drains import ARCHIVE
from txn_core.lake.columns import EVENT_SCHEMA
from txn_core.lake.parquet import parquet_of
from txn_core.positions import ShardId
from workers.archive.archive_drain import archive_of
from workers.archive.archive_processor import ArchiveProcessor
from workers.leases.held import HeldLease
from workers.leases.lease import Lease, WorkerName
from workers.metrics import ShardLag
from workers.reading.read_position import records_of
from workers.reading.reader import Batch

ROWS: Final = 50_000  # one object by the default settings
_ME: Final = WorkerName("bench")


async def measure(rounds: int) -> list[Result]:
    """Both in turn, round by round, after one round that does not count."""
    found = list(events(ROWS, name="archive"))
    raw, lines = fetched(found), b"\n".join(found)
    ours, limit = list[float](), list[float]()
    async with site() as at:
        for number in range(rounds + 1):
            ours.append(ROWS / await _archived(at, ShardId(f"shardId-{number:012d}"), raw))
            limit.append(ROWS / await _written(at, f"bench/{number}.parquet", lines))
            tell(f"archive round {number} ours {ours[-1]:9,.0f}/s limit {limit[-1]:9,.0f}/s")
    measure = f"archive: transactions a CPU second, from fetched records to Parquet in S3 ({ROWS:,} rows an object)"
    return [compared(f"{measure}, against pyarrow alone", ours[1:], limit[1:], at_least(0.5), by="CPU")]


async def _archived(at: Worker, shard_id: ShardId, raw: list[dict[str, object]]) -> float:
    """CPU seconds for the records of a shard of its own."""
    context = at.context(ARCHIVE)
    leases, row = context.leases, Lease(shard_id=shard_id, owner=_ME)
    await leases.create(row)
    lease = HeldLease(leases, row)
    processor = ArchiveProcessor(archive_of(context), lease, ShardLag())
    began = time.process_time()
    await processor.take(Batch(records_of(shard_id, raw), at_tip=False, ended=False))
    await processor.finish()
    seconds = time.process_time() - began
    if (row := lease.row).ledger is None or sum(noted.count for _, noted in row.ledger.open.sums) != ROWS:
        raise RuntimeError("not all was archived")
    return seconds


async def _written(at: Worker, key: str, lines: bytes) -> float:
    """CPU seconds for the lines."""
    began = time.process_time()
    parsed = pa_json.read_json(
        io.BytesIO(lines),
        read_options=pa_json.ReadOptions(use_threads=False, block_size=len(lines) + 1),
        parse_options=pa_json.ParseOptions(explicit_schema=EVENT_SCHEMA),
    )
    await at.store.put_if_absent(key, parquet_of(parsed.flatten()), {})
    return time.process_time() - began
