"""A DynamoDB client of dictionaries: it keeps what is put, and counts calls, items, bytes and units by table."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

from operations.cost.dynamodb_units import item_bytes, write_units

_KEYS: Final = ("id", "card", "part")
Table = dict[str, Any]


@dataclass(slots=True)
class Tally:
    """What was put into one table."""

    items: int = 0
    bytes: int = 0
    units: int = 0

    def add(self, item: dict[str, Any]) -> None:
        """Count the write of an item."""
        self.items += 1
        self.bytes += item_bytes(item)
        self.units += write_units(item_bytes(item))


@dataclass(slots=True)
class CountingClient:
    """Conditions and updates are not carried out: one writer alone works with it. `counts` costs time."""

    counts: bool = False
    tables: dict[str, Table] = field(default_factory=lambda: defaultdict(dict))
    tallies: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    calls: Counter[str] = field(default_factory=Counter)

    def copied(self) -> "CountingClient":
        """Another client with the same items and no counts."""
        tables: dict[str, Table] = defaultdict(dict, {name: dict(table) for name, table in self.tables.items()})
        return CountingClient(tables=tables)

    async def put_item(self, **request: Any) -> dict[str, Any]:
        """Keep an item."""
        self.calls["put_item"] += 1
        self._keep(request["TableName"], request["Item"])
        return {}

    async def batch_write_item(self, **request: Any) -> dict[str, Any]:
        """Keep items."""
        self.calls["batch_write_item"] += 1
        for table, puts in request["RequestItems"].items():
            for put in puts:
                self._keep(table, put["PutRequest"]["Item"])
        return {"UnprocessedItems": {}}

    async def update_item(self, **_: Any) -> dict[str, Any]:
        """Count an update; those of the scorer note what only a later reader asks for."""
        self.calls["update_item"] += 1
        return {}

    async def get_item(self, **request: Any) -> dict[str, Any]:
        """An item, if it is there."""
        self.calls["get_item"] += 1
        found = self.tables[request["TableName"]].get(_key_of(request["Key"]))
        return {} if found is None else {"Item": found}

    async def batch_get_item(self, **request: Any) -> dict[str, Any]:
        """The items that are there."""
        self.calls["batch_get_item"] += 1
        answers: dict[str, list[Any]] = {}
        for table, asked in request["RequestItems"].items():
            found = (self.tables[table].get(_key_of(key)) for key in asked["Keys"])
            answers[table] = [item for item in found if item is not None]
        return {"Responses": answers}

    def _keep(self, table: str, item: dict[str, Any]) -> None:
        self.tables[table][_key_of(item)] = item
        if self.counts:
            self.tallies[table].add(item)


def _key_of(item: dict[str, Any]) -> str:
    key: str = next((item[name]["S"] for name in _KEYS if name in item), "")
    return key
