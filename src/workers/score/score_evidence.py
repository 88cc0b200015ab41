"""Whether the scorer has settled a record: the transaction has a score, and so has an id that was sent again."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from txn_core.aws.objects import ObjectStore
from txn_core.aws.types import DynamoDBClient
from txn_core.dynamodb.review.scores import ScoreTable, score_of
from txn_core.dynamodb.tables import TableNames
from txn_core.exceptions import EventError
from txn_core.kinesis.record_batch import StreamRecord
from txn_core.positions import WriteOrder
from txn_core.settings import Settings
from workers.events.decoding import event_in

_MISSING: Final = "missing_in_scores"


async def open_evidence(settings: Settings, dynamodb: DynamoDBClient, _: ObjectStore) -> "ScoreEvidence":
    """The evidence of the scorer."""
    return ScoreEvidence(ScoreTable(dynamodb, TableNames.of(settings).scores))


@dataclass(frozen=True, slots=True)
class ScoreEvidence:
    """Looks scores up by their ids."""

    scores: ScoreTable

    async def faults(self, records: Sequence[StreamRecord]) -> list[str | None]:
        """`missing_in_scores` or None, of each record."""
        return [await self._fault(record) for record in records]

    async def _fault(self, record: StreamRecord) -> str | None:
        try:
            event = event_in(record)
        except EventError:
            return _MISSING
        order = WriteOrder.of(event.accepted_at, record.position)
        scores = await self.scores.of(event.account, event.transaction_id)
        return None if score_of(scores, (event.card_id, *event.card_aliases), order) else _MISSING
