"""What has changed of an account's cases, look by look, and the latest events about it.

A look reads the versions of the cases that are not closed, and the summaries of those that have changed. Listeners
have a place in the events and no buffer of their own: who falls behind the kept events is told to read the list.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from pydantic_core import from_json, to_json

from fraud.records.case_views import summary_at
from txn_api.case_events.event_format import event
from txn_core.dynamodb.review.active_cases import ActiveCase, ActiveCases
from txn_core.dynamodb.review.cases import CaseTable
from txn_core.transactions.identity import Account, CaseId
from txn_core.transactions.instants import Instant, now

CASES_MAX: Final = 1_000
"""Cases that a look sees, those that were opened last: as many as the page's queue has."""
CHANGES_MAX: Final = 200
"""More changes than this in one look are told as `reset`: to read the list costs less."""
EVENTS_MAX: Final = 256
"""Events that are kept for whoever is behind."""


class _Standing(NamedTuple):
    """What tells that a case has changed: its version, and whether a claim or a snooze, or an assignment, holds."""

    version: int
    is_waiting: bool
    is_assigned: bool

    @classmethod
    def of_row(cls, row: ActiveCase, at: Instant) -> "_Standing":
        return cls(row.version, row.free_at > at, row.assigned_until > at)

    @classmethod
    def of_summary(cls, summary: Mapping[str, Any], at: Instant) -> "_Standing":
        until = summary["claim_expires_at"] or summary["snoozed_until"] or ""
        return cls(summary["version"], until > at, summary["assigned_to"] is not None)

    def is_news_after(self, before: "_Standing | None") -> bool:
        """Whether it differs from what is known; an index that lags shows older versions, which are no news."""
        return before is None or (self != before and self.version >= before.version)


class CaseFeed:
    """The events of one account. Whoever looks takes care that one look is under way at a time."""

    def __init__(
        self, account: Account, active: ActiveCases, cases: CaseTable, clock: Callable[[], Instant] = now
    ) -> None:
        self._account, self._active, self._cases, self._clock = account, active, cases, clock
        self._name = secrets.token_hex(4)
        self._known: dict[CaseId, _Standing] | None = None
        self._events = deque[bytes](maxlen=EVENTS_MAX)
        self._last = 0
        self._wakes: set[asyncio.Event] = set()
        self.has_ended = False
        """Whether nobody looks any more, since looks fail."""

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._wakes)

    def add(self, wake: asyncio.Event) -> None:
        """Have an event set whenever there is something to tell."""
        self._wakes.add(wake)

    def remove(self, wake: asyncio.Event) -> None:
        """Undo `add`."""
        self._wakes.discard(wake)

    @property
    def last(self) -> int:
        """The number of the last event."""
        return self._last

    def event_id(self, number: int) -> str:
        """What a listener names to go on behind an event."""
        return f"{self._name}-{number}"

    def number_of(self, event_id: str) -> int | None:
        """The number of an event of this feed from which a listener can go on; None where it cannot."""
        name, _, digits = event_id.partition("-")
        if name != self._name or not (digits.isascii() and digits.isdecimal()) or len(digits) > len(str(self._last)):
            return None
        number = int(digits)
        return None if self.since(number) is None else number

    def since(self, number: int) -> Sequence[bytes] | None:
        """The events behind that one; None where some of them are not kept."""
        behind = self._last - number
        if not 0 <= behind <= len(self._events):
            return None
        return [self._events[at] for at in range(len(self._events) - behind, len(self._events))]

    def end(self) -> None:
        """Have every listener end."""
        self.has_ended = True
        self._wake()

    async def look(self) -> None:
        """Find out what has changed since the last look; the first look tells nothing.

        Raises:
            StoreError: DynamoDB gave only some of the cases.
        """
        at = self._clock()
        rows = await self._active.latest(self._account, CASES_MAX)
        present = {row.case_id: _Standing.of_row(row, at) for row in rows}
        known = self._known
        if known is None:
            self._known = present
            return
        changed = [case_id for case_id, each in present.items() if each.is_news_after(known.get(case_id))]
        changed += [case_id for case_id in known if case_id not in present]  # closed, or no longer among the latest
        last = self._last
        if len(changed) > CHANGES_MAX:
            self._known = present
            self._events.clear()
            self._last += 1
        else:
            await self._tell(present, changed, at)
        if self._last > last:
            self._wake()

    async def _tell(self, present: dict[CaseId, _Standing], changed: Sequence[CaseId], at: Instant) -> None:
        """Make an event of each case that has changed."""
        known = self._known or {}
        summaries = await self._cases.summaries(self._account, changed) if changed else {}
        # What was told may be later than what the index shows.
        told = {case_id: each for case_id in present if (each := known.get(case_id)) is not None}
        for case_id in reversed(changed):
            if (text := summaries.get(case_id)) is None:
                continue
            summary = summary_at(from_json(text), at)
            standing = _Standing.of_summary(summary, at)
            if standing.is_news_after(known.get(case_id)):
                self._last += 1
                self._events.append(event("case", to_json(summary), self.event_id(self._last)))
            if case_id in present and summary["status"] != "closed":
                told[case_id] = standing
        self._known = told

    def _wake(self) -> None:
        for wake in self._wakes:
            wake.set()
