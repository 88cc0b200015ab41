"""The landing in Redshift: COPY of curated files by a manifest, then the rows of missing commits, in one transaction.

Redshift enforces no key, so the lock of the ledger's table is what keeps two loads apart. It is taken before anything
is read, since a transaction sees what was committed before its first statement that reads. Error 1023 (serializable
isolation violation, Amazon Redshift Database Developer Guide) says that another transaction was in the way: the load
begins again.
"""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import Final, Protocol, Self
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq

from txn_core.exceptions import WarehouseBusyError
from warehouse.curated.schema import CURATED_COLUMNS, CURATED_SCHEMA
from warehouse.curated.table import Append
from warehouse.landing.incoming import COMMIT, LOAD_ID, Incoming
from warehouse.landing.landing_port import LoadBatch, Loaded
from warehouse.landing.landing_tables import (
    COLUMNS_NOW,
    LEDGER_ROW,
    OBJECTS,
    POSITIONS,
    SCHEMA,
    added_columns,
    schema_statements,
)
from warehouse.landing.load_ledger import Ledger, ledger_of, ledger_query, missing, next_load_id
from warehouse.landing.redshift_session import RedshiftError, RedshiftSession, SessionLostError

MANIFESTS_PREFIX: Final = "redshift/"
VARCHAR_BYTES: Final = 1024
"""Above what any text of an event takes: 200 characters of up to four bytes. TEXT would be VARCHAR(256)."""
ATTEMPTS_MAX: Final = 8
PAUSE_S: Final = 0.2
_CANCELLED: Final = "57014"
_COLUMNS: Final = ", ".join(column.name for column in CURATED_COLUMNS)
Sessions = Callable[[], AbstractContextManager[RedshiftSession]]


class ManifestStore(Protocol):
    """The lake's bucket, as far as COPY needs it. Its methods block."""

    @property
    def bucket(self) -> str:
        """The bucket's name."""

    def put(self, key: str, body: bytes) -> None:
        """Write an object."""

    def delete(self, key: str) -> None:
        """Delete an object, if it is there."""


