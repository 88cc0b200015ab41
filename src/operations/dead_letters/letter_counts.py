"""How many dead letters there are, by their names alone: no letter is read."""

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime, timedelta
from typing import Final, TypeVar

from operations.dead_letters.letter_catalogue import Name
from operations.dead_letters.replays import sent_places
from operations.shapes import DeadLetterCountShape, DeadLetterFigures
from txn_core.aws.objects import ObjectStore
from txn_core.lake.layout import DEAD_LETTER_PREFIX
from txn_core.transactions.instants import instant_of
from workers.events.reasons import REASONS, Reason

T = TypeVar("T")

KEYS_MAX: Final = 2_000
"""Keys that are listed of a reason, and of what was sent again: two pages of S3 each."""
RECENT: Final = timedelta(days=1)


async def count_letters(store: ObjectStore, at: datetime | None = None) -> DeadLetterFigures:
    """The letters of each reason. The copies of one position that several drains left are one letter.

    Raises:
        ClientError, BotoCoreError, OSError: the bucket does not answer.
    """
    at = at or datetime.now(UTC)
    sent = await sent_places(store, KEYS_MAX)
    reasons = [await _count(store, reason, at, sent) for reason in REASONS]
    return DeadLetterFigures(read_at=instant_of(at), reasons=reasons)


async def _count(store: ObjectStore, reason: Reason, at: datetime, sent: frozenset[str]) -> DeadLetterCountShape:
    prefix = f"{DEAD_LETTER_PREFIX}{reason}/"
    keys = [key async for key in first(store.keys(prefix), KEYS_MAX + 1)]
    # The latest come last in a list, perhaps beyond what is counted.
    recent = [key async for day in _days(at) async for key in first(store.keys(f"{prefix}dt={day}/"), KEYS_MAX)]
    return DeadLetterCountShape(
        reason=reason,
        kept=len(_places_of(keys[:KEYS_MAX])),
        kept_more=len(keys) > KEYS_MAX,
        waiting=sum(not _was_sent(place, sent) for place in _places_of(recent)),
    )


async def _days(at: datetime) -> AsyncIterator[str]:
    for day in (at - RECENT, at):
        yield f"{day:%Y-%m-%d}"


def _was_sent(place: str, sent: frozenset[str]) -> bool:
    """Whether a letter was sent again; of a whole record, whether one of its sub-records was."""
    record, _, sub = place.rpartition("-")
    return place in sent or ("x" in sub and any(each.rpartition("-")[0] == record for each in sent))


def _places_of(keys: Iterable[str]) -> set[str]:
    return {name.place for key in keys if (name := Name.of(key)) is not None}


async def first(items: AsyncIterator[T], count: int) -> AsyncIterator[T]:
    """So many of some items at most."""
    taken = 0
    async for item in items:
        yield item
        taken += 1
        if taken == count:
            return
