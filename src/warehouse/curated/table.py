"""The port of the curated table: what it is made of, and how rows come into it.

A table is a log of numbered commits. An append brings the rows of raw objects that no commit has brought yet; a
replacement puts a few large files in the place of many small ones. Whoever commits names the snapshot that the commit
is planned on, and loses when another commit came in between. Plain Parquet with commit files is one implementation
(`parquet_table.py`); Iceberg's catalog can be another.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol

from txn_core.transactions.instants import Instant

COMMITS_PREFIX: Final = "curated/commits/"

Kind = Literal["append", "replace"]


def commit_name(number: int) -> str:
    """The object of a commit. A warehouse's ledger knows the rows of an append by this name."""
    return f"{COMMITS_PREFIX}{number:012d}.json"


@dataclass(frozen=True, slots=True)
class RawObject:
    """An object of the raw lake whose rows are in the table."""

    key: str
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class DataFile:
    """A Parquet file of the table, or of the vault.

    Attributes:
        first_at: the earliest arrival of its rows; None in the vault.
        last_at: the latest arrival; None in the vault.
        appends: the numbers of the append commits whose rows it holds, in order.
    """

    key: str
    rows: int
    bytes: int
    first_at: Instant | None
    last_at: Instant | None
    appends: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class NewFile:
    """A file that is to be committed: its bytes, and what `DataFile` says of it."""

    body: bytes = field(repr=False)
    rows: int
    first_at: Instant | None
    last_at: Instant | None
    appends: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Commit:
    """One step of the table. `removed` are keys of files, of the table or of the vault."""

    number: int
    kind: Kind
    attempt: str
    committed_at: Instant
    raw: tuple[RawObject, ...] = ()
    data: tuple[DataFile, ...] = ()
    vault: tuple[DataFile, ...] = ()
    removed: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Append:
    """An append commit, as a warehouse's ledger has it. The digest is the SHA-256 of the commit's object."""

    number: int
    rows: int
    committed_at: Instant
    digest: str

    @property
    def name(self) -> str:
        """The object of the commit."""
        return commit_name(self.number)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The table after a commit; before the first one it is empty, and `number` is 0.

    Attributes:
        appends: the append commits, by number.
        files: the files that hold all rows, by key.
        vault: the files that hold all rows of the vault, by key.
        raw: the rows of each raw object that was taken, by key.
        removed: when each file was removed that a reader of an older snapshot may still read, by key.
    """

    number: int = 0
    appends: Mapping[int, Append] = field(default_factory=dict)
    files: Mapping[str, DataFile] = field(default_factory=dict)
    vault: Mapping[str, DataFile] = field(default_factory=dict)
    raw: Mapping[str, int] = field(default_factory=dict)
    removed: Mapping[str, Instant] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """The rows of the table."""
        return sum(file.rows for file in self.files.values())

    def files_of(self, appends: Collection[int]) -> Iterator[DataFile]:
        """The files that hold rows of some append commits, perhaps among others: `commit_number` tells."""
        wanted = set(appends)
        return (file for file in self.files.values() if not wanted.isdisjoint(file.appends))

    def vault_of(self, appends: Collection[int]) -> Iterator[DataFile]:
        """The files of the vault that hold rows of some append commits, perhaps among others."""
        wanted = set(appends)
        return (file for file in self.vault.values() if not wanted.isdisjoint(file.appends))


class CuratedTable(Protocol):
    """A table that grows by commits. Each method raises the store's own errors when it stays out of reach."""

    async def snapshot(self) -> Snapshot:
        """The table now."""

    async def append(
        self, after: Snapshot, raw: Sequence[RawObject], data: Sequence[NewFile], vault: Sequence[NewFile]
    ) -> bool:
        """Commit the rows of raw objects under the number behind a snapshot's; false when that number is taken.

        The rows carry that number, so whoever loses transforms again what is then still to be taken.
        """

    async def replace(
        self, after: Snapshot, removed: Sequence[DataFile], data: Sequence[NewFile], vault: Sequence[NewFile]
    ) -> bool:
        """Put files with the same rows in the place of some; false when another replacement was quicker."""

    async def read(self, file: DataFile) -> bytes:
        """The bytes of a file. One that a snapshot names is there for `GRACE` after it was removed."""

    async def clear(self) -> int:
        """Delete what nobody can need any more; gives how many files."""
