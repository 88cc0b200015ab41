"""What the demonstration says of an alert, and where there is none."""

import io
import json
from collections import deque

import httpx
import pytest
from rich.console import Console

from tests.txn_cli.fake_api import API_KEY, Bytes, CutOff, FakeApi, HttpReply
from txn_cli.demo import alert_showcase
from txn_cli.demo.alert_showcase import PAGE, show_alert
from txn_cli.stack.narrator import Narrator

ALERT = {
    "alert_id": "alr_" + "1" * 32,
    "score": 912,
    "card_masked": "411111******1111",
    "amount_minor": 98_840,
    "currency": "USD",
    "occurred_at": "2019-01-05T23:10:02.000000Z",
    "reasons": [{"text": text} for text in ("it is large", "it is late", "it is far", "it is odd")],
    "rule_hits": [],
}
SHOWN = [
    "Alerts of the scorer: 2. The one with the highest score:",
    "  score 912 of 999, card 411111******1111, 988.40 USD, 2019-01-05 23:10:02 UTC",
    "    it is large",
    "    it is late",
    "    it is far",
    f"  http://fake/alerts/{ALERT['alert_id']}",
]
NONE = "No alert is shown: "


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(alert_showcase, "PAUSE_S", 0.0)


def page(*alerts: object) -> dict[str, object]:
    return {"data": list(alerts), "has_more": False, "next_cursor": None}


async def said(api: FakeApi, *, wait_s: float = 0.0, scorer_runs: bool = True, key: str = API_KEY) -> list[str]:
    text = io.StringIO()
    narrator = Narrator(Console(file=text, width=40))
    headers = {"Authorization": f"Bearer {key}"}
    transport = httpx.ASGITransport(api)
    async with httpx.AsyncClient(transport=transport, base_url="http://fake", headers=headers) as client:
        await show_alert(client, narrator, scorer_runs=scorer_runs, wait_s=wait_s)
    return text.getvalue().splitlines()


async def test_the_highest_score_is_shown_with_its_three_strongest_reasons_in_words() -> None:
    lower = ALERT | {"alert_id": "alr_" + "2" * 32, "score": 400}
    assert await said(FakeApi(documents={"alerts": page(lower, ALERT)})) == SHOWN


async def test_an_alert_of_rules_alone_names_them() -> None:
    alert = ALERT | {"reasons": [], "rule_hits": ["night_spree"]}
    assert "    the rule night_spree hit" in await said(FakeApi(documents={"alerts": page(alert)}))


async def test_a_full_page_is_not_taken_for_all() -> None:
    shown = await said(FakeApi(documents={"alerts": page(*[ALERT] * PAGE)}))
    assert shown[0].startswith(f"Alerts of the scorer: {PAGE} or more.")


async def test_an_alert_that_comes_late_and_a_service_that_comes_back_are_waited_for() -> None:
    empty = Bytes(json.dumps(page()).encode())
    api = FakeApi(documents={"alerts": page(ALERT, ALERT)}, faults=deque([empty, HttpReply(503), CutOff(), None]))
    assert await said(api, wait_s=600.0) == SHOWN
    assert not api.faults


async def test_a_scorer_that_finds_nothing_is_asked_for_a_bounded_time() -> None:
    api = FakeApi(documents={"alerts": page()})
    (line,) = await said(api)
    assert line == f"{NONE}the scorer has raised none, so nothing here looks like fraud to it"
    assert api.reads == ["alerts"]


async def test_without_a_scorer_nobody_is_asked() -> None:
    api = FakeApi(documents={"alerts": page(ALERT)})
    assert await said(api, scorer_runs=False) == [f"{NONE}no scorer runs in this stack"]
    assert api.reads == []


@pytest.mark.parametrize(
    ("api", "why"),
    [
        (FakeApi(faults=deque([HttpReply(403)])), "answered 403"),
        (FakeApi(faults=deque([CutOff()])), "cannot be asked for alerts (ReadError)"),
        (FakeApi(faults=deque([Bytes(b"<html>")])), "no list"),
        (FakeApi(faults=deque([Bytes(b"[1]")])), "no list"),
        (FakeApi(documents={"alerts": page(1)}), "no alert"),
        (FakeApi(documents={"alerts": page(ALERT | {"amount_minor": "a"})}), "no alert"),
        (FakeApi(documents={"alerts": page(ALERT | {"currency": "US"})}), "no alert"),
        (FakeApi(documents={"alerts": page(ALERT | {"reasons": [7]})}), "no alert"),
    ],
)
async def test_an_api_that_gives_no_alerts_is_named_in_one_line(api: FakeApi, why: str) -> None:
    (line,) = await said(api)
    assert line.startswith(NONE)
    assert why in line