class RedshiftLanding:
    """A landing by sessions. It holds none between two calls.

    Args:
        copy_role: the IAM role of COPY: an ARN, or `default` for the cluster's own.
        wait_s: how long another load is waited for.
    """

    def __init__(self, sessions: Sessions, store: ManifestStore, *, copy_role: str, wait_s: float = 60.0) -> None:
        self._sessions = sessions
        self._store = store
        self._copy_role = copy_role if copy_role == "default" else f"'{copy_role}'"
        self._wait_s = wait_s

    def open(self) -> Self:
        """See `Landing`."""
        self._repeated(self._make_tables)
        return self

    def close(self) -> None:
        """See `Landing`."""

    def loaded(self) -> Ledger:
        """See `Landing`."""
        with self._sessions() as session:
            return _ledger(session)

    def load(self, batch: LoadBatch) -> Loaded:
        """See `Landing`. A lost answer to COMMIT is settled by the next attempt, which reads the ledger."""
        doubtful: list[Loaded] = []
        return self._repeated(lambda session: self._load(session, batch, doubtful))

    def _repeated(self, step: Callable[[RedshiftSession], Loaded]) -> Loaded:
        """Take a step in a session of its own; again when that was lost, or another transaction was in the way."""
        for attempt in range(1, ATTEMPTS_MAX):
            try:
                with self._sessions() as session:
                    return step(session)
            except SessionLostError:
                pass
            except RedshiftError as error:
                if not error.in_the_way:
                    raise
            time.sleep(PAUSE_S * attempt)
        with self._sessions() as session:
            return step(session)

    @staticmethod
    def _make_tables(session: RedshiftSession) -> Loaded:
        for statement in schema_statements():
            session.execute(_sized(statement))
        there = {str(name) for (name,) in session.execute(COLUMNS_NOW)}
        for statement in added_columns(there):
            session.execute(_sized(statement))
        return Loaded()

    def _load(self, session: RedshiftSession, batch: LoadBatch, doubtful: list[Loaded]) -> Loaded:
        """One attempt; `doubtful` are the loads whose COMMIT was sent and not answered, and gets this one."""
        with self._transaction(session):
            ledger = _ledger(session)
            for load in doubtful:
                entry = ledger.get(load.objects[0])
                if entry is not None and entry.load_id == load.load_id:
                    return load
            wanted = missing(batch.appends, ledger)
            if not wanted:
                return Loaded()
            load_id = next_load_id(ledger)
            self._add(session, batch, wanted, load_id)
            names = tuple(append.name for append in wanted)
            doubtful.append(Loaded(load_id, names, sum(append.rows for append in wanted)))
        return doubtful[-1]

    def _add(self, session: RedshiftSession, batch: LoadBatch, wanted: Sequence[Append], load_id: int) -> None:
        incoming, of_today = Incoming(wanted, CURATED_SCHEMA), bool(batch.files)
        for table in batch.tables():  # Redshift reads the rows itself; here they are counted
            of_today = of_today and table.column_names == CURATED_SCHEMA.names
            for _ in incoming.of([table]):
                pass
        incoming.check()
        own = ", ".join(f"{column.name} {column.type}" for column in CURATED_COLUMNS)
        session.execute(_sized(f"create temporary table incoming ({own})"))
        with self._manifest(batch, wanted if not of_today else ()) as manifest:
            if manifest:
                session.execute(
                    f"copy incoming from '{manifest}' iam_role {self._copy_role} format as parquet manifest"
                )
        _move(session, wanted, load_id)
        ledger = [f"(%s, {load_id}, {append.rows}, %s, getdate())" for append in wanted]
        names = [text for append in wanted for text in (append.name, append.digest)]
        session.execute(f"insert into {SCHEMA}.{OBJECTS} ({LEDGER_ROW}) values {', '.join(ledger)}", *names)
        session.execute("drop table incoming")

    @contextmanager
    def _manifest(self, batch: LoadBatch, rewritten: Sequence[Append]) -> Iterator[str]:
        """The address of a manifest for the time of the block; empty when there is nothing to copy.

        It names the batch's files as they are. COPY takes columns by their places: so when a file of an earlier
        version lacks one, or no files are told, the rows of these commits are written in today's columns, and named.
        """
        prefix = f"{MANIFESTS_PREFIX}{uuid4()}"
        keys: list[str] = []
        entries = [(file.key, file.bytes) for file in batch.files]
        try:
            if rewritten:
                entries = []
                for rows in Incoming(rewritten, CURATED_SCHEMA).of(batch.tables()):
                    body = _parquet(rows)
                    keys.append(f"{prefix}/{len(keys)}.parquet")
                    self._store.put(keys[-1], body)
                    entries.append((keys[-1], len(body)))
            if entries:
                keys.append(f"{prefix}.manifest")
                self._store.put(keys[-1], _manifest_body(self._store.bucket, entries))
            yield f"s3://{self._store.bucket}/{keys[-1]}" if entries else ""
        finally:
            for key in keys:
                self._store.delete(key)

    @contextmanager
    def _transaction(self, session: RedshiftSession) -> Iterator[None]:
        """A transaction that has the ledger's lock."""
        session.execute("begin")
        try:
            session.execute(f"set statement_timeout to {max(1, round(self._wait_s * 1000))}")
            try:
                session.execute(f"lock {SCHEMA}.{OBJECTS}")
            except RedshiftError as error:
                if error.code == _CANCELLED:
                    raise WarehouseBusyError("another run holds the warehouse: try again when it has ended") from None
                raise
            session.execute("set statement_timeout to 0")
            yield
        except BaseException:
            with suppress(RedshiftError):
                session.execute("rollback")
            raise
        session.execute("commit")


def _move(session: RedshiftSession, missing: Sequence[Append], load_id: int) -> None:
    """The rows of missing commits out of the temporary table, which may hold those of others."""
    wanted = f"from incoming where {COMMIT} in ({', '.join(str(append.number) for append in missing)})"
    found = session.execute(f"select {COMMIT}, count(*) {wanted} group by 1")
    counts = {int(str(number)): rows for number, rows in found}
    for append in missing:
        if (rows := counts.get(append.number, 0)) != append.rows:
            raise RedshiftError(f"{append.name} has {append.rows} rows, and COPY brought {rows}")
    session.execute(f"insert into {SCHEMA}.{POSITIONS} ({_COLUMNS}, {LOAD_ID}) select {_COLUMNS}, {load_id} {wanted}")


def _manifest_body(bucket: str, entries: Sequence[tuple[str, int]]) -> bytes:
    """Each file with its length, which COPY asks for where files are Parquet."""
    named = [
        {"url": f"s3://{bucket}/{key}", "mandatory": True, "meta": {"content_length": size}} for key, size in entries
    ]
    return json.dumps({"entries": named}).encode()


def _parquet(rows: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    pq.write_table(rows, sink, version="1.0", compression="zstd", store_schema=False)
    return bytes(sink.getvalue())


def _ledger(session: RedshiftSession) -> Ledger:
    return ledger_of(session.execute(ledger_query(SCHEMA)))


def _sized(statement: str) -> str:
    return statement.replace(" text", f" varchar({VARCHAR_BYTES})")
