"""The raw lake as transactions with labels: objects by hour of arrival, rows in the order of the stream."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Final

from fraud.observations.raw_lake import observations_of
from fraud.training.labelled import Labelled
from txn_core.aws.objects import ObjectStore
from txn_core.lake.layout import RAW_PREFIX
from txn_core.lake.parquet import slices
from txn_core.lake.reader import raw_hours

_ROWS_MAX: Final = 20_000


async def labelled_lake(store: ObjectStore, begin: datetime, end: datetime) -> AsyncIterator[Labelled]:
    """What arrived from one moment to before another, by the transactions' own labels (`is_fraud`).

    A transaction without a label counts as legitimate. Rows of one shard come in its order.
    """
    # Rows that arrived in an hour may stand in the folder before: an object spans up to an hour.
    first, last = (
        f"{RAW_PREFIX}dt={moment:%Y-%m-%d}/hr={moment:%H}/" for moment in (begin - timedelta(hours=1), end)
    )
    for hour in await raw_hours(store):
        if not first <= hour <= last:
            continue
        async for key in store.keys(hour):
            for table in slices(await store.read(key), _ROWS_MAX):
                arrived, labels = table["arrived_at"].to_pylist(), table["is_fraud"].to_pylist()
                for observation, at, label in zip(observations_of(table), arrived, labels, strict=True):
                    if begin <= at < end:
                        yield Labelled(observation, label is True)
