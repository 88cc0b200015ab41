"""The index of transactions: one item a transaction id, found again by card, by merchant and by id."""

import time
import zlib
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

import structlog
from botocore.exceptions import ClientError

from txn_core.aws.errors import Failure, carried_out, failure_of
from txn_core.aws.types import DynamoDBClient
from txn_core.dynamodb.attributes import number, replacement, string, strings
from txn_core.dynamodb.conflict_contents import CONTENTS, CONTENTS_MAX, contents_attribute, contents_of
from txn_core.dynamodb.dynamodb_table import read_items
from txn_core.dynamodb.expiry import KEPT_FOR_EVER, Expiry, end_of, expiry_attribute, latest, seconds_of
from txn_core.dynamodb.item_form import EVENT, ItemForm, event_attribute, event_of
from txn_core.dynamodb.ranges import Chunk, Page, RangeQuery, Row, SortKey, Span, merge
from txn_core.dynamodb.refusals import NEVER, would_be_taken
from txn_core.dynamodb.table_shapes import BY_CARD, BY_MERCHANT, BY_ORIGINAL, EXPIRES_AT
from txn_core.exceptions import StoredEventError, StoreError
from txn_core.positions import WriteOrder
from txn_core.transactions.event import Event
from txn_core.transactions.identity import Account, CardId, MerchantId, TransactionId
from txn_core.transactions.instants import Instant

# The item that keeps with the table the number of write shards and the form of items; no account is called so.
LAYOUT_ID: Final = "#layout"
ITEM_FORM: Final = "item_form"  # of the layout; a table without it was made before there were several
LAYOUT_S: Final = 60.0  # how long writers go on with the form that they know
RELATIONS: Final = "relations"
"""An attribute of the layout: every refund and reversal of the table is in the index by original."""
# An item holds 400 KB: without a bound, a client that uses one id for everything would fill it up.
CONFLICTS_MAX: Final = 100
OTHERS_MAX: Final = 200
_CONFLICTS: Final = "conflicts"
_OTHERS: Final = "others"
ORIGINAL: Final = "original"
_NOTED: Final = (_CONFLICTS, _OTHERS)
_LIMITS: Final = {_CONFLICTS: CONFLICTS_MAX, _OTHERS: OTHERS_MAX, CONTENTS: CONTENTS_MAX}
# What is read of a row in a list. The notes for a rebuild, which can be many, are not.
_SHOWN: Final = ("sort", EVENT, _CONFLICTS, EXPIRES_AT)
_log = structlog.get_logger()
_Read = TypeVar("_Read")


@dataclass(frozen=True, slots=True)
class IndexItem:
    """A transaction as it is to be written: the event's bytes and what it is found by."""

    account: Account
    transaction_id: TransactionId
    card_id: CardId
    merchant_id: MerchantId
    sort: SortKey
    event: str
    order: WriteOrder
    original: str | None = None

    @property
    def key(self) -> str:
        """The key of the item in the table."""
        return _id(self.account, self.transaction_id)

    @property
    def accepted_at(self) -> Instant:
        """When this write of the id was accepted."""
        return self.order.accepted_at

    @classmethod
    def of(cls, event: Event, data: bytes, order: WriteOrder) -> "IndexItem":
        """The item of an event read at a position."""
        return cls(
            account=event.account,
            transaction_id=event.transaction_id,
            card_id=event.card_id,
            merchant_id=event.merchant_id,
            sort=SortKey(f"{event.occurred_at}#{event.transaction_id}"),
            event=data.decode(),
            order=order,
            original=event.original_transaction_id,
        )


@dataclass(frozen=True, slots=True)
class StoredTransaction:
    """A transaction as it was found: its event, when it was written, and later 202s that contradict it.

    `others` are later writes of the id with the digests of their content (`event.content_digests`): should an even
    earlier write come, they say which of them contradict that one. `contents` are the events of those conflicts of
    which they are kept (`conflict_contents.py`). `expires_at` is None where it never is over.
    """

    event: str
    order: WriteOrder
    conflicts: tuple[WriteOrder, ...] = ()
    others: Mapping[WriteOrder, frozenset[str]] = field(default_factory=dict)
    expires_at: int | None = None
    contents: Mapping[WriteOrder, str] = field(default_factory=dict)


