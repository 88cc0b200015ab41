"""Which names of merchants a worker process has stored; spares their repeated writes."""

import math
from collections import OrderedDict
from typing import Final

from txn_core.dynamodb.expiry import seconds_of
from txn_core.positions import WriteOrder
from txn_core.transactions.identity import Account, MerchantId

MERCHANTS_REMEMBERED_MAX: Final = 20_000


class MerchantMemory:
    """The smallest order that each of the latest merchants was stored with, and until when its name is kept.

    A name that is kept for some days and lives on is written once a day.
    """

    def __init__(self, merchants_max: int = MERCHANTS_REMEMBERED_MAX) -> None:
        self._max = merchants_max
        self._names: OrderedDict[tuple[Account, MerchantId], tuple[WriteOrder, float]] = OrderedDict()

    def knows(
        self, account: Account, merchant_id: MerchantId, order: WriteOrder, expires_at: int | None = None
    ) -> bool:
        """Whether a name of this order or an earlier one was stored, to be kept for as long; None is for ever."""
        known = self._names.get((account, merchant_id))
        if known is None or order < known[0] or _end(expires_at) > known[1]:
            return False
        self._names.move_to_end((account, merchant_id))
        return True

    def remember(
        self, account: Account, merchant_id: MerchantId, order: WriteOrder, expires_at: int | None = None
    ) -> None:
        """A name of this order is stored, or one of an earlier order was there."""
        key = (account, merchant_id)
        first, end = self._names.get(key, (order, 0.0))
        if end <= seconds_of(order.accepted_at):  # that name was over by then
            first = order
        self._names[key] = min(first, order), max(_end(expires_at), end)
        self._names.move_to_end(key)
        if len(self._names) > self._max:
            self._names.popitem(last=False)


def _end(expires_at: int | None) -> float:
    return math.inf if expires_at is None else expires_at
