"""The comparison of expected rows with one table of a warehouse: lost, doubled, differing."""

import asyncio
from array import array
from collections.abc import Callable, Iterator
from typing import Final, Protocol

import pyarrow as pa

from txn_cli.verify.expected import Expected
from txn_cli.verify.lake import columns_of
from txn_cli.verify.row_content import digest_of_values
from txn_cli.verify.statement import Identities, StoredIds
from txn_cli.verify.verify_report import TableFaults
from txn_cli.verify.warehouse_forms import IDS, Form

# Told of each fault: the row's line and what is wrong.
OnFault = Callable[[int, str], None]

_SEEN, _FOUND, _WRONG_WRITES = 1, 2, 4
DOUBLED_PLACES: Final = (
    "select count(*) as places from (select 1 as one from {landing}.positions "
    "group by shard_id, sequence_number, sub_sequence_number having count(*) > 1) as doubled"
)


class WarehouseTables(Protocol):
    """The tables of a warehouse that nobody changes meanwhile."""

    def batches(self, query: str) -> Iterator[pa.RecordBatch]:
        """The rows of a query that calls the schemas `{landing}`, `{star}` and `{oltp}`."""


class TableComparison:
    """Compares one table. `writes` are the positions of each id in the landing, by the number of its first row.

    The landing itself has one row for each write. Every other table has one row for each id.
    """

    def __init__(self, form: Form, digests: "array[int]", expected: Expected, identities: Identities) -> None:
        self._form, self._digests, self._expected, self._identities = form, digests, expected, identities
        self._own = Identities() if form.folded else identities
        self._flags = bytearray(len(expected))
        self.rows = array("Q", bytes(8 * len(expected)))

    async def run(self, tables: WarehouseTables, landed: "array[int] | None", on_rows: Callable[[int], None]) -> None:
        """Go through the table; `landed` are the positions of each id in the landing, or None for the landing."""
        done = 0
        for batch in tables.batches(self._form.query):
            self._compare(batch, landed)
            done += batch.num_rows
            on_rows(done)
            await asyncio.sleep(0)  # this is where an interruption comes through

    def faults(self, on_fault: OnFault, *, doubled: int | None = None) -> TableFaults:
        """What is wrong, with `doubled` as given, or else the ids that have several rows."""
        missing = different = 0
        for number, flags in enumerate(self._flags):
            if not flags & _SEEN:
                missing += 1
                on_fault(self._expected.lines[number], f"missing_in_{self._form.name}")
            elif not flags & _FOUND or flags & _WRONG_WRITES:
                different += 1
                on_fault(self._expected.lines[number], f"different_in_{self._form.name}")
        return TableFaults(missing, sum(rows > 1 for rows in self.rows) if doubled is None else doubled, different)

    def _compare(self, batch: pa.RecordBatch, landed: "array[int] | None") -> None:
        values = list(columns_of(batch, batch.schema.names))
        ids, content = values[: len(IDS)], zip(*values[len(IDS) :], strict=True)
        for account, transaction_id, writes, card, customer, merchant, name, said in zip(*ids, content, strict=True):
            numbers = self._expected.rows_with(transaction_id)
            if not numbers or self._identities.account not in {None, account}:
                continue
            first = numbers[0]
            self.rows[first] += 1
            digest, stored = digest_of_values(said), StoredIds(account, card, customer, merchant, name)
            for number in numbers:
                self._flags[number] |= _SEEN
                # A merchant without a name is one that the table of merchants lacks.
                if self._digests[number] == digest and name is not None and self._fit(number, stored):
                    self._flags[number] |= _FOUND
                if landed is not None and self._form.folded and landed[first] != writes:
                    self._flags[number] |= _WRONG_WRITES

    def _fit(self, number: int, stored: StoredIds) -> bool:
        return self._own.fit(self._expected.card(number), stored)
