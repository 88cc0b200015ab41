"""The ledger of a schema in PostgreSQL: which commits are in it, written in the transaction that brings their rows.

The landing and the normalised database each have one, and load by it in the same way.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from warehouse.curated.table import Append
from warehouse.landing.incoming import Incoming
from warehouse.landing.landing_port import Loaded
from warehouse.landing.landing_tables import LEDGER_ROW, LOCK, OBJECTS
from warehouse.postgres.session import ConnectionLostError, PostgresSession

ATTEMPTS_MAX: Final = 3
"""How often a load is begun whose connection ends."""

Add = Callable[[PostgresSession, Sequence[Append], int], Incoming]
"""Adds the rows of missing commits under a load's number; gives what was added."""


@dataclass(frozen=True, slots=True)
class PostgresLedger:
    """The ledger of a schema."""

    schema: str

    def names(self, session: PostgresSession) -> set[str]:
        """The names of the commits that are in."""
        return {str(name) for (name,) in session.rows(f"select object_name from {self.schema}.{OBJECTS}")}

    def load(self, url: str, appends: Sequence[Append], add: Add, *, wait_s: float) -> Loaded:
        """Add what is missing, in one transaction under the schema's lock.

        A commit whose answer is lost is settled by a further attempt. That attempt takes the lock first, so it waits
        until the server is done with the lost one, and then reads the ledger.

        Raises:
            WarehouseError: as `Landing.load` has it.
        """
        before: set[str] | None = None
        for _ in range(ATTEMPTS_MAX - 1):
            try:
                with PostgresSession.open(url) as session:
                    before = self.names(session) if before is None else before
                    return self._attempt(session, appends, add, wait_s, before)
            except ConnectionLostError:
                continue
        with PostgresSession.open(url) as session:
            return self._attempt(session, appends, add, wait_s, before or set())

    def _attempt(
        self, session: PostgresSession, appends: Sequence[Append], add: Add, wait_s: float, before: set[str]
    ) -> Loaded:
        """Load what is missing; `before` was in the ledger before the first attempt."""
        with session.transaction(wait_s=wait_s):
            session.execute(f"lock table {self.schema}.{LOCK} in exclusive mode", what="take the lock")
            there = self.names(session)
            if missing := [append for append in appends if append.name not in there]:
                ((load_id,),) = session.rows(f"select coalesce(max(load_id), 0) + 1 from {self.schema}.{OBJECTS}")
                digests = add(session, missing, load_id).digests()
                for append in missing:
                    session.execute(
                        f"insert into {self.schema}.{OBJECTS} ({LEDGER_ROW}) "
                        "values ($1, $2, $3, $4, now() at time zone 'UTC')",
                        (append.name, load_id, append.rows, digests[append.number]),
                    )
        return self._since(session, appends, before)

    def _since(self, session: PostgresSession, appends: Sequence[Append], before: set[str]) -> Loaded:
        """What came in since the first attempt; its answer may have been lost."""
        ours = {append.name for append in appends} - before
        found = session.rows(f"select object_name, load_id, rows from {self.schema}.{OBJECTS} order by 1")
        came = [row for row in found if row[0] in ours]
        if not came:
            return Loaded()
        return Loaded(max(row[1] for row in came), tuple(row[0] for row in came), sum(row[2] for row in came))
