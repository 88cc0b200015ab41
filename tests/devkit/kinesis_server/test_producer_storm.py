"""The real producer in storms: whatever happens to the stream, its answers are what the server remembers.

`make chaos` runs many seeds; `make chaos SEEDS=0-0 STORMS=17` runs one that failed again.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Final

import pytest

from devkit.kinesis_server import kinesis_server
from tests.devkit.kinesis_server.builders import CLIENT_PATIENCE_S, STREAM, settings_for
from tests.devkit.kinesis_server.storm import Storm
from tests.devkit.kinesis_server.storm_run import StormRun
from tests.devkit.kinesis_server.verdict import check, check_hashes, check_reading
from tests.support.chaos import seeds
from txn_core.aws.clients import Aws

SEEDS_SHORT: Final = range(5)
AGGREGATES_MIN: Final = 10


@pytest.fixture(params=seeds(SEEDS_SHORT), ids="seed {}".format)
async def run(request: pytest.FixtureRequest, own_environment: pytest.MonkeyPatch) -> AsyncIterator[StormRun]:
    """A run on a server of its own, not yet begun."""
    own_environment.setenv("AWS_ACCESS_KEY_ID", "x")
    own_environment.setenv("AWS_SECRET_ACCESS_KEY", "x")
    storm = Storm.of(request.param)
    async with (
        kinesis_server({STREAM: storm.shards}, seed=storm.seed) as server,
        Aws(settings_for(server)).kinesis_writer(read_timeout_s=CLIENT_PATIENCE_S) as client,
    ):
        yield StormRun(storm, server, client)


async def test_a_storm_makes_no_answer_untrue(run: StormRun) -> None:
    """Acknowledged is stored where it was said, not stored is absent, cards are in order, and nothing is left."""
    run.storm.rise(run.server)
    await run.run()
    check(run)
    check_reading(run, await run.read_back())


async def test_what_was_packed_is_read_by_the_reference_and_by_our_workers(run: StormRun) -> None:
    """On a sound stream: many aggregates, each user record on the shard of its own key."""
    run.storm = replace(run.storm, by_shards=True, load_s=0.3)
    await run.run(aggregates_min=AGGREGATES_MIN)
    check(run)
    assert check_reading(run, await run.read_back()) >= AGGREGATES_MIN
    check_hashes(run.server)
