"""Tables in PostgreSQL that are filled by a ledger: which commits are in, written in the transaction of their rows.

The landing and the normalised database are such tables, each in a schema with a ledger and a lock of its own.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Final, Self

from warehouse.curated.table import Append
from warehouse.landing.incoming import Incoming
from warehouse.landing.landing_port import LoadBatch, Loaded
from warehouse.landing.landing_tables import LEDGER_ROW, LOCK, OBJECTS
from warehouse.landing.load_ledger import Ledger, ledger_of, ledger_query, missing, next_load_id
from warehouse.postgres.session import ConnectionLostError, PostgresSession

ATTEMPTS_MAX: Final = 3
"""How often a load is begun whose connection ends."""


class LedgerTables(ABC):
    """The tables of one schema as a landing (see `Landing`). They hold no connection between two calls.

    Attributes:
        schema: where the ledger and its lock are.
    """

    schema: ClassVar[str]

    def __init__(self, url: str, *, wait_s: float = 60.0) -> None:
        """Take an address; a lock is waited for at most `wait_s`."""
        self._url, self._wait_s = url, wait_s

    @abstractmethod
    def _make(self, session: PostgresSession) -> None:
        """Make tables where there are none, and extend those of an earlier version."""

    @abstractmethod
    def _add(self, session: PostgresSession, batch: LoadBatch, wanted: Sequence[Append], load_id: int) -> Incoming:
        """Add the rows of the wanted commits of a batch under a load's number; gives what was added."""

    def open(self) -> Self:
        """See `Landing`."""
        with PostgresSession.open(self._url) as session, session.making_schema(wait_s=self._wait_s):
            self._make(session)
        return self

    def close(self) -> None:  # noqa: B027 - nothing is held
        """See `Landing`."""

    def loaded(self) -> Ledger:
        """See `Landing`."""
        with PostgresSession.open(self._url) as session:
            return self._read(session)

    def load(self, batch: LoadBatch) -> Loaded:
        """See `Landing`: one transaction under the schema's lock.

        A commit whose answer is lost is settled by a further attempt. That attempt takes the lock first, so it waits
        until the server is done with the lost one, and then reads the ledger.
        """
        planned: list[Loaded] = []
        for left in reversed(range(ATTEMPTS_MAX)):
            try:
                with PostgresSession.open(self._url) as session, session.transaction(wait_s=self._wait_s):
                    planned.append(self._attempt(session, batch, planned))
                break
            except ConnectionLostError:
                if not left:
                    raise
        return planned[-1]

    def _read(self, session: PostgresSession) -> Ledger:
        return ledger_of(session.rows(ledger_query(self.schema)))

    def _attempt(self, session: PostgresSession, batch: LoadBatch, planned: Sequence[Loaded]) -> Loaded:
        """Add what is missing, or find that one of the planned loads, whose answers were lost, was committed."""
        session.execute(f"lock table {self.schema}.{LOCK} in exclusive mode", what="take the lock")
        ledger = self._read(session)
        if wanted := missing(batch.appends, ledger):
            load_id = next_load_id(ledger)
            self._add(session, batch, wanted, load_id).check()
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
