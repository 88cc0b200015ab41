"""Puts API keys back from a backup. A key that was revoked, in the table or in the backup, is revoked afterwards."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any

from txn_core.api_keys import ApiKeyTable, KeyId
from txn_core.dynamodb.attributes import string
from txn_core.exceptions import StoreError
from txn_core.transactions.instants import Instant


@dataclass(frozen=True, slots=True)
class Restored:
    """How many keys a restoration found in the backup, by what it did with them."""

    restored: int = 0
    kept: int = 0
    """Those that the table had: they stay as they are, but for being revoked."""
    revoked: int = 0
    """How many of all these are revoked now, by the backup or by whoever asks."""


async def restore(table: ApiKeyTable, items: Iterable[Any], revoked: Collection[KeyId], at: Instant) -> Restored:
    """Put back each key that the table lacks.

    `revoked` are keys that were revoked after the backup was made. They are put back as revoked at `at`, so that none
    of them is in force for a moment. Doing it again changes nothing.

    Raises:
        StoreError: one of `revoked` is in no backup.
    """
    by_id = {KeyId(item["key_id"]["S"]): item for item in items}
    if unknown := set(revoked) - by_id.keys():
        raise StoreError(f"the backup has {len(unknown)} of the keys not that are named as revoked: nothing was done")
    counts = {"restored": 0, "kept": 0, "revoked": 0}
    for key_id, item in by_id.items():
        kept = item if key_id not in revoked else {"revoked_at": string(at), **item}
        was_put = await table.restore(kept)
        counts["restored" if was_put else "kept"] += 1
        if "revoked_at" in kept:
            counts["revoked"] += 1
            if not was_put:
                await table.revoke(key_id)
    return Restored(**counts)
