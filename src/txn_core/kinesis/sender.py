"""One PutRecords call: sent, timed and judged. It raises nothing that an attempt may end in."""

import asyncio
from collections.abc import Sequence

from txn_core.aws.types import KinesisClient, PutRecordsRequestEntryTypeDef
from txn_core.kinesis.landing import Landing
from txn_core.kinesis.outcomes import ATTEMPT_ERRORS, Failed, Outcome, outcome_of_error, outcomes_of_answer
from txn_core.kinesis.producer_metrics import ProducerMetrics
from txn_core.tracing.span_table import FAILED, KINESIS_RECORDS, RECORDS, SpanName
from txn_core.tracing.spans import span


class Sender:
    """Calls PutRecords on one stream."""

    def __init__(self, client: KinesisClient, stream: str, *, attempt_s_max: float, metrics: ProducerMetrics) -> None:
        self._client, self._stream = client, stream
        self._attempt_s_max, self._metrics = attempt_s_max, metrics
        self.stored_s = float("-inf")
        """When a call last put a record on the stream, by the clock of the event loop."""

    async def put(self, entries: Sequence[PutRecordsRequestEntryTypeDef]) -> Sequence[Outcome]:
        """What became of each entry."""
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        self._metrics.requests += 1
        try:
            # The client bounds each of its waits but not their sum: an answer that trickles in would hold the lanes.
            async with asyncio.timeout(self._attempt_s_max):
                answer = await self._client.put_records(StreamName=self._stream, Records=entries)
        except ATTEMPT_ERRORS as error:
            return [outcome_of_error(error, len(entries))] * len(entries)
        finally:
            self._metrics.request_times.observe(loop.time() - began_at)
        outcomes = outcomes_of_answer(answer, len(entries))
        if any(isinstance(outcome, Landing) for outcome in outcomes):
            self.stored_s = loop.time()
        return outcomes

    async def put_traced(self, entries: Sequence[PutRecordsRequestEntryTypeDef], records: int) -> Sequence[Outcome]:
        """The same in a span of its own, with so many records in the entries.

        The span is a root: a call belongs to many requests, whichever of them it was begun by.
        """
        with span(SpanName.PUT_RECORDS, root=True) as current:
            outcomes = await self.put(entries)
            current.set(RECORDS, records)
            current.set(KINESIS_RECORDS, len(entries))
            current.set(FAILED, sum(isinstance(outcome, Failed) for outcome in outcomes))
        return outcomes
