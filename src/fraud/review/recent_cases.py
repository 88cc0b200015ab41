"""The traits of an account's recent cases, read by its latest alerts, and kept for a minute."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final

from pydantic_core import from_json

from fraud.records.similarity import Traits, similarity, traits_of
from txn_core.dynamodb.ranges import RangeQuery, Span
from txn_core.dynamodb.review.alerts import AlertTable
from txn_core.recent import RecentReads
from txn_core.transactions.identity import Account, CaseId
from txn_core.transactions.instants import Instant, datetime_of, instant_of, now

SINCE: Final = timedelta(days=90)
ALERTS_MAX: Final = 1_000
"""The latest alerts that are looked at: they are of a thousand cases at most."""
OWN_ALERTS_MAX: Final = 300
SIMILAR_MAX: Final = 10
KEPT_S: Final = 60.0
KEPT_ACCOUNTS_MAX: Final = 16
READ_S_MAX: Final = 10.0
_ROWS: Final = 100
"""Of one read: they are taken apart in one turn of the event loop."""


@dataclass(frozen=True, slots=True)
class RecentCases:
    """What was looked at.

    Attributes:
        traits: by case.
        since: of the oldest alert that may be among them.
        is_all: whether these are all cases with alerts since then.
    """

    traits: dict[CaseId, Traits]
    since: Instant
    is_all: bool


@dataclass(frozen=True, slots=True)
class SimilarCase:
    """A case that is like another one."""

    case_id: CaseId
    similarity: float
    shared: Traits


class SimilarCases:
    """Finds the cases that are most like a case."""

    def __init__(self, alerts: AlertTable, clock: Callable[[], Instant] = now) -> None:
        self._alerts, self._clock = alerts, clock
        self._recent = RecentReads(self._read, KEPT_S, kept_max=KEPT_ACCOUNTS_MAX, read_s_max=READ_S_MAX)

    async def of(self, account: Account, case_id: CaseId) -> tuple[list[SimilarCase], RecentCases]:
        """The cases most like this one, the most alike first, and what was looked at."""
        recent = await self._recent.get(account)
        documents, _ = await self._documents(self._alerts.of_case(account, case_id, Span()), OWN_ALERTS_MAX)
        own = traits_of(documents)
        found = [
            SimilarCase(each, alike, own & traits)
            for each, traits in recent.traits.items()
            if each != case_id and (alike := similarity(own, traits)) > 0
        ]
        found.sort(key=lambda each: -each.similarity)  # of equal ones those of the latest alerts come first
        return found[:SIMILAR_MAX], recent

    async def _read(self, account: Account) -> RecentCases:
        since = instant_of(datetime_of(self._clock()) - SINCE)
        documents, is_all = await self._documents(self._alerts.of_account(account, Span(start=since)), ALERTS_MAX)
        by_case = defaultdict[CaseId, list[Any]](list)
        for document in documents:
            by_case[document["case_id"]].append(document)
        return RecentCases({case_id: traits_of(some) for case_id, some in by_case.items()}, since, is_all)

    async def _documents(self, query: RangeQuery, count_max: int) -> tuple[list[dict[str, Any]], bool]:
        """The latest alerts of a range, and whether these are all."""
        found: list[dict[str, Any]] = []
        while len(found) < count_max:
            span = replace(query.span, limit=min(_ROWS, count_max - len(found)))
            page = await self._alerts.index.page(replace(query, span=span))
            found += [from_json(row.event) for row in page.rows]
            if not page.has_more:
                return found, True
            query = query.behind(page.rows[-1].sort)
        return found, False
