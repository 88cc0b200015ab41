"""64 reviewers at once on the queue, at two processes: one winner each, an audit without gaps, labels once.

`make races` runs 200 rounds; the tests have a few reviewers at one process (`tests/txn_api/routes/test_cases.py`).
"""

import asyncio
import os
from pathlib import Path
from typing import Any, Final

import pytest

from fraud.review.alert_desk import AlertDesk
from tests.builders import keys
from tests.fraud.builders import alert_of
from tests.races.served import Client, client_of, serving
from tests.workers.conftest import StackFixture, world_of
from txn_core.dynamodb.review.alerts import AlertTable
from txn_core.dynamodb.review.cases import CaseTable
from txn_core.dynamodb.tables import TableNames
from txn_core.settings import Settings
from txn_core.transactions.instants import now

ROUNDS: Final = int(os.environ.get("RACE_ROUNDS") or 0)
REVIEWERS: Final = 64
CASES: Final = 48
CLOSING: Final = 3  # reviewers that close the same case at once
FRAUD: Final = {"resolution": "fraud", "reason": "not hers"}


async def raised(world: StackFixture, round_: int) -> dict[str, str]:
    """Cases with one alert each, and the transactions of these."""
    names = TableNames.of(world.settings)
    desk = AlertDesk(AlertTable(world.dynamodb, names.alerts), CaseTable(world.dynamodb, names.cases), keys())
    numbers = range(CASES * round_, CASES * (round_ + 1))
    alerts = [alert_of(number, card_id=f"card_1_{number:032x}", alerted_at=now()) for number in numbers]
    stored = [(await desk.raise_alert(alert)).alert for alert in alerts]
    return {str(alert.case_id): alert.transaction_id for alert in stored}


async def sent(client: Client, method: str, url: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    """One request: the status, and the document if there is one."""
    headers = {**client.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
    async with client.session.request(method, url, json=body, headers=headers) as answer:
        return answer.status, None if answer.status == 204 else await answer.json(content_type=None)


@pytest.mark.skipif(not ROUNDS, reason="minutes long; `make races`")
@pytest.mark.timeout(7_200)
async def test_each_case_has_one_winner_and_one_label(settings: Settings, tmp_path: Path) -> None:
    """Of 64 who ask 48 get a case each and 16 none; of three who close one, one does."""
    settings = settings.model_copy(update={"api_processes": 2})
    async with world_of(settings) as world, client_of(world) as client, serving(world.settings, tmp_path) as api:
        for round_ in range(ROUNDS):
            cases = await raised(world, round_)
            told = await asyncio.gather(*(sent(client, "POST", f"{api.url}/cases/next") for _ in range(REVIEWERS)))
            assert sorted(status for status, _ in told) == [200] * CASES + [204] * (REVIEWERS - CASES)
            assert sorted(case["case_id"] for status, case in told if status == 200) == sorted(cases)

            closing = [
                sent(client, "POST", f"{api.url}/cases/{case_id}/close", FRAUD, If_Match='"v2"')
                for case_id in cases
                for _ in range(CLOSING)
            ]
            closed = await asyncio.gather(*closing)
            assert sorted(status for status, _ in closed) == [200] * CASES + [409] * (CASES * (CLOSING - 1))
            for case_id, transaction_id in cases.items():
                _, case = await sent(client, "GET", f"{api.url}/cases/{case_id}")
                assert [(entry["number"], entry["action"]) for entry in case["audit"]] == [
                    *((1, "opened"), (2, "claimed"), (3, "closed"))
                ]
                _, labels = await sent(client, "GET", f"{api.url}/labels/{transaction_id}")
                assert [label["value"] for label in labels["history"]] == ["fraud"]
