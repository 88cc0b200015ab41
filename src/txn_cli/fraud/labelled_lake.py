"""The raw lake as transactions with labels: objects by hour of arrival, rows in the order of the stream."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from fraud.observations.observation import Observation
from fraud.observations.raw_lake import observations_of
from fraud.training.labelled import Labelled
from txn_core.aws.objects import ObjectStore
from txn_core.lake.layout import RAW_PREFIX
from txn_core.lake.stream_objects import stream_tables

KnownLabels = Mapping[tuple[str, str], bool]
"""Whether a transaction is known for fraud, by account and id."""


class LakeRow(NamedTuple):
    """A transaction with its label, and when it arrived."""

    at: datetime
    row: Labelled


@dataclass(frozen=True, slots=True)
class LabelledLake:
    """The lake in a bucket, and what is known of its transactions.

    Of a transaction without a label in `labels` its own `is_fraud` counts; one without either is legitimate.
    """

    store: ObjectStore
    labels: KnownLabels

    async def rows(self, begin: datetime, end: datetime) -> AsyncIterator[LakeRow]:
        """What arrived from one moment to before another. Rows of one shard come in its order.

        A card stays under the id that it had first, when a later key gives it another one.
        """
        cards = _CardIds({})
        async for table in stream_tables(self.store, RAW_PREFIX, begin, end):
            arrived, imported = table["arrived_at"].to_pylist(), table["is_fraud"].to_pylist()
            for seen, at, given in zip(observations_of(table), arrived, imported, strict=True):
                if begin <= at < end:
                    is_fraud = self.labels.get((seen.account, seen.transaction_id), given is True)
                    yield LakeRow(at, Labelled(cards.settled(seen), is_fraud))


@dataclass(frozen=True, slots=True)
class _CardIds:
    """The id under which each card came first, by account and each later id."""

    known: dict[tuple[str, str], str]

    def settled(self, seen: Observation) -> Observation:
        own = seen.account, seen.card_id
        if (first := self.known.get(own)) is None:
            names = (self.known.get((seen.account, alias)) for alias in seen.card_aliases)
            first = self.known[own] = next((name for name in names if name is not None), seen.card_id)
        return seen if first == seen.card_id else replace(seen, card_id=first)
