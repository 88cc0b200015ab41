"""Targets of a run: engines that hold the tables. A further engine is a class of this form."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

import pyarrow as pa

from warehouse.landing.landing_port import Landing


@dataclass(frozen=True, slots=True)
class Built:
    """What the tables hold.

    Attributes:
        landed: the newest load of the landing, 0 when there is none.
        noted: the newest load that the last complete build took, or None when no build was completed.
        models: the digest of the models that it was built by.
        follows: whether all that was built stands in the landing under the same loads. It does not when the landing
            was made again.
        by_parts: whether the engine can make what new loads affect. Where it cannot, tables are made whole.
    """

    landed: int = 0
    noted: int | None = None
    models: str = ""
    follows: bool = True
    by_parts: bool = True

    def needs_all(self, models: str) -> bool:
        """Whether a build has to make the tables whole.

        Also behind a build of an empty landing: models tell by the number of the load that was built whether they
        make their rows again, and load 0 is none.
        """
        began_empty = self.noted == 0 and self.landed > 0
        lacks_loads = not self.by_parts and self.noted != self.landed
        return self.noted is None or began_empty or lacks_loads or self.models != models or not self.follows

    def is_current(self, models: str) -> bool:
        """Whether there is nothing to build."""
        return not self.needs_all(models) and self.noted == self.landed


@dataclass(frozen=True, slots=True)
class Counts:
    """Positions by where they are."""

    landed: int
    writes: int


class Target(Protocol):
    """An engine. Its methods block: call them in a thread."""

    @property
    def name(self) -> str:
        """The name of its output in `profiles.yml`."""

    @property
    def environment(self) -> Mapping[str, str]:
        """What `profiles.yml` takes from the environment."""

    def exclusively(self) -> AbstractContextManager[None]:
        """Keep runs on other machines out of the block, where the engine is one that they reach.

        Raises:
            WarehouseBusyError: another one is in for longer than we wait.
        """

    def landing(self) -> Landing:
        """The landing, not yet open."""

    def built(self) -> Built:
        """What the tables hold now. The landing has been opened once before."""

    def publish(self) -> bool:
        """Show readers what was built; false when they saw it before."""

    def counts(self) -> Counts:
        """Positions of the landing, and writes of the transactions that were built."""

    def has_table(self, schema: str, table: str) -> bool:
        """Whether there is a table. Nothing is made."""

    def batches(self, query: str) -> Iterator[pa.RecordBatch]:
        """The rows of a query, which calls the schemas `{landing}`, `{star}`, `{meta}` and `{oltp}`. Nothing is made.

        Raises:
            WarehouseError: a table is not there, or the engine refuses.
        """
