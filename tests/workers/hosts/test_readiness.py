"""What a probe of a worker is told."""

import asyncio

from tests.support.virtual_time import in_virtual_time
from tests.workers.test_retries import refused
from txn_core.readiness import OK, NotReadyError
from workers.hosts.health import FAULT_CACHED_S, readiness_of


async def fine() -> None:
    """Something that answers."""


async def missing() -> None:
    raise refused("ResourceNotFoundException", 400)


async def unfit() -> None:
    raise NotReadyError("the stream is DELETING")


async def test_a_probe_is_told_a_code_or_what_is_wrong_in_words() -> None:
    found = await readiness_of({"a": fine, "b": missing, "c": unfit}).found()
    assert found == {"a": OK, "b": "ResourceNotFoundException", "c": "the stream is DELETING"}


@in_virtual_time
async def test_who_waits_for_a_worker_that_starts_is_told_soon() -> None:
    answers = [NotReadyError("starting"), None]

    async def starting() -> None:
        if (error := answers.pop(0)) is not None:
            raise error

    readiness = readiness_of({"leases": starting})
    assert await readiness.found() == {"leases": "starting"}
    await asyncio.sleep(FAULT_CACHED_S)
    assert await readiness.found() == {"leases": OK}
