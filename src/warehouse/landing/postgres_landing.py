"""The landing in PostgreSQL: one transaction a load, under a lock of the table `landing.lock`."""

from collections.abc import Sequence
from typing import Final

from warehouse.curated.schema import CURATED_SCHEMA
from warehouse.curated.table import Append
from warehouse.landing.incoming import Incoming, with_load_id
from warehouse.landing.landing_port import LoadBatch
from warehouse.landing.landing_tables import COLUMNS_NOW, POSITIONS, SCHEMA, added_columns, schema_statements
from warehouse.postgres.ledger_tables import LedgerTables
from warehouse.postgres.session import PostgresSession

INDEXES: Final = (
    f"create index if not exists positions_transaction on {SCHEMA}.{POSITIONS} (transaction_id)",
    f"create index if not exists positions_card on {SCHEMA}.{POSITIONS} (card_id)",
    # Rows lie in the order of loads, which is nearly the order of arrival: a summary of each block range is enough.
    f"create index if not exists positions_load on {SCHEMA}.{POSITIONS} using brin (load_id)",
    f"create index if not exists positions_arrival on {SCHEMA}.{POSITIONS} using brin (arrived_at)",
)
"""What partial builds and reconciliations look positions up by: the new ones, and the few old ones beside these."""


class PostgresLanding(LedgerTables):
    """A landing by an address."""

    schema = SCHEMA

    def _make(self, session: PostgresSession) -> None:
        for statement in schema_statements():
            session.execute(statement)
        there = {str(name) for (name,) in session.rows(COLUMNS_NOW)}
        for statement in (*added_columns(there), *INDEXES):
            session.execute(statement)

    def _add(self, session: PostgresSession, batch: LoadBatch, wanted: Sequence[Append], load_id: int) -> Incoming:
        incoming = Incoming(wanted, CURATED_SCHEMA)
        for rows in incoming.of(batch.tables()):
            session.append(POSITIONS, with_load_id(rows, load_id), schema=SCHEMA)
        return incoming
