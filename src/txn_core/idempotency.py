"""What is kept of an `Idempotency-Key`: to which body it is bound, who is at work on it, and the first answer.

Nothing in a record is what a client wrote. Its id and its fingerprint are HMACs: the body has a card number in it,
of which a plain hash gives away the few digits that its mask hides. The answer holds ids and a place alone.

Every write is conditional on the token of what was seen and carries a new one, so that whoever acts on an older
record is refused.
"""

import hmac
from dataclasses import dataclass, field
from typing import Any, NewType, Protocol

from botocore.exceptions import ClientError

from txn_core.aws.errors import Failure, failure_of
from txn_core.dynamodb.attributes import number, string
from txn_core.dynamodb.dynamodb_table import DynamoDBTable
from txn_core.dynamodb.table_shapes import EXPIRES_AT
from txn_core.transactions.identity import Account, KeyRing

RecordId = NewType("RecordId", str)
Fingerprint = NewType("Fingerprint", str)


@dataclass(frozen=True, slots=True)
class Record:
    """A key as it stands: with an answer, or with the moment at which whoever works on it is given up.

    Times are seconds since 1970 by the clock of the process that wrote them.
    """

    id: RecordId
    fingerprint: Fingerprint
    token: str
    expires_at_s: int
    lapses_at_s: float = 0.0
    answer: bytes | None = field(default=None, repr=False)


class Records(Protocol):
    """A store of records whose writes are conditional. Each gives the record that the key has afterwards.

    None means that there is none now although there was one a moment before: ask again.
    """

    async def create(self, record: Record) -> Record | None:
        """Put a record where there is none."""

    async def replace(self, seen: Record, record: Record) -> Record | None:
        """Put a record in the place of the one that was seen."""


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Names keys and bodies without keeping a word of them."""

    key: bytes = field(repr=False)

    @classmethod
    def of(cls, keys: KeyRing) -> "Fingerprints":
        """Under the key that never rotates: a fingerprint has to be the same for as long as its record is kept."""
        return cls(keys.identity_key)

    def record_id(self, account: Account, operation: str, idempotency_key: str) -> RecordId:
        """The id of an account's key for an operation."""
        return RecordId(self._mac("idempotency/record", account, operation, idempotency_key))

    def fingerprint(self, record_id: RecordId, body: bytes) -> Fingerprint:
        """What a body is known by under one key; under another the same body is known by something else."""
        return Fingerprint(self._mac("idempotency/body", record_id, body))

    def _mac(self, context: str, *subject: str | bytes) -> str:
        parts = (part if isinstance(part, bytes) else part.encode() for part in (f"txn-api/{context}", *subject))
        return hmac.digest(self.key, b"\0".join(parts), "sha256").hex()


class IdempotencyTable(DynamoDBTable):
    """The records in DynamoDB; its TTL removes what has expired, days later at worst."""

    async def create(self, record: Record) -> Record | None:
        """Put a record where there is none."""
        return await self._put(record, ConditionExpression="attribute_not_exists(id)")

    async def replace(self, seen: Record, record: Record) -> Record | None:
        """Put a record in the place of the one that was seen."""
        return await self._put(
            record,
            ConditionExpression="#token = :seen",
            ExpressionAttributeNames={"#token": "token"},
            ExpressionAttributeValues={":seen": string(seen.token)},
        )

    async def find(self, record_id: RecordId) -> Record | None:
        """A record, read consistently; expired ones too, as long as they are there."""
        item = await self._item({"id": string(record_id)})
        return None if item is None else _record(item)

    async def _put(self, record: Record, **condition: Any) -> Record | None:
        try:
            await self._client.put_item(
                TableName=self._name,
                Item=_item(record),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
                **condition,
            )
        except ClientError as error:
            if failure_of(error) is not Failure.CONDITION_FAILED:
                raise
            # Local servers do not say what stood in the way.
            there: Any = error.response.get("Item")
            return _record(there) if there else await self.find(record.id)
        return record


def _item(record: Record) -> dict[str, Any]:
    return {
        "id": string(record.id),
        "fingerprint": string(record.fingerprint),
        "token": string(record.token),
        EXPIRES_AT: number(record.expires_at_s),
        **(
            {"lapses_at": {"N": f"{record.lapses_at_s:.3f}"}}
            if record.answer is None
            else {"answer": {"B": record.answer}}
        ),
    }


def _record(item: Any) -> Record:
    return Record(
        id=RecordId(item["id"]["S"]),
        fingerprint=Fingerprint(item["fingerprint"]["S"]),
        token=item["token"]["S"],
        expires_at_s=int(item[EXPIRES_AT]["N"]),
        lapses_at_s=float(item["lapses_at"]["N"]) if "lapses_at" in item else 0.0,
        answer=bytes(item["answer"]["B"]) if "answer" in item else None,
    )
