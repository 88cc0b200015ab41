"""The landing in PostgreSQL: one transaction a load, under a lock of the table `landing.lock`."""

from collections.abc import Iterable
from typing import Final, Self

from warehouse.curated.schema import CURATED_SCHEMA
from warehouse.curated.table import Append
from warehouse.landing.incoming import Incoming, with_load_id
from warehouse.landing.landing_port import LoadBatch, Loaded
from warehouse.landing.landing_tables import (
    COLUMNS_NOW,
    POSITIONS,
    SCHEMA,
    added_columns,
    schema_statements,
)
from warehouse.landing.load_ledger import Ledger
from warehouse.postgres.ledger import PostgresLedger
from warehouse.postgres.session import PostgresSession

_LEDGER: Final = PostgresLedger(SCHEMA)


class PostgresLanding:
    """A landing by an address. It holds no connection between two calls."""

    def __init__(self, url: str, *, wait_s: float = 60.0) -> None:
        self._url = url
        self._wait_s = wait_s

    def open(self) -> Self:
        """See `Landing`."""
        with PostgresSession.open(self._url) as session, session.making_schema(wait_s=self._wait_s):
            for statement in schema_statements():
                session.execute(statement)
            there = {str(name) for (name,) in session.rows(COLUMNS_NOW)}
            for statement in added_columns(there):
                session.execute(statement)
        return self

    def close(self) -> None:
        """See `Landing`."""

    def loaded(self) -> Ledger:
        """See `Landing`."""
        with PostgresSession.open(self._url) as session:
            return _LEDGER.read(session)

    def load(self, batch: LoadBatch) -> Loaded:
        """See `Landing`."""
        return _LEDGER.load(
            self._url, batch.appends, lambda *missing: self._add(batch, *missing), wait_s=self._wait_s
        )

    @staticmethod
    def _add(batch: LoadBatch, session: PostgresSession, missing: Iterable[Append], load_id: int) -> Incoming:
        incoming = Incoming(tuple(missing), CURATED_SCHEMA)
        for rows in incoming.of(batch.tables()):
            session.append(POSITIONS, with_load_id(rows, load_id), schema=SCHEMA)
        return incoming