class TransactionTable:
    """Reads and first-write-wins writes of the index table.

    Writes, and reads of a merchant, need the number of write shards: it is given, or `learn_layout` has read it.
    `expiry` and `item_form` are for those who write; a row that is over is there for nobody.
    """

    def __init__(
        self,
        client: DynamoDBClient,
        name: str,
        write_shards: int | None = None,
        expiry: Expiry = KEPT_FOR_EVER,
        item_form: ItemForm = ItemForm.TEXT,
    ) -> None:
        self._client, self._name, self._write_shards, self.expiry = client, name, write_shards, expiry
        self.item_form = item_form
        self._learned_s: float | None = None  # by the monotonic clock; None while no layout was read
        self.keeps_relations = write_shards is not None
        """Whether what refers to a transaction is found; of a table that was made before it was kept, it is not."""

    @classmethod
    async def open(cls, client: DynamoDBClient, name: str, expiry: Expiry = KEPT_FOR_EVER) -> "TransactionTable":
        """Open a bootstrapped table with the number of write shards that it was made with.

        Raises:
            StoreError: the table is not there or was not bootstrapped.
        """
        table = cls(client, name, expiry=expiry)
        await table.learn_layout()
        return table

    async def learn_layout(self) -> None:
        """Read the layout, unless it is known. The number of write shards stays what the table was made with.

        Raises:
            StoreError: the table is not there or was not bootstrapped.
        """
        if self._write_shards is None:
            await self._read_layout()

    async def renew_layout(self) -> None:
        """Read the layout again when it was read `LAYOUT_S` ago: an operator may have allowed another item form.

        Raises:
            StoreError: the table is not there any more.
        """
        if self._learned_s is not None and time.monotonic() - self._learned_s >= LAYOUT_S:
            await self._read_layout()

    async def _read_layout(self) -> None:
        try:
            answer = await self._client.get_item(
                TableName=self._name, Key={"id": string(LAYOUT_ID)}, ConsistentRead=True
            )
        except ClientError as error:
            if failure_of(error) is not Failure.NOT_FOUND:
                raise
            raise StoreError(
                f"table {self._name} does not exist; "
                "run `txn bootstrap`, which makes the first generation of the index"
            ) from None
        if "Item" not in answer:
            raise StoreError(f"table {self._name} has no layout item; run `txn bootstrap`")
        layout = answer["Item"]
        self.item_form = form_of(layout)
        self._write_shards = int(layout["write_shards"]["N"])
        self.keeps_relations = RELATIONS in layout
        self._learned_s = time.monotonic()

    @property
    def write_shards(self) -> int:
        """The number of write shards of a merchant."""
        assert self._write_shards is not None  # noqa: S101 - see the class
        return self._write_shards

    def is_over(self, item: IndexItem) -> bool:
        """Whether the kept days of a write are over: then it has no place in the index."""
        return self.expiry.kept_days is not None and self.expiry.is_over(item.accepted_at)

    async def put_if_absent(self, item: IndexItem) -> bool:
        """Write a transaction unless its id is taken, if only by one that is over; false when it is."""
        return await carried_out(
            self._client.put_item(
                TableName=self._name,
                Item=self.attributes(item),
                ConditionExpression="attribute_not_exists(id)",
            )
        )

    async def put_if_over(self, item: IndexItem) -> bool:
        """Write a transaction unless its id is taken; false when it is.

        A transaction that was over when this one was accepted does not take the id.
        """
        return await carried_out(
            self._client.put_item(
                TableName=self._name,
                Item=self.attributes(item),
                ConditionExpression="attribute_not_exists(id) OR #expires_at <= :accepted",
                ExpressionAttributeNames={"#expires_at": EXPIRES_AT},
                ExpressionAttributeValues={":accepted": number(seconds_of(item.accepted_at))},
            )
        )

    def until(self, item: IndexItem, seen: StoredTransaction | None = None) -> int | None:
        """When a write is over, in seconds since 1970, or the later of it and what was seen; None for never."""
        own = self.expiry.at(item.accepted_at)
        return own if seen is None else latest(own, seen.expires_at)

    async def keep_longer(self, item: IndexItem, *, seen: StoredTransaction) -> None:
        """Let a transaction live as long as a later write of its id would; nothing when it does, or has changed."""
        until_s = self.until(item, seen)
        if until_s == seen.expires_at:
            return
        names, values = {"#order": "order", "#expires_at": EXPIRES_AT}, {":seen": string(seen.order.text)}
        if until_s is None:
            update, longer = "REMOVE #expires_at", "attribute_exists(#expires_at)"
        else:
            update, longer = "SET #expires_at = :until", "#expires_at < :until"
            values[":until"] = number(until_s)
        await self._update(
            item,
            UpdateExpression=update,
            ConditionExpression=f"#order = :seen AND {longer}",
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
        )

    async def replace(
        self,
        item: IndexItem,
        *,
        seen: StoredTransaction,
        conflicts: Collection[WriteOrder],
        others: Mapping[WriteOrder, frozenset[str]],
        contents: Mapping[WriteOrder, str] | None = None,
    ) -> bool:
        """Put an earlier write in the place of what was seen, with new notes; false when that has changed."""
        attributes = self._attributes(item, self.until(item, seen)) | _notes(conflicts, others, contents or {})
        optional = (*_NOTED, CONTENTS, ORIGINAL, *([EXPIRES_AT] if seen.expires_at is not None else []))
        # Under one winner notes are only ever added, so their number says that they are those that were seen.
        counts = {_CONFLICTS: len(seen.conflicts), _OTHERS: len(seen.others)}
        conditions = ["#order = :seen", *(_counted(name, count) for name, count in counts.items())]
        values = {f":{name}": value for name, value in attributes.items()} | {
            f":count_{name}": number(count) for name, count in counts.items() if count
        }
        return await self._update(
            item,
            UpdateExpression=replacement(attributes, optional),
            ConditionExpression=" AND ".join(conditions),
            ExpressionAttributeNames={f"#{name}": name for name in {*attributes, *counts, *optional}},
            ExpressionAttributeValues={**values, ":seen": string(seen.order.text)},
        )

    async def note(
        self,
        item: IndexItem,
        *,
        seen: WriteOrder,
        conflict: bool,
        other: frozenset[str] | None,
        content: bool = False,
    ) -> bool:
        """Note a later write on the transaction whose order was seen: that it contradicts it, the digests of its
        content, its content, or some of these. False when the transaction has changed, or there is no room.

        Noting it again changes nothing. There is room for `CONFLICTS_MAX`, `OTHERS_MAX` and `CONTENTS_MAX`.
        """
        notes = _notes(
            [item.order] if conflict else [],
            {} if other is None else {item.order: other},
            {item.order: item.event} if content else {},
        )
        room = [f"(attribute_not_exists(#{name}) OR size(#{name}) < :max_{name})" for name in notes]
        values = {f":{name}": value for name, value in notes.items()} | {
            f":max_{name}": number(_LIMITS[name]) for name in notes
        }
        return await self._update(
            item,
            UpdateExpression="ADD " + ", ".join(f"#{name} :{name}" for name in notes),
            ConditionExpression=" AND ".join(["#order = :seen", *room]),
            ExpressionAttributeNames={f"#{name}": name for name in ("order", *notes)},
            ExpressionAttributeValues={**values, ":seen": string(seen.text)},
        )

    async def would_take(self, item: IndexItem) -> bool:
        """Whether the table can hold such an item at all; writes nothing.

        Raises:
            ClientError: the table refuses for a reason that is not in the item.
        """
        return await would_be_taken(
            self._client.put_item(
                TableName=self._name,
                Item=self.attributes(item),
                ConditionExpression=NEVER,
                ExpressionAttributeNames={"#key": "id"},
            )
        )

    async def get(
        self, account: Account, transaction_id: TransactionId, *, at: Instant | None = None
    ) -> StoredTransaction | None:
        """One transaction, read consistently; None also where it was over at a moment, which is now unless given.

        Raises:
            StoredEventError: its event cannot be read.
        """
        answer = await self._client.get_item(
            TableName=self._name, Key={"id": string(_id(account, transaction_id))}, ConsistentRead=True
        )
        item = answer.get("Item")
        return None if item is None or self.expiry.has_passed(item, at) else _stored(item)

    async def has(self, account: Account, transaction_id: TransactionId) -> bool:
        """Whether a transaction is there and not over, read consistently, whether or not its event can be read."""
        answer = await self._client.get_item(
            TableName=self._name,
            Key={"id": string(_id(account, transaction_id))},
            ConsistentRead=True,
            ProjectionExpression="#id, #expires_at",
            ExpressionAttributeNames={"#id": "id", "#expires_at": EXPIRES_AT},
        )
        return "Item" in answer and not self.expiry.has_passed(answer["Item"])

    async def get_all(self, keys: Collection[str]) -> dict[str, StoredTransaction]:
        """Transactions by the keys of their items, read consistently.

        One whose event cannot be read is left out, and said in the log.

        Raises:
            TimeoutError: as `read_items`.
        """
        found = await read_items(self._client, self._name, [{"id": string(key)} for key in keys])
        there = [item for item in found if not self.expiry.has_passed(item)]
        return dict(self._readable(there, lambda item: (item["id"]["S"], _stored(item))))

    def by_card(self, account: Account, card_ids: Sequence[CardId], span: Span) -> RangeQuery:
        """The range of one card, whose ids are those under every key version with data, the oldest last."""
        partitions = tuple(f"{account}#{card_id}" for card_id in card_ids)
        # A key version that is added is put in front: who pages on meanwhile goes on.
        return RangeQuery(BY_CARD, "card", partitions[-1], partitions, span)

    def by_merchant(self, account: Account, merchant_id: MerchantId, span: Span, *former: MerchantId) -> RangeQuery:
        """The range of one merchant over all its write shards, under its id and those of before, if it has any."""
        ids = (merchant_id, *former)
        partitions = tuple(_merchant_key(account, each, shard) for each in ids for shard in range(self.write_shards))
        return RangeQuery(BY_MERCHANT, "merchant", f"{account}#{ids[-1]}", partitions, span)

    def by_original(self, account: Account, transaction_id: TransactionId, span: Span) -> RangeQuery:
        """The range of the refunds and reversals that refer to a transaction."""
        key = _id(account, transaction_id)
        return RangeQuery(BY_ORIGINAL, ORIGINAL, key, (key,), span)

    async def page(self, query: RangeQuery, *, whole: bool = False) -> Page:
        """One page of a range. Index reads may lag behind writes on AWS.

        A row whose event cannot be read is left out, and said in the log: the others are there all the same. A
        `whole` page is for who sums up.

        Raises:
            StoredEventError: an event of a whole page cannot be read.
        """
        low, high = query.span.bounds()

        async def read(partition: str, after: SortKey | None, rows_max: int) -> Chunk:
            request: Any = {
                "TableName": self._name,
                "IndexName": query.index,
                "KeyConditionExpression": "#key = :key AND #sort BETWEEN :low AND :high",
                "ProjectionExpression": ", ".join(f"#{name}" for name in _SHOWN),
                "ExpressionAttributeNames": {"#key": query.key} | {f"#{name}": name for name in _SHOWN},
                "ExpressionAttributeValues": {":key": string(partition), ":low": string(low), ":high": string(high)},
                "ScanIndexForward": not query.span.descending,
                "Limit": rows_max,
            }
            if after is not None:
                # The row behind which the read goes on need not stand in this partition.
                place = string(_id(partition.partition("#")[0], after.partition("#")[2]))
                request["ExclusiveStartKey"] = {
                    "id": place,
                    query.key: string(partition),
                    "sort": string(after),
                }
            answer = await self._client.query(**request)
            rest = answer.get("LastEvaluatedKey")
            items = [item for item in answer["Items"] if not self.expiry.has_passed(item)]
            rows = [_row(item) for item in items] if whole else self._readable(items, _row)
            return Chunk(rows, None if rest is None else SortKey(rest["sort"]["S"]))

        return await merge(query, read)

    def _readable(self, items: Sequence[Any], read: Callable[[Any], _Read]) -> list[_Read]:
        with suppress(StoredEventError):
            return [read(item) for item in items]
        found, unread = [], dict[str, int]()
        for item in items:
            try:
                found.append(read(item))
            except StoredEventError as error:
                unread[str(error)] = unread.get(str(error), 0) + 1
        for reason, count in unread.items():
            _log.error("transactions_unreadable", table=self._name, reason=reason, count=count)
        return found

    async def _update(self, item: IndexItem, **request: Any) -> bool:
        key = {"id": string(item.key)}
        return await carried_out(self._client.update_item(TableName=self._name, Key=key, **request))

    def attributes(self, item: IndexItem) -> dict[str, Any]:
        """The item as DynamoDB takes it, key and all."""
        return {"id": string(item.key), **self._attributes(item, self.until(item))}

    def _attributes(self, item: IndexItem, expires_at: int | None) -> dict[str, Any]:
        shard = zlib.crc32(item.transaction_id.encode()) % self.write_shards
        return {
            "card": string(f"{item.account}#{item.card_id}"),
            "merchant": string(_merchant_key(item.account, item.merchant_id, shard)),
            "sort": string(item.sort),
            "order": string(item.order.text),
            **({} if item.original is None else {ORIGINAL: string(_id(item.account, item.original))}),
            **event_attribute(item.event, self.item_form),
            **expiry_attribute(expires_at),
        }


