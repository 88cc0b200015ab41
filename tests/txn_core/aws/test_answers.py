"""What a process sees of a service in the course of its work."""

import asyncio
from types import SimpleNamespace

import pytest

from txn_core.aws.answers import Answers
from txn_core.aws.clients import Aws
from txn_core.settings import Settings


async def test_successes_of_the_named_operations_count(own_environment: pytest.MonkeyPatch) -> None:
    """By the events of the client itself; a refusal says nothing, and nor does another operation."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        own_environment.setenv(name, "x")
    async with Aws(Settings(kinesis_endpoint_url="http://127.0.0.1:1")).kinesis() as client:
        answers = Answers(client, "kinesis", ("GetRecords", "ListShards"))

        async def ended(operation: str, status: int) -> None:
            answer = SimpleNamespace(status_code=status)
            await client.meta.events.emit(f"after-call.kinesis.{operation}", http_response=answer, parsed={})

        await ended("GetRecords", 400)
        await ended("DescribeStreamSummary", 200)
        assert answers.last_s == float("-inf")
        await ended("GetRecords", 200)
        seen_s = answers.last_s
        assert 0 <= asyncio.get_running_loop().time() - seen_s < 60
        await ended("ListShards", 200)
        assert answers.last_s >= seen_s
