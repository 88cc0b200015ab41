"""The manifest of a landing of files: all loads, their files and their commits, in one object.

A load is in when the manifest that names it stands in the place of the former one. So rows and ledger come in
together: a folder that no manifest names is of a load that did not come to its end.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, NamedTuple, Self

import pyarrow as pa

from txn_core.exceptions import WarehouseError
from warehouse.landing.load_ledger import Ledger, LedgerEntry

FORMAT: Final = 1
OBJECTS_SCHEMA: Final = pa.schema(
    [
        pa.field("object_name", pa.string()),
        pa.field("load_id", pa.int64()),
        pa.field("rows", pa.int64()),
        pa.field("digest", pa.string()),
        pa.field("loaded_at", pa.timestamp("us")),
    ]
)


class LandedCommit(NamedTuple):
    """A commit of the curated table: its object, its rows, and the digest of the object."""

    name: str
    rows: int
    digest: str


@dataclass(frozen=True, slots=True)
class LandedLoad:
    """A load.

    Attributes:
        load_id: the load's number.
        loaded_at: when it came in, UTC, in ISO 8601 without a zone.
        folder: the folder of its file below `landing/positions`.
        commits: the commits that it brought in.
    """

    load_id: int
    loaded_at: str
    folder: str
    commits: Sequence[LandedCommit]


@dataclass(frozen=True, slots=True)
class LandedLoads:
    """All loads of a landing, in their order."""

    loads: Sequence[LandedLoad] = ()

    @classmethod
    def of(cls, body: bytes) -> Self:
        """The loads as a manifest has them.

        Raises:
            WarehouseError: it is none of ours, or of a later version.
        """
        try:
            document = json.loads(body)
            if document["format"] != FORMAT:
                raise WarehouseError("a newer version wrote the landing's manifest: update this one first")
            return cls(tuple(_load(each) for each in document["loads"]))
        except (ValueError, KeyError, TypeError):
            raise WarehouseError(
                "the landing's manifest cannot be read: remove the folder landing/ of the tables, which "
                "`txn warehouse run` makes again from the lake"
            ) from None

    def body(self) -> bytes:
        """The manifest."""
        return json.dumps({"format": FORMAT, "loads": [asdict(load) for load in self.loads]}).encode()

    def with_load(self, load: LandedLoad) -> "LandedLoads":
        """All loads and a further one."""
        return LandedLoads((*self.loads, load))

    @property
    def ledger(self) -> Ledger:
        """The commits that are in."""
        return {commit.name: LedgerEntry(load.load_id, commit.digest) for load, commit in self._commits()}

    @property
    def folders(self) -> list[str]:
        """The folders that hold the rows."""
        return [load.folder for load in self.loads]

    def objects(self) -> pa.Table:
        """The ledger as the table `landing.objects`."""
        rows: Iterable[tuple[object, ...]] = (
            (commit.name, load.load_id, commit.rows, commit.digest, datetime.fromisoformat(load.loaded_at))
            for load, commit in self._commits()
        )
        return pa.Table.from_pylist(
            [dict(zip(OBJECTS_SCHEMA.names, row, strict=True)) for row in rows], OBJECTS_SCHEMA
        )

    def _commits(self) -> Iterator[tuple[LandedLoad, LandedCommit]]:
        return ((load, commit) for load in self.loads for commit in load.commits)


def _load(document: Mapping[str, Any]) -> LandedLoad:
    commits = tuple(LandedCommit(str(name), int(rows), str(digest)) for name, rows, digest in document["commits"])
    datetime.fromisoformat(document["loaded_at"])
    return LandedLoad(int(document["load_id"]), document["loaded_at"], str(document["folder"]), commits)
