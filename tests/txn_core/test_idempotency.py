"""What is kept of idempotency keys: one contract for the table and for the fake that stands for it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from tests.builders import card_number, json_bytes, keys
from tests.builders import full_body as body
from tests.support.memory_records import MemoryRecords
from txn_core.aws.clients import Aws
from txn_core.dynamodb.tables import TableNames, definitions
from txn_core.idempotency import Fingerprint, Fingerprints, IdempotencyTable, Record, RecordId
from txn_core.settings import Settings
from txn_core.transactions.identity import Account

if TYPE_CHECKING:
    from types_aiobotocore_dynamodb import DynamoDBClient

CLAIM = Record(
    RecordId("r" * 64), Fingerprint("f" * 64), token="t1", expires_at_s=1_800_000_000, lapses_at_s=1_799_000_000.125
)
KEPT = replace(CLAIM, token="t2", lapses_at_s=0.0, answer=b'{"status":"accepted"}\xff')


@pytest.fixture
async def table(settings: Settings) -> AsyncIterator[IdempotencyTable]:
    """The table on a real server."""
    name = TableNames(settings.table_prefix).idempotency
    async with Aws(settings).dynamodb() as dynamodb:
        (definition,) = (d for d in definitions(TableNames(settings.table_prefix)) if d["TableName"] == name)
        await dynamodb.create_table(**definition)
        await dynamodb.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 0, "MaxAttempts": 200})
        yield IdempotencyTable(dynamodb, name)


@pytest.fixture(params=["memory", "table"])
def records(request: pytest.FixtureRequest) -> "MemoryRecords | IdempotencyTable":
    """The fake, then the table."""
    return MemoryRecords() if request.param == "memory" else request.getfixturevalue("table")


Store = MemoryRecords | IdempotencyTable


async def test_a_record_comes_back_as_it_was_put(records: Store) -> None:
    """Claims and answers, byte for byte, with fractions of a second."""
    assert await records.find(CLAIM.id) is None
    assert await records.create(CLAIM) == CLAIM
    assert await records.find(CLAIM.id) == CLAIM
    assert await records.replace(CLAIM, KEPT) == KEPT
    assert await records.find(CLAIM.id) == KEPT


async def test_a_record_is_created_once(records: Store) -> None:
    """Whoever comes second is told what is there."""
    await records.create(CLAIM)
    assert await records.create(replace(CLAIM, token="t9")) == CLAIM


async def test_only_what_was_seen_is_replaced(records: Store) -> None:
    """A write that was decided on an older record, or on one that has gone, changes nothing."""
    assert await records.replace(CLAIM, KEPT) is None
    assert await records.find(CLAIM.id) is None
    await records.create(CLAIM)
    await records.replace(CLAIM, KEPT)
    assert await records.replace(CLAIM, replace(CLAIM, token="t9")) == KEPT
    assert await records.find(CLAIM.id) == KEPT


async def test_of_many_at_once_one_wins(records: Store) -> None:
    """Both of creations and of replacements, and all are told who it was."""
    claims = [replace(CLAIM, token=f"c{n}") for n in range(20)]
    told = await asyncio.gather(*(records.create(claim) for claim in claims))
    assert len(set(told)) == 1
    (first,) = set(told)
    assert first is not None
    takeovers = [replace(CLAIM, token=f"o{n}") for n in range(20)]
    told = await asyncio.gather(*(records.replace(first, takeover) for takeover in takeovers))
    assert len(set(told)) == 1
    assert told[0] in takeovers


async def test_what_stands_in_the_way_is_taken_from_the_refusal_where_it_says_so() -> None:
    """AWS names it in the refusal, which saves a read."""
    there = {
        "id": {"S": CLAIM.id},
        "fingerprint": {"S": CLAIM.fingerprint},
        "token": {"S": CLAIM.token},
        "expires_at": {"N": str(CLAIM.expires_at_s)},
        "lapses_at": {"N": str(CLAIM.lapses_at_s)},
    }

    class Refusing:
        async def put_item(self, **request: Any) -> None:
            assert request["ReturnValuesOnConditionCheckFailure"] == "ALL_OLD"
            answer: Any = {"Error": {"Code": "ConditionalCheckFailedException"}, "Item": there}
            raise ClientError(answer, "PutItem")

    table = IdempotencyTable(cast("DynamoDBClient", Refusing()), "table")
    assert await table.create(replace(CLAIM, token="t9")) == CLAIM


async def test_other_errors_go_on(settings: Settings) -> None:
    """A missing table is not a lost race."""
    async with Aws(settings).dynamodb() as dynamodb:
        with pytest.raises(ClientError, match="ResourceNotFound"):
            await IdempotencyTable(dynamodb, "no-such-table").create(CLAIM)


FINGERPRINTS = Fingerprints.of(keys())


def test_known_answers_of_record_ids_and_fingerprints() -> None:
    """They are the same in each version of us: a record outlives a deployment."""
    record_id = FINGERPRINTS.record_id(Account("acme"), "POST /transactions", "k-1")
    assert record_id == "1221931ea71d1249f3c7e0d1b97c688c11a8d173538eeb0df2703efa3d2f1cf3"
    assert (
        FINGERPRINTS.fingerprint(record_id, b"{}")
        == "f9ba8adc4e0fd3d75ea237d4b0f8ce022d0272e8076e76778108b32e9ace7d46"
    )


def test_a_record_id_is_of_account_operation_and_key() -> None:
    """Each of them makes another one, and where one ends and the next begins does so, too."""
    subjects = [("a", "op", "k"), ("b", "op", "k"), ("a", "po", "k"), ("a", "op", "l"), ("a", "opk", "k")]
    ids = {FINGERPRINTS.record_id(Account(account), op, key) for account, op, key in subjects}
    assert len(ids) == len(subjects)


def test_a_fingerprint_is_of_the_body_under_one_key() -> None:
    """Nobody who reads the table can tell that the same body was sent under two keys."""
    one, other = (FINGERPRINTS.record_id(Account("a"), "op", key) for key in ("k", "l"))
    assert FINGERPRINTS.fingerprint(one, b"body") == FINGERPRINTS.fingerprint(one, b"body")
    assert FINGERPRINTS.fingerprint(one, b"body") != FINGERPRINTS.fingerprint(one, b"body ")
    assert FINGERPRINTS.fingerprint(one, b"body") != FINGERPRINTS.fingerprint(other, b"body")


def test_a_fingerprint_gives_no_card_number_away_without_the_key() -> None:
    """Who knows all of a body but the card number and tries each number needs the identity key for it."""
    sent = json_bytes(body(card_number=card_number(7)))
    record_id = FINGERPRINTS.record_id(Account("a"), "op", "k")
    foreign = Fingerprints(bytes(32))
    assert FINGERPRINTS.fingerprint(record_id, sent) != foreign.fingerprint(record_id, sent)
    assert str(FINGERPRINTS.key) not in repr(FINGERPRINTS)