def form_of(layout: Any) -> ItemForm:
    """The form of items that a table's layout allows.

    Raises:
        StoreError: a later version has allowed one that is not known here.
    """
    number = layout.get(ITEM_FORM, {"N": "1"})["N"]
    if number not in {str(int(form)) for form in ItemForm}:
        raise StoreError(f"the index is written in item form {number}, which this version does not know")
    return ItemForm(int(number))


def _notes(
    conflicts: Collection[WriteOrder],
    others: Mapping[WriteOrder, frozenset[str]],
    contents: Mapping[WriteOrder, str],
) -> dict[str, Any]:
    """The attributes of notes; DynamoDB has no empty sets."""
    texts = {
        _CONFLICTS: [order.text for order in conflicts],
        _OTHERS: [" ".join((order.text, *sorted(digests))) for order, digests in others.items()],
    }
    return {name: strings(noted) for name, noted in texts.items() if noted} | contents_attribute(contents)


def _stored(item: Any) -> StoredTransaction:
    return StoredTransaction(
        event=event_of(item),
        order=WriteOrder(item["order"]["S"]),
        conflicts=tuple(WriteOrder(text) for text in sorted(item.get(_CONFLICTS, {}).get("SS", ()))),
        others=dict(_other(text) for text in item.get(_OTHERS, {}).get("SS", ())),
        expires_at=end_of(item),
        contents=contents_of(item),
    )


def _other(text: str) -> tuple[WriteOrder, frozenset[str]]:
    order, *digests = text.split(" ")
    return WriteOrder(order), frozenset(digests)


def _counted(name: str, count: int) -> str:
    return f"size(#{name}) = :count_{name}" if count else f"attribute_not_exists(#{name})"


def _id(account: str, transaction_id: str) -> str:
    return f"{account}#{transaction_id}"


def _merchant_key(account: Account, merchant_id: MerchantId, shard: int) -> str:
    return f"{account}#{merchant_id}#{shard}"


def _row(item: Any) -> Row:
    noted = item.get(_CONFLICTS)
    conflicts = () if noted is None else tuple(sorted(noted["SS"]))
    return Row(SortKey(item["sort"]["S"]), event_of(item), conflicts)
