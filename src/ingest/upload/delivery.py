"""Ways of handing rows to the service until every one is settled: accepted, or rejected with a reason.

Whatever leaves a doubt is sent again. That is safe, since a transaction's id makes it one, and bounded.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ingest.api_client.client import CONNECTIONS_MAX, ApiClient
from ingest.api_client.replies import BulkAnswer, Problem, UnavailableError
from ingest.api_client.retry import RetryPolicy
from ingest.layouts.read_rows import SoundRow
from ingest.layouts.rejection import ENTIRE_ROW, Rejection
from txn_core.concurrency import side_by_side
from txn_core.exceptions import TxnError


class UndeliveredError(TxnError):
    """Rows whose outcome stayed unknown after every attempt."""

    def __init__(self, rows: Sequence[SoundRow], reason: UnavailableError) -> None:
        super().__init__(f"the outcome of {len(rows)} rows, from line {rows[0].line} on, is unknown: {reason}")
        self.rows = len(rows)


@dataclass(frozen=True, slots=True)
class Delivered:
    """What became of rows: those that are not named in a rejection were accepted."""

    rejections: tuple[Rejection, ...] = ()
    receipts: tuple[str, ...] = ()


class Delivery(Protocol):
    """Settles rows, at most `rows_max` of them in one go."""

    @property
    def rows_max(self) -> int:
        """How many rows are best handed over at once."""

    async def deliver(self, rows: Sequence[SoundRow]) -> Delivered:
        """Settle every row.

        Raises:
            UndeliveredError: the service could not be reached, or did not settle some of them, in any attempt.
            TxnError: the service refuses us.
        """


class BulkDelivery:
    """By bulk uploads, one at a time, in the order of the rows."""

    rows_max = 5_000

    def __init__(self, client: ApiClient, policy: RetryPolicy | None = None) -> None:
        self._client, self._policy = client, policy or RetryPolicy()

    async def deliver(self, rows: Sequence[SoundRow]) -> Delivered:
        """Upload the rows, and again those in doubt: fewer at once as long as nothing comes of it."""
        pending, size = list(rows), len(rows)
        rejections: list[Rejection] = []
        receipts: list[str] = []

        async def settle() -> None:
            nonlocal pending, size
            made_progress = False
            while pending:
                part, rest = pending[:size], pending[size:]
                try:
                    answer = await self._client.post_bulk([row.body for row in part])
                except UnavailableError as error:
                    unsettled, doubt = part, error
                else:
                    receipts.append(answer.receipt_id)
                    rejections.extend(_rejected(part, answer))
                    unsettled, doubt = _unsettled(part, answer)
                pending = unsettled + rest
                is_progress = len(unsettled) < len(part)
                size = min(len(rows), size * 2) if is_progress else max(1, size // 2)
                made_progress |= is_progress
                if unsettled:
                    doubt.made_progress = made_progress
                    raise doubt

        try:
            await self._policy.attempt(settle)
        except UnavailableError as error:
            raise UndeliveredError(pending, error) from error
        return Delivered(tuple(rejections), tuple(receipts))


class SingleDelivery:
    """One request a row, several of them at once."""

    rows_max = 1_000

    def __init__(self, client: ApiClient, policy: RetryPolicy | None = None) -> None:
        self._client, self._policy = client, policy or RetryPolicy()

    async def deliver(self, rows: Sequence[SoundRow]) -> Delivered:
        """Post the rows side by side; the answers keep the rows' order."""
        settled: dict[int, Problem | None] = {}

        async def post(row: SoundRow) -> None:
            settled[row.line] = await self._policy.attempt(lambda: self._client.post(row.body))

        try:
            await side_by_side(rows, post, workers=CONNECTIONS_MAX)
        except UnavailableError as error:
            raise UndeliveredError([row for row in rows if row.line not in settled], error) from error
        return Delivered(tuple(_faults((row, settled[row.line]) for row in rows)))


def _rejected(part: Sequence[SoundRow], answer: BulkAnswer) -> Iterator[Rejection]:
    return _faults(
        (part[number - 1], problem)
        for number, problem in sorted(answer.problems.items())
        if not problem.may_pass_later
    )


def _unsettled(part: Sequence[SoundRow], answer: BulkAnswer) -> tuple[list[SoundRow], UnavailableError]:
    """The rows to send again: those in doubt, and those that the server did not come to."""
    doubts = {number: problem for number, problem in answer.problems.items() if problem.may_pass_later}
    rows = [row for number, row in enumerate(part, start=1) if number in doubts or number > answer.read]
    code = next((problem.code for problem in doubts.values()), "not read to the end")
    return rows, UnavailableError(f"{len(rows)} of {len(part)} lines were not settled ({code})")


def _faults(outcomes: Iterable[tuple[SoundRow, Problem | None]]) -> Iterator[Rejection]:
    """The server's problems in terms of the file."""
    for row, problem in outcomes:
        if problem is None:
            continue
        for fault in problem.faults:
            yield Rejection(row.line, row.column_of(fault.pointer), fault.code, fault.message)
        if not problem.faults:
            yield Rejection(row.line, ENTIRE_ROW, problem.code, problem.title)
