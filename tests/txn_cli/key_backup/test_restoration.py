"""What a restoration does with each key, on a table in memory."""

from typing import Any, cast

import pytest

from txn_cli.key_backup.restoration import Restored, restore
from txn_core.api_keys import ApiKeyTable, KeyId
from txn_core.exceptions import StoreError
from txn_core.transactions.instants import Instant

AT = Instant("2026-11-30T12:00:00.000000Z")
EARLIER = {"revoked_at": {"S": "2026-11-29T12:00:00.000000Z"}}


class MemoryKeys:
    """The part of the table that a restoration uses."""

    def __init__(self, *items: Any) -> None:
        self.items = {item["key_id"]["S"]: item for item in items}

    async def restore(self, item: Any) -> bool:
        return self.items.setdefault(item["key_id"]["S"], item) is item

    async def revoke(self, key_id: KeyId) -> bool:
        self.items[key_id] = {"revoked_at": {"S": AT}, **self.items[key_id]}
        return True


def _item(key_id: str, **more: Any) -> dict[str, Any]:
    return {"key_id": {"S": key_id}, **more}


async def _restored(table: MemoryKeys, *items: Any, revoked: tuple[str, ...] = ()) -> Restored:
    return await restore(cast("ApiKeyTable", table), items, list(map(KeyId, revoked)), AT)


async def test_what_is_missing_comes_back_as_it_was() -> None:
    table, items = MemoryKeys(), [_item("a", later={"S": "an attribute of a later version"}), _item("b", **EARLIER)]
    assert await _restored(table, *items) == Restored(restored=2, kept=0, revoked=1)
    assert list(table.items.values()) == items


async def test_what_is_there_stays() -> None:
    table = MemoryKeys(_item("a", name={"S": "new"}))
    assert await _restored(table, _item("a", name={"S": "old"})) == Restored(restored=0, kept=1, revoked=0)
    assert table.items["a"] == _item("a", name={"S": "new"})


@pytest.mark.parametrize("there", [True, False])
@pytest.mark.parametrize("how", ["by the backup", "by the operator"])
async def test_a_revoked_key_is_revoked_afterwards(how: str, *, there: bool) -> None:
    """Whether or not the table has it, and whoever says that it is revoked."""
    table = MemoryKeys(*([_item("a")] if there else []))
    item = _item("a", **(EARLIER if how == "by the backup" else {}))
    done = await _restored(table, item, revoked=() if how == "by the backup" else ("a",))
    assert done == Restored(restored=int(not there), kept=int(there), revoked=1)
    assert "revoked_at" in table.items["a"]


async def test_a_revocation_that_the_table_knows_stays() -> None:
    table = MemoryKeys(_item("a", **EARLIER))
    await _restored(table, _item("a"))
    await _restored(table, _item("a"), revoked=("a",))
    assert table.items["a"] == _item("a", **EARLIER)


async def test_the_time_of_an_earlier_revocation_is_kept() -> None:
    table = MemoryKeys()
    await _restored(table, _item("a", **EARLIER), revoked=("a",))
    assert table.items["a"] == _item("a", **EARLIER)


async def test_nothing_is_done_when_a_revoked_key_is_in_no_backup() -> None:
    table = MemoryKeys()
    with pytest.raises(StoreError, match="nothing was done"):
        await _restored(table, _item("a"), revoked=("a", "b"))
    assert table.items == {}
