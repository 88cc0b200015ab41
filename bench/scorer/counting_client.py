"""A DynamoDB client of dictionaries: it keeps what is written, and counts calls, items, bytes and units by table."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from bench.scorer.item_units import item_bytes, write_units


@dataclass(slots=True)
class Tally:
    """What was written to one table."""

    items: int = 0
    bytes: int = 0
    units: int = 0

    def add(self, item: dict[str, Any]) -> None:
        """Count the write of an item."""
        self.items += 1
        self.bytes += item_bytes(item)
        self.units += write_units(item)


@dataclass(slots=True)
class CountingClient:
    """Conditions are not looked at: one writer alone works with it. `counts` off, it costs next to nothing."""

    key_names: dict[str, str]
    counts: bool = True
    tables: dict[str, dict[str, Any]] = field(default_factory=lambda: defaultdict(dict))
    tallies: dict[str, Tally] = field(default_factory=lambda: defaultdict(Tally))
    calls: Counter[str] = field(default_factory=Counter)

    async def put_item(self, *, TableName: str, Item: dict[str, Any], **_: Any) -> dict[str, Any]:  # noqa: N803 - as boto names them
        """Keep an item."""
        self.calls["put_item"] += 1
        self._keep(TableName, Item)
        return {}

    async def batch_write_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        """Keep items."""
        self.calls["batch_write_item"] += 1
        for table, requests in RequestItems.items():
            for request in requests:
                self._keep(table, request["PutRequest"]["Item"])
        return {"UnprocessedItems": {}}

    async def batch_get_item(self, *, RequestItems: dict[str, Any]) -> dict[str, Any]:  # noqa: N803
        """The items that are there."""
        self.calls["batch_get_item"] += 1
        answers: dict[str, list[Any]] = {}
        for table, asked in RequestItems.items():
            kept, name = self.tables[table], self.key_names[table]
            found = (kept.get(key[name]["S"]) for key in asked["Keys"])
            answers[table] = [item for item in found if item is not None]
        return {"Responses": answers}

    def _keep(self, table: str, item: dict[str, Any]) -> None:
        self.tables[table][item[self.key_names[table]]["S"]] = item
        if self.counts:
            self.tallies[table].add(item)
