"""Cases: one item a case, whose every write is conditional on the version that was seen.

A case that waits for a reviewer stands in the index `by_queue`, the most urgent one first; a claimed or snoozed case
stands there as well, with the moment from which it is free. A closed case stands in the same index in a partition of
its own as long as its labels are not written. The table holds one further item a card: the number of its last case.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from txn_core.aws.errors import carried_out
from txn_core.aws.types import DynamoDBClient
from txn_core.dynamodb.attributes import number, string
from txn_core.dynamodb.document_index import DocumentIndex
from txn_core.dynamodb.dynamodb_table import DynamoDBTable
from txn_core.dynamodb.ranges import RangeQuery, Span
from txn_core.dynamodb.table_shapes import TableShape
from txn_core.transactions.identity import Account, CardId, CaseId
from txn_core.transactions.instants import Instant

BY_STATE: Final = "by_state"
BY_QUEUE: Final = "by_queue"
SHAPE: Final = TableShape(
    "cases",
    {"id": "HASH"},
    indexes={BY_STATE: {"state": "HASH", "sort": "RANGE"}, BY_QUEUE: {"queue": "HASH", "rank": "RANGE"}},
)
ACTIVE: Final = "active"
CLOSED: Final = "closed"
AT_ONCE: Final = Instant("0")
"""Before every instant."""
ASSIGNED: Final = "!"
"""Before the rank of a case that is assigned: those come first, so that a reviewer's own are found at once."""
_SHOWN: Final = ("id", "free_at", "request", "rank", "assigned_to", "assigned_until")
_UNASSIGNED: Final = "0"
"""Behind the rank of every case that is assigned, and before the ranks of all others."""
_BATCH_KEYS_MAX: Final = 100
_ROUNDS_MAX: Final = 8
_QUEUE_ROWS: Final = 100
_QUEUE_CALLS_MAX: Final = 50
"""So many cases that others hold or have put off are read past, times `_QUEUE_ROWS`, assigned and others each."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseItem:
    """A case as it is stored.

    Attributes:
        summary: the document without its audit and its alerts, for lists.
        is_queued: whether the case waits: for a reviewer, or, when it is closed, for its labels.
        sort: `opened_at#case_id`.
        rank: the place in the queue, as text: the smallest is first.
        free_at: from when on the case may be claimed.
        request: what the request of the last change is known by, if anything.
        assigned_to: for whom the case is kept until `assigned_until`.
    """

    account: Account
    case_id: CaseId
    version: int
    document: str
    summary: str
    is_closed: bool
    is_queued: bool
    sort: str
    rank: str
    free_at: Instant = AT_ONCE
    request: str | None = None
    assigned_to: str | None = None
    assigned_until: Instant = AT_ONCE


@dataclass(frozen=True, slots=True)
class FoundCase:
    """A case as it was found."""

    document: str
    labels_due: bool


@dataclass(frozen=True, slots=True)
class QueueRow:
    """A case in the queue: from when on it may be claimed, what its last request is known by, and whose it is."""

    case_id: CaseId
    free_at: Instant
    request: str | None
    rank: str
    assigned_to: str | None = None
    assigned_until: Instant = AT_ONCE

    def kept_for(self, at: Instant) -> str | None:
        """Whom the case is assigned to at that moment."""
        return self.assigned_to if at < self.assigned_until else None


class CaseTable(DynamoDBTable):
    """The cases in DynamoDB."""

    def __init__(self, client: DynamoDBClient, name: str) -> None:
        super().__init__(client, name)
        self.index = DocumentIndex(client, name, "summary")

    async def find(self, account: Account, case_id: CaseId) -> FoundCase | None:
        """A case, read consistently."""
        item = await self._item({"id": string(f"{account}#{case_id}")})
        return None if item is None else FoundCase(item["document"]["S"], _is_due(item))

    async def create(self, item: CaseItem) -> bool:
        """Store a case unless it is there; false when it is."""
        return await self._put_if_absent(_attributes(item), "id")

    async def replace(self, item: CaseItem, seen: int) -> bool:
        """Put a case in the place of the version that was seen; false when there is another one by now."""
        return await carried_out(
            self._client.put_item(
                TableName=self._name,
                Item=_attributes(item),
                ConditionExpression="#version = :seen",
                ExpressionAttributeNames={"#version": "version"},
                ExpressionAttributeValues={":seen": number(seen)},
            )
        )

    async def labels_written(self, account: Account, case_id: CaseId, version: int) -> None:
        """Note that the labels of this version are written; of another version nothing is noted."""
        await carried_out(
            self._client.update_item(
                TableName=self._name,
                Key={"id": string(f"{account}#{case_id}")},
                UpdateExpression="REMOVE #queue, #rank",
                ConditionExpression="#version = :version AND #queue = :due",
                ExpressionAttributeNames={"#queue": "queue", "#rank": "rank", "#version": "version"},
                ExpressionAttributeValues={":version": number(version), ":due": string(_due(account))},
            )
        )

    async def queue(self, account: Account) -> AsyncIterator[QueueRow]:
        """The cases that wait, are claimed or are put off, the most urgent one first, up to some thousands.

        Where more cases are assigned than are read past, the rest of those is left out, and the others follow.

        The index may lag behind writes on AWS.
        """
        for first in (ASSIGNED, _UNASSIGNED):
            request, rank = self._request(account, first), ""
            for _ in range(_QUEUE_CALLS_MAX):
                answer = await self._client.query(**request)
                for item in answer["Items"]:
                    row = _queue_row(item)
                    rank = row.rank
                    yield row
                if "LastEvaluatedKey" not in answer:
                    return
                request["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
            if not rank.startswith(ASSIGNED):
                return

    async def with_labels_due(self, account: Account) -> list[CaseId]:
        """Some closed cases whose labels may still have to be written; nearly always none."""
        answer = await self._client.query(**self._request(_due(account)))
        return [_case_id(item) for item in answer["Items"]]

    def of_account(self, account: Account, states: tuple[str, ...], span: Span) -> RangeQuery:
        """The range of an account's cases that are in some of the states `ACTIVE` and `CLOSED`."""
        partitions = tuple(f"{account}#{state}" for state in states)
        return RangeQuery(BY_STATE, "state", account, partitions, span)

    async def summaries(self, account: Account, case_ids: Iterable[CaseId]) -> dict[CaseId, str]:
        """The summaries of some cases, read consistently.

        Raises:
            StoreError: DynamoDB left some over again and again.
        """
        ids = (f"{account}#{case_id}" for case_id in case_ids)
        return {_case_id(item): item["summary"]["S"] for item in await self._some(ids, "id, summary")}

    async def last_number(self, account: Account, card_id: CardId) -> int:
        """The number of the card's last case, or of one before it if that could not be noted; 1 if it had none."""
        item = await self._item({"id": string(f"{account}#{card_id}")})
        return 1 if item is None else int(item["number"]["N"])

    async def note_number(self, account: Account, card_id: CardId, last: int) -> None:
        """Note the number of the card's last case; a smaller one changes nothing."""
        await carried_out(
            self._client.update_item(
                TableName=self._name,
                Key={"id": string(f"{account}#{card_id}")},
                UpdateExpression="SET #number = :number",
                ConditionExpression="attribute_not_exists(#number) OR #number < :number",
                ExpressionAttributeNames={"#number": "number"},
                ExpressionAttributeValues={":number": number(last)},
            )
        )

    def _request(self, queue: str, first: str = ASSIGNED) -> dict[str, Any]:
        """A query of a queue from a rank on."""
        return {
            "TableName": self._name,
            "IndexName": BY_QUEUE,
            "KeyConditionExpression": "#queue = :queue AND #rank >= :first",
            "ProjectionExpression": ", ".join(f"#{name}" for name in _SHOWN),
            "ExpressionAttributeNames": {"#queue": "queue", **{f"#{name}": name for name in _SHOWN}},
            "ExpressionAttributeValues": {":queue": string(queue), ":first": string(first)},
            "Limit": _QUEUE_ROWS,
        }


