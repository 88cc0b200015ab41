"""An outage of some seconds is waited out, a longer one ends the command, and what is no outage does so at once."""

import pytest
from botocore.exceptions import ClientError
from structlog.testing import capture_logs

from tests.support.virtual_time import in_virtual_time
from warehouse.curated.attempts import ATTEMPTS_MAX, in_a_few_attempts


class Store:
    """Fails some times, then answers."""

    def __init__(self, failures: int, code: str = "SlowDown") -> None:
        self.failures, self.code, self.calls = failures, code, 0

    async def call(self) -> str:
        self.calls += 1
        if self.calls <= self.failures:
            raise ClientError({"Error": {"Code": self.code}}, "GetObject")
        return "answer"


@in_virtual_time
async def test_an_outage_is_waited_out_and_logged() -> None:
    store = Store(ATTEMPTS_MAX - 1)
    with capture_logs() as logs:
        assert await in_a_few_attempts("read object", store.call) == "answer"
    assert [(each["event"], each["call"], each["failures"]) for each in logs] == [
        ("outage", "read object", number) for number in range(1, ATTEMPTS_MAX)
    ]


@in_virtual_time
async def test_a_longer_outage_is_told_by_its_last_error() -> None:
    store = Store(100)
    with pytest.raises(ClientError):
        await in_a_few_attempts("read object", store.call)
    assert store.calls == ATTEMPTS_MAX


@in_virtual_time
async def test_a_refusal_is_no_outage() -> None:
    store = Store(100, "AccessDenied")
    with pytest.raises(ClientError):
        await in_a_few_attempts("read object", store.call)
    assert store.calls == 1
