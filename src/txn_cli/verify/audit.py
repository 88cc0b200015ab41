"""The comparison of a file with the store, part by part: its rows with the index, then with lake and warehouse."""

from array import array
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from itertools import chain, islice
from typing import Final

from ingest.api_client.client import ApiClient
from ingest.api_client.retry import RetryPolicy
from ingest.layouts.read_rows import Row, SoundRow
from txn_cli.verify.expected import Expected
from txn_cli.verify.index import IndexComparison, OnFault
from txn_cli.verify.lake import Lake, LakeRows, LakeScan
from txn_cli.verify.statement import Identities, Scribe
from txn_cli.verify.verify_report import Report, TableFaults
from txn_cli.verify.warehouse_comparison import DOUBLED_PLACES, TableComparison, WarehouseTables
from txn_cli.verify.warehouse_forms import LANDING, Form
from txn_cli.verify.workshop import EFFORT_ALONE, Workshop
from txn_core.card_numbers.issuer_ranges import NO_RANGES, IssuerRanges

PART_ROWS: Final = 2_000_000  # about 200 MB; the mission's data set is one part, and the lake is read once
BATCH_ROWS: Final = 2_000

# Told what is being gone through (file, index, lake), and how many rows of it are done.
OnProgress = Callable[[str, int], None]


class Audit:
    """Compares rows with one service's index and lake, in bounded memory: a long file is taken in parts."""

    def __init__(
        self,
        client: ApiClient,
        lake: Lake,
        *,
        on_progress: OnProgress,
        on_fault: OnFault,
        policy: RetryPolicy | None = None,
        part_rows: int = PART_ROWS,
        effort_alone: int = EFFORT_ALONE,
        luhn_exempt: IssuerRanges = NO_RANGES,
        warehouse: WarehouseTables | None = None,
        forms: Sequence[Form] = (),
    ) -> None:
        """Take the tables of a warehouse, and which of them are to be compared."""
        self._client, self._lake = client, lake
        self._warehouse, self._forms = warehouse, forms
        self._on_progress, self._on_fault = on_progress, on_fault
        self._policy = policy or RetryPolicy()
        self._part_rows, self._effort_alone = part_rows, effort_alone
        self._scribe, self._identities = Scribe(luhn_exempt, forms), Identities()

    async def run(self, rows: Iterable[Row]) -> Report:
        """Compare every row that the service would accept; the others must not be in the store.

        Raises:
            UnavailableError: the service does not answer.
            RefusedError: the key may not read.
        """
        batches, report = _batches(rows, min(BATCH_ROWS, self._part_rows)), Report()
        with Workshop(self._effort_alone) as workshop:
            first: list[list[Row]] = [next(batches, [])]
            while first:
                part = await self._part(chain(first, batches), workshop, rows_before=report.rows)
                # Each part reads the whole lake: its duplicates are the same ones.
                report = replace(report + part, duplicated_in_lake=part.duplicated_in_lake)
                first = list(islice(batches, 1))
        return self._with_doubled_places(report)

    async def _part(self, batches: Iterator[list[Row]], workshop: Workshop, *, rows_before: int) -> Report:
        expected = await self._read(batches, workshop, rows_before)
        comparison = IndexComparison(
            self._client,
            expected,
            self._identities,
            policy=self._policy,
            on_settled=lambda rows: self._on_progress("index", rows_before + rows),
            on_fault=self._on_fault,
        )
        report = await comparison.run() + await self._compare_lake(expected, workshop)
        return replace(report, tables=await self._compare_warehouse(expected))

    async def _read(self, batches: Iterator[list[Row]], workshop: Workshop, rows_before: int) -> Expected:
        """Expect the rows of a part: whole batches, until there are enough."""
        expected, taken = Expected(len(self._forms)), 0

        async def some() -> AsyncIterator[list[Row]]:
            nonlocal taken
            while taken < self._part_rows and (batch := next(batches, None)):
                taken += sum(1 for row in batch if isinstance(row, SoundRow))
                yield batch

        async for statements in workshop.each(self._scribe.statements, some(), effort=len):
            for statement in statements:
                expected.add(statement)
            self._on_progress("file", rows_before + len(expected))
        return expected

    async def _compare_lake(self, expected: Expected, workshop: Workshop) -> Report:
        scan = LakeScan(self._lake, workshop)
        async for rows in scan.objects():
            self._compare_object(expected, rows)
            self._on_progress("lake", scan.rows)
        missing = list(expected.missing())
        for number in missing:
            self._on_fault(expected.lines[number], "missing_in_lake")
        return Report(
            missing_in_lake=len(missing),
            duplicated_in_lake=scan.duplicated(),
            repeated_in_stream=expected.repeated(),
        )

    async def _compare_warehouse(self, expected: Expected) -> dict[str, TableFaults]:
        found: dict[str, TableFaults] = {}
        landed: array[int] | None = None
        for form, digests in zip(self._forms, expected.of_forms, strict=True):
            comparison = TableComparison(form, digests, expected, self._identities)
            assert self._warehouse is not None  # noqa: S101 - forms are of a warehouse
            await comparison.run(self._warehouse, landed, partial(self._on_progress, f"warehouse's {form.name}"))
            found[form.name] = comparison.faults(self._on_fault, doubled=0 if landed is None else None)
            landed = comparison.rows if landed is None else landed
        return found

    def _with_doubled_places(self, report: Report) -> Report:
        if self._warehouse is None or LANDING.name not in report.tables:
            return report
        doubled = sum(sum(batch["places"].to_pylist()) for batch in self._warehouse.batches(DOUBLED_PLACES))
        return replace(
            report, tables={**report.tables, LANDING.name: replace(report.tables[LANDING.name], doubled=doubled)}
        )

    def _compare_object(self, expected: Expected, rows: LakeRows) -> None:
        for transaction_id, position, digest, ids in zip(
            rows.transaction_ids, rows.positions, rows.digests, rows.ids, strict=True
        ):
            numbers = expected.rows_with(transaction_id)
            if not numbers or self._identities.account not in {None, ids.account}:
                continue
            expected.saw(numbers[0], position)
            for number in numbers:
                if expected.digests[number] == digest and self._identities.fit(expected.card(number), ids):
                    expected.found(number)


def _batches(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    remaining = iter(rows)
    return iter(lambda: list(islice(remaining, size)), [])
