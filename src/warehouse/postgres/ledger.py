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
from warehouse.landing.load_ledger import Ledger, ledger_of, ledger_query, missing, next_load_id
from warehouse.postgres.session import ConnectionLostError, PostgresSession

ATTEMPTS_MAX: Final = 3
"""How often a load is begun whose connection ends."""

Add = Callable[[PostgresSession, Sequence[Append], int], Incoming]
"""Adds the rows of missing commits under a load's number; gives what was added."""


@dataclass(frozen=True, slots=True)
class PostgresLedger:
    """The ledger of a schema."""

    schema: str

    def read(self, session: PostgresSession) -> Ledger:
        """The commits that are in."""
        return ledger_of(session.rows(ledger_query(self.schema)))

    def load(self, url: str, appends: Sequence[Append], add: Add, *, wait_s: float) -> Loaded:
        """Add what is missing, in one transaction under the schema's lock.

        A commit whose answer is lost is settled by a further attempt. That attempt takes the lock first, so it waits
        until the server is done with the lost one, and then reads the ledger.

        Raises:
            WarehouseError: as `Landing.load` has it.
        """
        planned: list[Loaded] = []
        for left in reversed(range(ATTEMPTS_MAX)):
            try:
                with PostgresSession.open(url) as session, session.transaction(wait_s=wait_s):
                    planned.append(self._attempt(session, appends, add, planned))
                break
            except ConnectionLostError:
                if not left:
                    raise
        return planned[-1]

    def _attempt(
        self, session: PostgresSession, appends: Sequence[Append], add: Add, planned: Sequence[Loaded]
    ) -> Loaded:
        """Add what is missing, or find that one of the planned loads, whose answers were lost, was committed."""
        session.execute(f"lock table {self.schema}.{LOCK} in exclusive mode", what="take the lock")
        ledger = self.read(session)
        if wanted := missing(appends, ledger):
            load_id = next_load_id(ledger)
            add(session, wanted, load_id).check()
            for append in wanted:
                session.execute(
                    f"insert into {self.schema}.{OBJECTS} ({LEDGER_ROW}) "
                    "values ($1, $2, $3, $4, now() at time zone 'UTC')",
                    (append.name, load_id, append.rows, append.digest),
                )
            return Loaded(load_id, tuple(append.name for append in wanted), sum(append.rows for append in wanted))
        # Nothing is missing, so the ledger has every object of a plan.
        was_ours = (plan for plan in planned if all(ledger[name].load_id == plan.load_id for name in plan.objects))
        return next(was_ours, Loaded())
