"""How large items of the index are, and how many write units a transaction takes, by DynamoDB's counting.

Run as `python -m bench.item_size [FILE]`, by default over all rows of the sample file. Each row becomes the item that
the index puts, in each form. A write goes to the table and to each secondary index, which hold all of the item.
Nothing is written anywhere.
"""

import argparse
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

from bench.drains.fetched import encoded
from bench.scorer.sample import SAMPLE, sample_bodies
from operations.cost.dynamodb_units import WRITE_UNIT_BYTES, index_write_units, item_bytes
from txn_core.dynamodb.item_form import ItemForm
from txn_core.dynamodb.transactions import IndexItem, TransactionTable
from txn_core.positions import Position, SequenceNumber, ShardId, WriteOrder
from txn_core.transactions.event import Event

MEAN_BYTES_MAX: Final = 700
UNITS_MAX: Final = 3.02
WRITE_SHARDS: Final = 8
# As long as sequence numbers of Kinesis are.
POSITION: Final = Position(ShardId("shardId-000000000000"), SequenceNumber("4" * 56), 7)


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of items in bytes, in order, and the write units of all of them."""

    bytes: Sequence[int]

    @property
    def mean(self) -> float:
        """Bytes of an item."""
        return sum(self.bytes) / len(self.bytes)

    @property
    def p99(self) -> int:
        """Bytes that 99 of 100 items do not exceed."""
        return self.bytes[math.ceil(len(self.bytes) * 0.99) - 1]

    @property
    def within_a_unit(self) -> float:
        """The share of items that a write unit holds, 0 to 1."""
        return sum(size <= WRITE_UNIT_BYTES for size in self.bytes) / len(self.bytes)

    @property
    def units(self) -> float:
        """Write units of a transaction, in the table and in the secondary indexes."""
        return sum(map(index_write_units, self.bytes)) / len(self.bytes)

    @property
    def holds(self) -> bool:
        """Whether the bars are met."""
        return self.mean < MEAN_BYTES_MAX and self.p99 < WRITE_UNIT_BYTES and self.units <= UNITS_MAX


def sizes(events: Iterable[bytes]) -> dict[ItemForm, Sizes]:
    """The sizes of the items of events, by form."""
    tables = {form: TransactionTable(cast("Any", None), "t", WRITE_SHARDS, item_form=form) for form in ItemForm}
    found: dict[ItemForm, list[int]] = {form: [] for form in tables}
    for data in events:
        event = Event.decode(data)
        item = IndexItem.of(event, data, WriteOrder.of(event.accepted_at, POSITION))
        for form, table in tables.items():
            found[form].append(item_bytes(table.attributes(item)))
    return {form: Sizes(sorted(each)) for form, each in found.items()}


def main() -> None:
    """Measure, print, and fail where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", nargs="?", type=Path, default=SAMPLE)
    found = sizes(encoded(body) for body in sample_bodies(parser.parse_args().file))
    print("form | items | mean B | p99 B | largest B | in one unit | write units a transaction")
    for form, each in found.items():
        figures = (f"{each.mean:.1f}", each.p99, each.bytes[-1], f"{each.within_a_unit:.4%}", f"{each.units:.3f}")
        print(f"{form} | {len(each.bytes):,}", *figures, sep=" | ")
    if not found[ItemForm.PACKED].holds:
        parser.exit(1, "a bar is missed\n")


if __name__ == "__main__":
    main()
