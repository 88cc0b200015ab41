"""Keeps the table of a card's ids behind the events that name several; spares its repeated writes."""

import math
from collections import OrderedDict
from typing import Final

from txn_core.dynamodb.cards import CardTable
from txn_core.transactions.event import Event
from txn_core.transactions.identity import Account, CardId
from workers.retries import UNLIMITED, Patience, retry_outages

CARDS_REMEMBERED_MAX: Final = 20_000


class CardIds:
    """The ids of cards as one worker process has seen and written them."""

    def __init__(
        self,
        table: CardTable,
        cards_max: int = CARDS_REMEMBERED_MAX,
        patience: Patience = UNLIMITED,
    ) -> None:
        self._table, self._max, self._patience = table, cards_max, patience
        # The ids that were written, and until when they are kept.
        self._written: OrderedDict[tuple[Account, CardId], tuple[frozenset[CardId], float]] = OrderedDict()

    async def note(self, event: Event, expires_at: int | None = None) -> None:
        """See to it that every id of the event's card leads to the others; durable on return.

        `expires_at` is until when, in seconds since 1970; None for ever.

        Nothing but a look at the event while the card key was never compromised.
        """
        if not event.card_aliases:
            return
        card, ids = (event.account, event.card_id), frozenset((event.card_id, *event.card_aliases))
        end = math.inf if expires_at is None else expires_at
        written, kept_until = self._written.get(card, (frozenset(), 0))
        if not ids <= written or end > kept_until:
            await retry_outages(
                "card ids", lambda: self._table.unite(event.account, sorted(ids), expires_at), until=self._patience
            )
            self._written[card] = ids, max(end, kept_until)
        self._written.move_to_end(card)
        if len(self._written) > self._max:
            self._written.popitem(last=False)
