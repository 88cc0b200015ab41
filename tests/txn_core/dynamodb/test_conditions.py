"""Conditional writes: carried out, refused by their condition, or failed; and the expressions of updates."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from txn_core.dynamodb.conditions import carried_out, replacement


async def written(code: str | None, status: int = 400) -> None:
    if code is not None:
        answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(answer, "PutItem")


async def test_a_failed_condition_is_an_answer_and_no_error() -> None:
    assert await carried_out(written(None))
    assert not await carried_out(written("ConditionalCheckFailedException"))


@pytest.mark.parametrize(
    ("code", "status"),
    [("ValidationException", 400), ("ProvisionedThroughputExceededException", 400), ("InternalServerError", 500)],
)
async def test_any_other_failure_is_raised(code: str, status: int) -> None:
    with pytest.raises(ClientError, match=code):
        await carried_out(written(code, status))


def test_a_replacement_sets_what_is_given_and_removes_what_is_not() -> None:
    assert replacement(["a", "b"], ["b", "c"]) == "SET #a = :a, #b = :b REMOVE #c"
    assert replacement(["a"], ["a"]) == "SET #a = :a"
