"""Random requests to DynamoDB on a few tables with few keys, so that they meet each other; right and wrong ones."""

import base64
import random
from collections.abc import Callable, Iterator
from typing import Any

Request = tuple[str, dict[str, Any]]

ITEMS, RANGES, BINARY = "items", "ranges", "binary"
IDS = ["a", "b", "c", "d", "ä~ÿ", "long" * 30]
CARDS = ["card1", "card2", "card~"]
SORTS = ["2019-01-01", "2019-01-02", "2019-01-02#x", "2019-02", "ÿ", "~"]
NUMBERS = ["-12.5", "-1", "0", "1", "2", "10", "1e3", "123456789.123"]
BYTES = [base64.b64encode(bytes(raw)).decode() for raw in ([0], [0, 255], [255], [1, 2, 3])]
NOTES = ["", "short", 'quoted "text" and \\', "ünïcode \U0001f4a1"]


def _keys(table: str) -> dict[str, str]:
    return {ITEMS: {"id": "S"}, RANGES: {"pk": "S", "sk": "N"}, BINARY: {"raw": "B"}}[table]


def _index(name: str, hash_key: str, range_key: str | None, projection: dict[str, Any]) -> dict[str, Any]:
    schema = [{"AttributeName": hash_key, "KeyType": "HASH"}]
    if range_key:
        schema.append({"AttributeName": range_key, "KeyType": "RANGE"})
    return {"IndexName": name, "KeySchema": schema, "Projection": projection}


ALL, KEYS = {"ProjectionType": "ALL"}, {"ProjectionType": "KEYS_ONLY"}
SOME = {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["note"]}
# Each index of each table: its hash key and its range key.
INDEXES: dict[str, dict[str, tuple[str, str | None]]] = {
    ITEMS: {
        "by_card": ("card", "sort"),
        "by_card_again": ("card", "sort"),
        "by_card_keys": ("card", None),
        "by_amount": ("card", "amount"),
    },
    RANGES: {"by_note": ("pk", "sort"), "by_amount": ("pk", "amount")},
    BINARY: {},
}
TYPES = {"id": "S", "pk": "S", "sk": "N", "raw": "B", "card": "S", "sort": "S", "amount": "N"}


def tables() -> list[dict[str, Any]]:
    """Requests that make the tables: indexes of both kinds and of every projection."""
    globals_ = [
        _index("by_card", "card", "sort", ALL),
        _index("by_card_again", "card", "sort", ALL),
        _index("by_card_keys", "card", None, KEYS),
        _index("by_amount", "card", "amount", SOME),
    ]
    locals_ = [_index("by_note", "pk", "sort", ALL), _index("by_amount", "pk", "amount", KEYS)]
    return [
        _table(ITEMS, GlobalSecondaryIndexes=globals_),
        _table(RANGES, LocalSecondaryIndexes=locals_),
        _table(BINARY),
    ]


def _table(name: str, **indexes: list[dict[str, Any]]) -> dict[str, Any]:
    kinds = ("HASH", "RANGE")
    used = {*_keys(name), *(key for pair in INDEXES[name].values() for key in pair if key)}
    return {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": TYPES[key]} for key in sorted(used)],
        "KeySchema": [{"AttributeName": key, "KeyType": kind} for key, kind in zip(_keys(name), kinds, strict=False)],
        **indexes,
    }


