"""The comparison of a file with the store, part by part: its rows by id in the index, then all in the lake."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Final

from txn_cli.client import CONNECTIONS_MAX, ApiClient
from txn_cli.crew import side_by_side
from txn_cli.kaggle import Row, SoundRow
from txn_cli.retry import RetryPolicy
from txn_cli.verify.expected import Expected
from txn_cli.verify.lake import Lake, LakeScan
from txn_cli.verify.report import Report
from txn_cli.verify.statement import Identities, Scribe, Statement, digest_of

PART_ROWS: Final = 500_000
PROGRESS_ROWS: Final = 100

# Told what is being done, and how many rows of it are done.
OnProgress = Callable[[str, int], None]
# Told of each fault: the row's line and a key of the report.
OnFault = Callable[[int, str], None]


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
    ) -> None:
        self._client, self._lake = client, lake
        self._on_progress, self._on_fault = on_progress, on_fault
        self._policy = policy or RetryPolicy()
        self._part_rows = part_rows
        self._scribe, self._identities = Scribe(), Identities()

    async def run(self, rows: Iterable[Row]) -> Report:
        """Compare every row that the service would accept; the others must not be in the store.

        Raises:
            UnavailableError: the service does not answer.
            RefusedError: the key may not read.
        """
        statements = self._statements(rows)
        report = part = await self._part(islice(statements, self._part_rows))
        while part.rows == self._part_rows:
            part = await self._part(islice(statements, self._part_rows))
            # Each part reads the whole lake; its duplicates are counted once.
            report += replace(part, duplicated_in_lake=0)
        return report

    def _statements(self, rows: Iterable[Row]) -> Iterator[Statement]:
        for row in rows:
            statement = self._scribe.statement(row) if isinstance(row, SoundRow) else None
            if statement is not None:
                yield statement

    async def _part(self, statements: Iterable[Statement]) -> Report:
        expected = Expected()
        in_index = await self._compare_index(statements, expected)
        return in_index + await self._compare_lake(expected)

    async def _compare_index(self, statements: Iterable[Statement], expected: Expected) -> Report:
        report = Report()

        async def compare(statement: Statement) -> None:
            nonlocal report
            expected.add(statement)
            document = await self._policy.attempt(lambda: self._client.get(statement.transaction_id))
            if document is None:
                report += Report(missing_in_index=1)
                self._on_fault(statement.line, "missing_in_index")
            elif digest_of(document) != statement.digest or not self._identities.fit(statement, document):
                report += Report(different_in_index=1)
                self._on_fault(statement.line, "different_in_index")
            report += Report(rows=1)
            if report.rows % PROGRESS_ROWS == 0:
                self._on_progress("index", report.rows)

        await side_by_side(statements, compare, hands=CONNECTIONS_MAX)
        self._on_progress("index", report.rows)
        return report

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
