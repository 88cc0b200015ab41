"""The normalised database as a landing: the same ledger, the same batches, other tables."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from warehouse.curated.schema import CURATED_COLUMNS, CURATED_SCHEMA, VAULT_SCHEMA
from warehouse.curated.table import Append
from warehouse.landing.incoming import Incoming, conformed
from warehouse.landing.landing_port import LoadBatch
from warehouse.oltp.oltp_steps import INCOMING_COLUMNS, NAMED, SAID, STEPS
from warehouse.oltp.oltp_tables import SCHEMA, oltp_statements
from warehouse.postgres.ledger_tables import LedgerTables
from warehouse.postgres.session import PostgresSession

SORT_MEMORY: Final = "128MB"
_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_TYPE_OF: Final = {column.name: column.type for column in CURATED_COLUMNS}
_INCOMING: Final = ", ".join(f"{name} {_TYPE_OF[name]}" for name in INCOMING_COLUMNS)
_VAULT: Final = ", ".join(f"{name} {'bigint' if name == 'first_commit' else 'text'}" for name in VAULT_SCHEMA.names)


class OltpDatabase(LedgerTables):
    """A landing whose tables are in third normal form; the rows of the vault come in the same transaction."""

    schema = SCHEMA

    def _make(self, session: PostgresSession) -> None:
        for statement in oltp_statements():
            session.execute(statement)

    def _add(
        self,
        session: PostgresSession,
        batch: LoadBatch,
        wanted: Sequence[Append],
        load_id: int,  # noqa: ARG002 - rows hold no load
    ) -> Incoming:
        incoming = Incoming(wanted, CURATED_SCHEMA)
        _stage(session, batch, incoming)
        for name, statement in STEPS.items():
            session.execute(statement, what=f"fill {SCHEMA}: {name}")
        return incoming


def _stage(session: PostgresSession, batch: LoadBatch, incoming: Incoming) -> None:
    """Put the rows of the batch into temporary tables, which are gone when the transaction ends."""
    session.execute(f"set local work_mem = '{SORT_MEMORY}'")
    session.execute(f"create temporary table incoming ({_INCOMING}) on commit drop")
    session.execute(f"create temporary table incoming_vault ({_VAULT}, born date) on commit drop")
    for rows in incoming.of(batch.tables()):
        session.append("incoming", rows.select(INCOMING_COLUMNS))
    for rows in batch.vault():
        named = conformed(rows, VAULT_SCHEMA)
        session.append("incoming_vault", named.append_column("born", births(named["date_of_birth"])))
    for statement in (SAID, NAMED, "analyze said", "analyze named"):
        session.execute(statement)


def births(texts: pa.ChunkedArray) -> pa.ChunkedArray:
    """Dates of birth as dates; null for a text that is none. Each text is read once."""
    encoded = pc.dictionary_encode(texts).combine_chunks()
    chunks = encoded.chunks if isinstance(encoded, pa.ChunkedArray) else [encoded]
    dates = [pa.array([_birth(text) for text in chunk.dictionary.to_pylist()], pa.date32()) for chunk in chunks]
    return pa.chunked_array(
        [values.take(chunk.indices) for values, chunk in zip(dates, chunks, strict=True)], pa.date32()
    )


def _birth(text: str) -> date | None:
    if not _DATE.fullmatch(text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
