"""Totals of a warehouse that must be equal: positions and writes, and the ids of transactions, by table.

They cover what the last complete build took in. What was loaded later is in no table but the landing yet.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from warehouse.run.targets import Target

_BYTES: Final = 16
_LANDED_IDS: Final = "select distinct account, transaction_id from {landing}.positions as p where p.load_id <= %d"
_STAR_IDS: Final = "select account, transaction_id from {star}.fact_transactions"
_OLTP_IDS: Final = "select account, transaction_id from {oltp}.transaction"
_NOT_REFUSED: Final = (
    " and not exists (select 1 from {oltp}.refused as r where r.shard_id = p.shard_id "
    "and r.sequence_number = p.sequence_number and r.sub_sequence_number = p.sub_sequence_number)"
)


@dataclass(frozen=True, slots=True)
class Total:
    """Something that is counted in several tables, and whether it is the same in each.

    The same ids have the same digest. So equal counts of different ids are not equal.
    """

    what: str
    counts: Mapping[str, int]
    equal: bool

    def document(self) -> dict[str, object]:
        """The total as JSON values."""
        return {"what": self.what, "counts": dict(self.counts), "equal": self.equal}


def totals_of(target: Target) -> tuple[Total, ...]:
    """The totals of a warehouse that no run changes meanwhile; of one that was never built there are none."""
    built = target.built().noted
    if built is None:
        return ()
    positions = {
        "landing": _number(target, f"select count(*) as n from {{landing}}.positions where load_id <= {built}"),  # noqa: S608
        "star": _number(target, "select cast(coalesce(sum(writes), 0) as bigint) as n from {star}.fact_transactions"),
    }
    found = [Total("positions", positions, positions["landing"] == positions["star"])]
    found.append(_ids(target, "transactions", {"landing": _LANDED_IDS % built, "star": _STAR_IDS}))
    if target.has_table("oltp", "transaction") and _loaded(target, "oltp") == _loaded(target, "landing", built):
        queries = {"landing": _LANDED_IDS % built + _NOT_REFUSED, "oltp": _OLTP_IDS}
        found.append(_ids(target, "transactions in third normal form", queries))
    return tuple(found)


def _ids(target: Target, what: str, queries: Mapping[str, str]) -> Total:
    sums = {table: _count_and_digest(_texts(target, query)) for table, query in queries.items()}
    return Total(what, {table: count for table, (count, _) in sums.items()}, len(set(sums.values())) == 1)


def _loaded(target: Target, schema: str, until: int | None = None) -> set[str]:
    """The names of the commits in a ledger."""
    where = "" if until is None else f" where load_id <= {until}"
    query = f"select object_name from {{{schema}}}.objects{where}"  # noqa: S608 - names of ours
    return {name for batch in target.batches(query) for name in batch["object_name"].to_pylist()}


def _number(target: Target, query: str) -> int:
    return int(sum(sum(batch["n"].to_pylist()) for batch in target.batches(query)))


def _texts(target: Target, query: str) -> Iterator[str]:
    for batch in target.batches(query):
        yield from (
            f"{account}#{id_}"
            for account, id_ in zip(batch["account"].to_pylist(), batch["transaction_id"].to_pylist(), strict=True)
        )


def _count_and_digest(texts: Iterator[str]) -> tuple[int, int]:
    """How many texts, and a digest that knows no order."""
    count = digest = 0
    for text in texts:
        count += 1
        digest += int.from_bytes(blake2b(text.encode(), digest_size=_BYTES).digest())
    return count, digest
