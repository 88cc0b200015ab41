"""How long outages are waited out."""

import pytest
from botocore.exceptions import ClientError

from workers import retries
from workers.retries import PAUSE_S_MAX, pause_s, retry_outages


def refused(code: str, status: int) -> ClientError:
    """What a service answers."""
    answer = {"Error": {"Code": code, "Message": "secret"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Operation")  # type: ignore[arg-type]


async def test_a_call_is_repeated_until_the_outage_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retries, "PAUSE_FIRST_S", 0.0)
    answers: list[Exception | str] = [TimeoutError(), refused("SlowDown", 503), "done"]

    async def call() -> str:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert await retry_outages("test", call) == "done"


async def test_a_fault_is_raised_at_once() -> None:
    async def call() -> None:
        raise refused("ValidationException", 400)

    with pytest.raises(ClientError):
        await retry_outages("test", call)


def test_pauses_grow_to_a_bound() -> None:
    assert 0 < pause_s(1) < 0.2
    assert PAUSE_S_MAX / 2 <= pause_s(1000) <= PAUSE_S_MAX
