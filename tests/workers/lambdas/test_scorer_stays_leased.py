"""Why the scorer is no function: what ADR 51 says of it. Who makes it one has to change what is shown here."""

from tests.builders import SHARD
from tests.workers.builders import records
from tests.workers.score.score_world import FIRST, SECOND, ScoreWorld
from tests.workers.score.test_score_processor import bought
from txn_core.kinesis.record_batch import RecordBatch
from txn_core.lake.layout import SCORES_PREFIX
from workers.leases.version_pin import pin_at
from workers.reading.reader import Batch

BATCHES = 8
A_BATCH = 3
FLUSH_RECORDS = 6


async def scored(*, a_process_each: bool) -> ScoreWorld:
    """Batches, of which all but the first come when other versions are wanted."""
    world, read = ScoreWorld(), RecordBatch.of(records(*(bought(number) for number in range(BATCHES * A_BATCH))))
    process = world.begun(records_max=FLUSH_RECORDS)
    for start in range(0, len(read), A_BATCH):
        if a_process_each:
            process = world.begun(records_max=FLUSH_RECORDS)
        batch = Batch(read[start : start + A_BATCH], at_tip=False, ended=False)
        await process.processor.take(batch)
        if a_process_each:
            await process.processor.finish()
        world.watch.wanted = SECOND
    await process.processor.finish()
    return world


async def test_a_scorer_that_starts_again_with_each_batch_never_takes_up_other_versions() -> None:
    """It cannot know whether a predecessor has scored what it is given, and so keeps to the versions before."""
    for a_process_each, versions, objects in (
        (False, SECOND, BATCHES * A_BATCH // FLUSH_RECORDS),
        (True, FIRST, BATCHES),
    ):
        world = await scored(a_process_each=a_process_each)
        last = world.log()[-1].position
        pin = pin_at(world.rows[SHARD].pins, last)
        assert pin is not None
        assert pin.versions == tuple(versions)
        assert sum(key.startswith(SCORES_PREFIX) for key in world.objects) == objects
        assert len(world.log()) == BATCHES * A_BATCH
