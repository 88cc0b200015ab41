"""The comparison of a file with the store, part by part: its rows with the index, then all with the lake."""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from typing import Final

from txn_cli.client import ApiClient
from txn_cli.retry import RetryPolicy
from txn_cli.rows import Row, SoundRow
from txn_cli.verify.expected import Expected
from txn_cli.verify.index import PROGRESS_ROWS, IndexComparison, OnFault
from txn_cli.verify.lake import Lake, LakeScan
from txn_cli.verify.report import Report
from txn_cli.verify.statement import Identities, Scribe, Statement, digest_of
from txn_core.issuer_ranges import NO_RANGES, IssuerRanges

PART_ROWS: Final = 500_000

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
        luhn_exempt: IssuerRanges = NO_RANGES,
    ) -> None:
        self._client, self._lake = client, lake
        self._on_progress, self._on_fault = on_progress, on_fault
        self._policy = policy or RetryPolicy()
        self._part_rows = part_rows
        self._scribe, self._identities = Scribe(luhn_exempt), Identities()

    async def run(self, rows: Iterable[Row]) -> Report:
        """Compare every row that the service would accept; the others must not be in the store.

        Raises:
            UnavailableError: the service does not answer.
            RefusedError: the key may not read.
        """
        statements = self._statements(rows)
        report = part = await self._part(islice(statements, self._part_rows), rows_before=0)
        while part.rows == self._part_rows:
            part = await self._part(islice(statements, self._part_rows), rows_before=report.rows)
            # Each part reads the whole lake; its duplicates are counted once.
            report += replace(part, duplicated_in_lake=0)
        return report

    def _statements(self, rows: Iterable[Row]) -> Iterator[Statement]:
        for row in rows:
            statement = self._scribe.statement(row) if isinstance(row, SoundRow) else None
            if statement is not None:
                yield statement

    async def _part(self, statements: Iterable[Statement], *, rows_before: int) -> Report:
        expected = Expected()
        cards: defaultdict[str, list[Statement]] = defaultdict(list)
        rows = rows_before
        for rows, statement in enumerate(statements, start=rows_before + 1):
            expected.add(statement)
            cards[statement.card].append(statement)
            if rows % PROGRESS_ROWS == 0:
                self._on_progress("file", rows)
                await asyncio.sleep(0)  # reading waits for nothing: this is where an interruption comes through
        self._on_progress("file", rows)
        in_index = await self._compare_index(cards.values(), rows_before)
        return in_index + await self._compare_lake(expected)

    async def _compare_index(self, cards: Iterable[Sequence[Statement]], rows_before: int) -> Report:
        comparison = IndexComparison(
            self._client,
            self._identities,
            policy=self._policy,
            on_settled=lambda rows: self._on_progress("index", rows_before + rows),
            on_fault=self._on_fault,
        )
        return await comparison.run(cards)

    async def _compare_lake(self, expected: Expected) -> Report:
        scan, looked_at = LakeScan(self._lake), 0
        async for position, event in scan.events(expected.positions.__contains__):
            document = json.loads(event.data)
            if self._identities.account in {None, document["account"]}:
                expected.saw(document["transaction_id"], position)
                statement = expected.statements.get(digest_of(document))
                if statement is not None and self._identities.fit(statement, document):
                    expected.found(statement)
            looked_at += 1
            if looked_at % PROGRESS_ROWS == 0:
                self._on_progress("lake", scan.rows)
        missing = list(expected.missing())
        for statement in missing:
            self._on_fault(statement.line, "missing_in_lake")
        return Report(
            missing_in_lake=len(missing),
            duplicated_in_lake=scan.duplicated(),
            repeated_in_stream=len(expected.repeated),
        )