class Requests:
    """Random requests; the same for the same seed."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(seed)

    def some(self, count: int) -> Iterator[Request]:
        """So many requests."""
        kinds: list[tuple[int, Callable[[str], Request]]] = [
            (30, self._put),
            (20, self._update),
            (10, self._delete),
            (5, self._get),
            (4, self._batch_write),
            (4, self._batch_get),
            (25, self._query),
            (12, self._scan),
            (3, self._of_tables),
            (3, self._tags),
            (4, self._wrong),
        ]
        weights = [weight for weight, _ in kinds]
        for _ in range(count):
            kind = self._rng.choices(kinds, weights)[0][1]
            yield kind(self._rng.choices([ITEMS, RANGES, BINARY], [5, 4, 1])[0])

    def _chance(self, probability: float) -> bool:
        return self._rng.random() < probability

    def _value(self, name: str) -> dict[str, Any]:
        pools = {"card": CARDS, "sort": SORTS, "raw": BYTES, "sk": NUMBERS, "amount": NUMBERS}
        return {TYPES[name]: self._rng.choice(pools.get(name, IDS))}

    def _key(self, table: str) -> dict[str, Any]:
        return {name: self._value(name) for name in _keys(table)}

    def _free(self) -> dict[str, Any]:
        rng = self._rng
        return rng.choice(
            [
                {"S": rng.choice(NOTES)},
                {"N": rng.choice(NUMBERS)},
                {"B": rng.choice(BYTES)},
                {"SS": rng.sample(IDS, 2)},
                {"NS": rng.sample(["1", "2", "3"], 2)},
                {"BOOL": rng.choice([True, False])},
                {"NULL": True},
                {"L": [{"S": "x"}, {"N": rng.choice(NUMBERS)}]},
                {"M": {"inner": {"S": rng.choice(NOTES)}, "n": {"N": "1"}}},
            ]
        )

    def _item(self, table: str) -> dict[str, Any]:
        item = self._key(table)
        for name in ("card", "sort", "amount"):
            if self._chance(0.8):
                item[name] = self._value(name)
        if self._chance(0.7):
            item["note"] = self._free()
        if self._chance(0.5):
            item["count"] = {"N": str(self._rng.randrange(5))}
        return item

    def _options(self, *returned: str) -> dict[str, Any]:
        options: dict[str, Any] = {}
        if returned and self._chance(0.5):
            options["ReturnValues"] = self._rng.choice(returned)
        if self._chance(0.2):
            options["ReturnConsumedCapacity"] = self._rng.choice(["TOTAL", "INDEXES"])
        return options

    def _condition(self, table: str) -> dict[str, Any]:
        hash_key = next(iter(_keys(table)))
        rng = self._rng
        return rng.choice(
            [
                {},
                {},
                {"ConditionExpression": f"attribute_not_exists({hash_key})"},
                {"ConditionExpression": f"attribute_exists({hash_key})"},
                {"ConditionExpression": f"attribute_exists({hash_key}) AND NOT attribute_exists(note)"},
                {
                    "ConditionExpression": "#c < :n OR attribute_not_exists(#c)",
                    "ExpressionAttributeNames": {"#c": "count"},
                    "ExpressionAttributeValues": {":n": {"N": rng.choice(NUMBERS)}},
                },
                {"Expected": {"note": {"ComparisonOperator": "NULL"}}},
            ]
        )

    def _put(self, table: str) -> Request:
        item = self._item(table)
        return "PutItem", {"TableName": table, "Item": item} | self._condition(table) | self._options("ALL_OLD")

    def _update(self, table: str) -> Request:
        value = self._value("card")
        expression, names, values = self._rng.choice(
            [
                ("SET card = :v", {}, {":v": value}),
                ("SET card = :v, #n = :n", {"#n": "note"}, {":v": value, ":n": self._free()}),
                ("REMOVE card, sort", {}, {}),
                ("SET sort = :s", {}, {":s": self._value("sort")}),
                ("ADD #c :one", {"#c": "count"}, {":one": {"N": "1"}}),
                ("ADD marks :m", {}, {":m": {"SS": self._rng.sample(IDS, 2)}}),
                ("DELETE marks :m", {}, {":m": {"SS": self._rng.sample(IDS, 2)}}),
                ("SET #c = if_not_exists(#c, :z) + :one", {"#c": "count"}, {":z": {"N": "0"}, ":one": {"N": "1"}}),
                ("SET amount = :wrong", {}, {":wrong": {"S": "text"}}),
            ]
        )
        request = {"TableName": table, "Key": self._key(table), "UpdateExpression": expression}
        request |= {"ExpressionAttributeNames": names} if names else {}
        request |= {"ExpressionAttributeValues": values} if values else {}
        return "UpdateItem", request | self._options("ALL_NEW", "UPDATED_NEW", "ALL_OLD", "UPDATED_OLD", "NONE")

    def _delete(self, table: str) -> Request:
        request = {"TableName": table, "Key": self._key(table)}
        return "DeleteItem", request | self._condition(table) | self._options("ALL_OLD")

    def _get(self, table: str) -> Request:
        request = {"TableName": table, "Key": self._key(table), "ConsistentRead": self._chance(0.5)}
        if self._chance(0.3):
            request["ProjectionExpression"] = "sort, amount"
        return "GetItem", request | self._options()

    def _batch_write(self, table: str) -> Request:
        requests = [
            {"PutRequest": {"Item": self._item(table)}}
            if self._chance(0.7)
            else {"DeleteRequest": {"Key": self._key(table)}}
            for _ in range(self._rng.randint(1, 3))
        ]
        return "BatchWriteItem", {"RequestItems": {table: requests}} | self._options()

    def _batch_get(self, table: str) -> Request:
        keys = [self._key(table) for _ in range(self._rng.randint(1, 3))]
        return "BatchGetItem", {"RequestItems": {table: {"Keys": keys}}} | self._options()

    def _query(self, table: str) -> Request:
        request: dict[str, Any] = {"TableName": table}
        hash_key, range_key = [*_keys(table), None][:2]
        if INDEXES[table] and self._chance(0.7):
            request["IndexName"] = self._rng.choice(list(INDEXES[table]))
            hash_key, range_key = INDEXES[table][request["IndexName"]]
        assert hash_key is not None
        names, values = {"#h": hash_key}, {":h": self._value(hash_key)}
        condition = "#h = :h"
        if range_key and self._chance(0.6):
            comparison = self._rng.choice(["= :a", "< :a", "<= :a", "> :a", ">= :a", "BETWEEN :a AND :b", "begins"])
            names["#r"], values[":a"] = range_key, self._value(range_key)
            condition += " AND begins_with(#r, :a)" if comparison == "begins" else f" AND #r {comparison}"
            if ":b" in comparison:
                values[":b"] = self._value(range_key)
        request |= self._paging() | self._filter(names, values)
        request["ScanIndexForward"] = self._chance(0.5)
        return "Query", request | {
            "KeyConditionExpression": condition,
            "ExpressionAttributeNames": names,
            "ExpressionAttributeValues": values,
        }

    def _scan(self, table: str) -> Request:
        request: dict[str, Any] = {"TableName": table}
        if INDEXES[table] and self._chance(0.4):
            request["IndexName"] = self._rng.choice(list(INDEXES[table]))
        if self._chance(0.3):
            request |= {"Segment": self._rng.randrange(3), "TotalSegments": 3}
        names: dict[str, str] = {}
        values: dict[str, Any] = {}
        request |= self._paging() | self._filter(names, values)
        request |= {"ExpressionAttributeNames": names} if names else {}
        return "Scan", request | ({"ExpressionAttributeValues": values} if values else {})

    def _paging(self) -> dict[str, Any]:
        options = self._options()
        if self._chance(0.6):
            options["Limit"] = self._rng.randint(1, 4)
        if self._chance(0.2):
            options["Select"] = self._rng.choice(["COUNT", "ALL_ATTRIBUTES"])
        if self._chance(0.1):
            options["ConsistentRead"] = True
        return options

    def _filter(self, names: dict[str, str], values: dict[str, Any]) -> dict[str, Any]:
        if not self._chance(0.2):
            return {}
        names["#f"], values[":f"] = "count", {"N": self._rng.choice(NUMBERS)}
        return {"FilterExpression": "#f >= :f"}

    def _of_tables(self, table: str) -> Request:
        requests: list[Request] = [
            ("ListTables", {}),
            ("ListTables", {"Limit": 2}),
            ("ListTables", {"ExclusiveStartTableName": table, "Limit": 1}),
            ("DescribeTable", {"TableName": table}),
            ("DescribeTimeToLive", {"TableName": table}),
            ("DescribeTable", {"TableName": "missing"}),
        ]
        return self._rng.choice(requests)

    def _tags(self, table: str) -> Request:
        arn = {"ResourceArn": f"arn:aws:dynamodb:us-east-1:000000000000:table/{table}"}
        tags = [{"Key": key, "Value": self._rng.choice(IDS)} for key in self._rng.sample(CARDS[:2], 1)]
        requests: list[Request] = [
            ("TagResource", arn | {"Tags": tags}),
            ("UntagResource", arn | {"TagKeys": [tags[0]["Key"]]}),
            ("ListTagsOfResource", arn),
        ]
        return self._rng.choice(requests)

    def _wrong(self, table: str) -> Request:
        item = self._item(table)
        hash_key = next(iter(_keys(table)))
        empty = {_keys(table)[hash_key]: ""}
        requests: list[Request] = [
            ("PutItem", {"TableName": "missing", "Item": item}),
            ("PutItem", {"TableName": table, "Item": {"other": {"S": "x"}}}),
            ("PutItem", {"TableName": table, "Item": item | {hash_key: empty}}),
            ("PutItem", {"TableName": table, "Item": item | {"note": {"S": "x" * 410_000}}}),
            ("PutItem", {"TableName": table, "Item": item, "ConditionExpression": "attribute_not_exists(("}),
            ("PutItem", {"TableName": table, "Item": item, "ConditionExpression": "attribute_exists(count)"}),
            ("PutItem", {"TableName": table, "Item": item, "ConditionExpression": "note = :unknown"}),
            ("GetItem", {"TableName": table, "Key": {}}),
            ("GetItem", {"TableName": table, "Key": self._key(table) | {"extra": {"S": "x"}}}),
            ("Query", {"TableName": table, "IndexName": "missing", "KeyConditions": {}}),
            ("Scan", {"TableName": table, "Limit": 0}),
            ("CreateTable", _table(table)),
            ("DeleteTable", {"TableName": "missing"}),
            ("NoSuchOperation", {}),
        ]
        return self._rng.choice(requests)