def _attributes(item: CaseItem) -> dict[str, Any]:
    attributes: dict[str, Any] = {
        "id": string(f"{item.account}#{item.case_id}"),
        "version": number(item.version),
        "document": string(item.document),
        "summary": string(item.summary),
        "state": string(f"{item.account}#{CLOSED if item.is_closed else ACTIVE}"),
        "sort": string(item.sort),
        "free_at": string(item.free_at),
        **({} if item.request is None else {"request": string(item.request)}),
        **({} if item.assigned_to is None else _assignment(item.assigned_to, item.assigned_until)),
    }
    if not item.is_queued:
        return attributes
    queue = _due(item.account) if item.is_closed else item.account
    return attributes | {"queue": string(queue), "rank": string(item.rank)}


def _assignment(assigned_to: str, until: Instant) -> dict[str, Any]:
    return {"assigned_to": string(assigned_to), "assigned_until": string(until)}


def _queue_row(item: Mapping[str, Any]) -> QueueRow:
    request, assigned_to = (item.get(name, {}).get("S") for name in ("request", "assigned_to"))
    until = Instant(item.get("assigned_until", {}).get("S", AT_ONCE))
    return QueueRow(_case_id(item), Instant(item["free_at"]["S"]), request, item["rank"]["S"], assigned_to, until)


def _is_due(item: Mapping[str, Any]) -> bool:
    return "#" in item.get("queue", {}).get("S", "")


def _due(account: Account) -> str:
    return f"{account}#due"


def _case_id(item: Mapping[str, Any]) -> CaseId:
    return CaseId(item["id"]["S"].partition("#")[2])
