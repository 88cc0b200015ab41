"""The comparison of rows with the index: most are seen in their card's list, the others are asked for by id.

A list answers for many rows at once, but may lag behind (an index of DynamoDB). It can only clear a row. Whether one
is missing or different is said by the consistent read by id alone.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from ingest.api_client.client import CONNECTIONS_MAX, ApiClient
from ingest.api_client.replies import ListPage
from ingest.api_client.retry import RetryPolicy
from txn_cli.verify.cardrange import CardRange
from txn_cli.verify.expected import CardRows, Expected
from txn_cli.verify.row_content import digest_of
from txn_cli.verify.statement import Identities, StoredIds
from txn_cli.verify.verify_report import Report
from txn_core.concurrency import side_by_side
from txn_core.transactions.identity import CARD_ID_PATTERN, CardId

PROGRESS_ROWS: Final = 100
# A list costs a read by id, to learn the card's id, and one request more at least.
LISTED_ROWS_MIN: Final = 3
# Rows that are asked for the card's id, should the first ones be missing.
SAMPLES_MAX: Final = 2

_CARD_ID: Final = re.compile(CARD_ID_PATTERN)

# Told how many rows are settled.
OnSettled = Callable[[int], None]
# Told of each fault: the row's line and a key of the report.
OnFault = Callable[[int, str], None]


class IndexComparison:
    """Settles each row of one part of a file, as many requests at once as there are connections."""

    def __init__(
        self,
        client: ApiClient,
        expected: Expected,
        identities: Identities,
        *,
        policy: RetryPolicy,
        on_settled: OnSettled,
        on_fault: OnFault,
    ) -> None:
        self._client, self._expected, self._identities, self._policy = client, expected, identities, policy
        self._on_settled, self._on_fault = on_settled, on_fault
        self._settled = 0
        self._faults: Counter[str] = Counter()
        self._in_doubt: list[int] = []

    async def run(self) -> Report:
        """Compare the rows of every card: first card by card, then row by row what that left open."""
        await side_by_side(self._expected.cards, self._compare_card, workers=CONNECTIONS_MAX)
        self._in_doubt.sort(key=self._expected.lines.__getitem__)
        await side_by_side(self._in_doubt, self._compare_by_id, workers=CONNECTIONS_MAX)
        self._on_settled(self._settled)
        return Report(rows=self._settled, tables={}, **self._faults)

    async def _compare_card(self, rows: CardRows) -> None:
        if len(rows.numbers) < LISTED_ROWS_MIN:
            self._in_doubt += rows.numbers
            return
        for compared, sample in enumerate(rows.numbers[:SAMPLES_MAX], start=1):
            card_id = _card_id(await self._compare_by_id(sample))
            if card_id is not None:
                await self._compare_list(CardRange.around(rows, card_id), rows.numbers[compared:])
                return
        self._in_doubt += rows.numbers[SAMPLES_MAX:]

    async def _compare_list(self, span: CardRange, numbers: Sequence[int]) -> None:
        """Clear every row that its card's list shows as it should be; the others stay in doubt."""
        unseen: defaultdict[object, list[int]] = defaultdict(list)
        for number in numbers:
            unseen[self._expected.ids[number]].append(number)
        cursor = None
        for _ in range(span.pages_max):
            page = await self._page(span, cursor)
            for document in page.documents:
                self._compare_listed(unseen.pop(document.get("transaction_id"), ()), document)
            cursor = page.next_cursor
            if cursor is None or not unseen:
                break
        for same_id in unseen.values():
            self._in_doubt += same_id

    async def _page(self, span: CardRange, cursor: str | None) -> ListPage:
        return await self._policy.attempt(
            lambda: self._client.list_card(span.card_id, span.start, span.end, span.page_rows, cursor)
        )

    def _compare_listed(self, numbers: Iterable[int], document: Mapping[str, object]) -> None:
        for number in numbers:
            if self._agree(number, document):
                self._settle(number)
            else:
                self._in_doubt.append(number)

    async def _compare_by_id(self, number: int) -> Mapping[str, object] | None:
        document = await self._policy.attempt(lambda: self._client.get(self._expected.ids[number]))
        if document is None:
            self._settle(number, "missing_in_index")
        else:
            self._settle(number, None if self._agree(number, document) else "different_in_index")
        return document

    def _agree(self, number: int, document: Mapping[str, object]) -> bool:
        expected = self._expected
        return digest_of(document) == expected.digests[number] and self._identities.fit(
            expected.card(number), StoredIds.of(document)
        )

    def _settle(self, number: int, fault: str | None = None) -> None:
        if fault is not None:
            self._faults[fault] += 1
            self._on_fault(self._expected.lines[number], fault)
        self._settled += 1
        if self._settled % PROGRESS_ROWS == 0:
            self._on_settled(self._settled)


def _card_id(document: Mapping[str, object] | None) -> CardId | None:
    """The id that a document gives its card: a hint of where to look, which need not be right."""
    card_id = (document or {}).get("card_id")
    return CardId(card_id) if isinstance(card_id, str) and _CARD_ID.fullmatch(card_id) else None
