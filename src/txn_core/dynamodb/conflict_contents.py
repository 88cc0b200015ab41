"""The events of conflicts, kept in the item that they contradict, so that its client can read what they said.

Dead letters hold them too, but sealed, in another store, and for operators. In the item they come with one read and
are added by the same write as the note of the conflict. Few are kept, and none that is large: an item has 400 KB at
most, and whatever has no room here is in the dead letters.
"""

from collections.abc import Mapping
from typing import Any, Final

from txn_core.dynamodb.attributes import strings
from txn_core.positions import WriteOrder

CONTENTS: Final = "contents"
CONTENTS_MAX: Final = 16
"""Contents that one item keeps."""
CONTENT_BYTES_MAX: Final = 12 << 10
"""The largest content that is kept. Only producers other than the API can make a larger one."""
WINNER_BYTES_MAX: Final = 64 << 10
"""The largest event beside which contents are kept."""


def is_kept(event: str, *, beside: str) -> bool:
    """Whether the event of a conflict may be kept beside the event that it contradicts."""
    return len(event.encode()) <= CONTENT_BYTES_MAX and len(beside.encode()) <= WINNER_BYTES_MAX


def contents_attribute(contents: Mapping[WriteOrder, str]) -> dict[str, Any]:
    """The attribute of an item; none where there is no content."""
    if not contents:
        return {}
    return {CONTENTS: strings(f"{order.text} {event}" for order, event in contents.items())}


def contents_of(item: Mapping[str, Any]) -> dict[WriteOrder, str]:
    """The contents that an item keeps, by the orders of their writes."""
    found = (text.partition(" ") for text in item.get(CONTENTS, {}).get("SS", ()))
    return {WriteOrder(order): event for order, _, event in found}
