"""The room for exact counts is bounded, and no account takes another's part."""

from tests.builders import ACCOUNT
from txn_api.card_masks.mask_room import MaskRoom
from txn_core.transactions.identity import Account

QUIET = Account("quiet")


def taken(room: MaskRoom, account: Account) -> int:
    """How many bytes an account gets at most."""
    count = 0
    while room.take(account, 1):
        count += 1
    return count


def test_a_flood_leaves_room_for_others() -> None:
    """Alone an account fills half, the next one half of what is left."""
    room = MaskRoom(1_000)
    assert taken(room, ACCOUNT) == 500
    assert taken(room, QUIET) == 250
    assert not room.take(ACCOUNT, 1)


def test_what_is_cleared_is_free() -> None:
    """For all of them."""
    room = MaskRoom(1_000)
    taken(room, ACCOUNT)
    room.clear()
    assert taken(room, ACCOUNT) == 500
