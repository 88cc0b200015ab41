"""The landing as Parquet files, for engines that read files in place: a file a load, and a manifest of all loads.

The rows are copied, and not read where the curated table has them: its compaction deletes files, and a position has
to stay with the number of its load. No engine runs for it, so a load starts no JVM and asks no cluster.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final, Self
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from warehouse.curated.schema import CURATED_SCHEMA
from warehouse.landing.incoming import LOAD_ID, Incoming, with_load_id
from warehouse.landing.landed_loads import LandedCommit, LandedLoad, LandedLoads
from warehouse.landing.landing_port import LoadBatch, Loaded
from warehouse.landing.load_ledger import Ledger, missing, next_load_id
from warehouse.landing.table_place import TablePlace

MANIFEST: Final = "landing/loads.json"
POSITIONS: Final = "landing/positions"
LANDING_SCHEMA: Final = pa.schema([*CURATED_SCHEMA, pa.field(LOAD_ID, pa.int64())])
GRACE: Final = timedelta(hours=1)
"""How long a folder stays that no manifest names: in S3 another machine may be about to name it."""
_LOCK: Final = "load.lock"


class ParquetLanding:
    """A landing in a folder. It holds nothing between two calls.

    On a disk a lock keeps loads apart. In S3 two machines may load at once: the manifest that is written last stands,
    whole, and what the other one brought is loaded by the next run.

    Args:
        wait_s: how long another load is waited for.
    """

    def __init__(self, place: TablePlace, *, wait_s: float = 60.0) -> None:
        self._place, self._wait_s = place, wait_s

    def open(self) -> Self:
        """See `Landing`."""
        if self._place.read(MANIFEST) is None:
            with self._place.locked(wait_s=self._wait_s, name=_LOCK):
                if self._place.read(MANIFEST) is None:
                    self._place.write(MANIFEST, LandedLoads().body())
        return self

    def close(self) -> None:
        """See `Landing`."""

    def loaded(self) -> Ledger:
        """See `Landing`."""
        return loads_at(self._place).ledger

    def load(self, batch: LoadBatch) -> Loaded:
        """See `Landing`."""
        with self._place.locked(wait_s=self._wait_s, name=_LOCK):
            loads = loads_at(self._place)
            wanted = missing(batch.appends, loads.ledger)
            if not wanted:
                return Loaded()
            load_id, incoming, folder = next_load_id(loads.ledger), Incoming(wanted, CURATED_SCHEMA), str(uuid4())
            self._write(folder, (with_load_id(rows, load_id) for rows in incoming.of(batch.tables())), incoming)
            commits = tuple(LandedCommit(append.name, append.rows, append.digest) for append in wanted)
            now = datetime.now(UTC).replace(tzinfo=None).isoformat()
            loads = loads.with_load(LandedLoad(load_id, now, folder, commits))
            self._place.write(MANIFEST, loads.body())
            for left in self._place.abandoned(POSITIONS, loads.folders, GRACE):
                self._place.delete(left)
        return Loaded(load_id, tuple(append.name for append in wanted), sum(append.rows for append in wanted))

    def _write(self, folder: str, tables: Iterator[pa.Table], incoming: Incoming) -> None:
        """Write the rows of a load; nothing is left when they are not what the commits say."""
        try:
            with self._place.writing(f"{POSITIONS}/{folder}/rows.parquet") as stream:
                options = {"version": "1.0", "compression": "zstd", "store_schema": False}
                with pq.ParquetWriter(stream, LANDING_SCHEMA, **options) as writer:
                    for rows in tables:
                        writer.write_table(rows.cast(LANDING_SCHEMA))
                incoming.check()
        except BaseException:
            self._place.delete(f"{POSITIONS}/{folder}")
            raise


def loads_at(place: TablePlace) -> LandedLoads:
    """The loads of a landing; none where there is no landing."""
    body = place.read(MANIFEST)
    return LandedLoads() if body is None else LandedLoads.of(body)
