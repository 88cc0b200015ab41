"""Card states on a real server: conditional writes, consistent reads in batches, and items that somebody damaged."""

import secrets
from typing import TYPE_CHECKING, Any

import pytest

from txn_core.drains import SCORE
from txn_core.dynamodb.attributes import string
from txn_core.dynamodb.card_states import CardStateDocument, CardStateTable, StoredCardState
from txn_core.dynamodb.dynamodb_table import BATCH_KEYS_MAX, ROUNDS_MAX
from txn_core.dynamodb.table_shapes import create_request
from txn_core.dynamodb.tables import TableNames

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

(SHAPE,) = SCORE.tables
DOCUMENT = CardStateDocument(b"\0\xff history", {"shardId-000000000000": "495/3", "a shard": "1/0"})


@pytest.fixture(name="made")
async def _made(dynamodb: "DynamoDBClient", names: TableNames) -> str:
    """The name of an empty table."""
    name = f"{names.prefix}-{SHAPE.name}-{secrets.token_hex(4)}"
    await dynamodb.create_table(**create_request(name, SHAPE))
    await dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    return name


async def test_a_state_is_written_on_the_version_that_was_seen(dynamodb: "DynamoDBClient", made: str) -> None:
    table = CardStateTable(dynamodb, made)
    second = CardStateDocument(b"second", {})
    assert await table.load(["one"]) == {}
    assert await table.put("one", DOCUMENT, None)
    assert not await table.put("one", second, None)
    assert await table.load(["one", "one", "none"]) == {"one": StoredCardState(DOCUMENT, 0)}
    assert await table.put("one", second, 0)
    assert not await table.put("one", DOCUMENT, 0)
    assert not await table.put("never there", DOCUMENT, 0)
    assert await table.load(["one"]) == {"one": StoredCardState(second, 1)}
    keys = [f"card {number}" for number in range(BATCH_KEYS_MAX + 1)]
    for key in (keys[0], keys[-1]):
        assert await table.put(key, DOCUMENT, None)
    assert (await table.load(keys)).keys() == {keys[0], keys[-1]}


async def test_a_damaged_item_is_a_state_without_bytes(dynamodb: "DynamoDBClient", made: str) -> None:
    table = CardStateTable(dynamodb, made)
    whole: dict[str, Any] = {
        "card": string("one"), "history": {"B": b"sound"}, "applied": {"M": {}}, "version": {"N": "4"}
    }  # fmt: skip
    for damage in (
        {"history": string("x")}, {"history": None}, {"applied": None}, {"applied": string("x")}, {"version": None},
    ):  # fmt: skip
        item = {name: value for name, value in (whole | damage).items() if value is not None}
        await dynamodb.put_item(TableName=made, Item=item)
        assert (await table.load(["one"]))["one"].document.history == b""


class _Reluctant:
    """A client that leaves keys over, as DynamoDB does under load and behind 16 MB."""

    def __init__(self, answered: list[int]) -> None:
        self.answered = answered

    async def batch_get_item(self, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803 - as boto has it
        keys = RequestItems["states"]["Keys"]
        taken = self.answered.pop(0) if self.answered else 0
        found = [{**key, "history": {"B": b"h"}, "applied": {"M": {}}, "version": {"N": "0"}} for key in keys[:taken]]
        left = {"states": {"Keys": keys[taken:], "ConsistentRead": True}} if keys[taken:] else {}
        return {"Responses": {"states": found}, "UnprocessedKeys": left}


async def test_keys_that_are_left_over_are_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("txn_core.dynamodb.dynamodb_table.PAUSE_S", 0.0)
    client: Any = _Reluctant([2, *(ROUNDS_MAX - 1) * [0], 1, 2])
    assert (await CardStateTable(client, "states").load("abcde")).keys() == set("abcde")
    client.answered = [1]
    with pytest.raises(TimeoutError, match="none of 3 keys"):
        await CardStateTable(client, "states").load("xyz")
