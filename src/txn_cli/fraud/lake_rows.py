"""Rows of a system's lake for training, backtests and the trial of rules."""

from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from fraud.history.card_history import HORIZON_S
from fraud.training.labelled import Labelled
from txn_cli.fraud.known_labels import known_labels
from txn_cli.fraud.labelled_lake import LabelledLake
from txn_cli.output.failure import store_errors
from txn_core.aws.clients import Aws
from txn_core.dynamodb.review.labels import LabelTable
from txn_core.dynamodb.tables import TableNames
from txn_core.settings import Settings
from txn_core.transactions.instants import EARLIEST, instant_of

HORIZON: Final = timedelta(seconds=HORIZON_S)


class LakeRows(NamedTuple):
    """What arrived before the time that is asked for, which fills histories alone, and what arrived in it."""

    before: list[Labelled]
    asked: list[Labelled]


async def lake_rows(
    settings: Settings, begin: datetime, end: datetime, *, known_by: datetime, history: timedelta = timedelta()
) -> LakeRows:
    """What arrived between two moments, and in some time before, with the labels that were known by another.

    Raises:
        StoreError: the lake or the labels cannot be read.
    """
    first = begin - history if begin - EARLIEST > history else EARLIEST
    with store_errors(f"read the labels in {TableNames.of(settings).labels}"):
        async with Aws(settings).dynamodb() as dynamodb:
            labels = await known_labels(
                LabelTable(dynamodb, TableNames.of(settings).labels), instant_of(known_by.astimezone(UTC))
            )
    found = LakeRows([], [])
    with store_errors(f"read the lake in {settings.lake_bucket}"):
        async with Aws(settings).lake() as store:
            async for each in LabelledLake(store, labels).rows(first, end):
                (found.asked if each.at >= begin else found.before).append(each.row)
    return found
