"""What the demonstration shows of fraud: an alert and its reasons in words. That there is none ends nothing."""

import asyncio
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

import httpx

from txn_cli.stack.narrator import Narrator
from txn_core.exceptions import StackError
from txn_core.transactions.currency import EXPONENTS, minor_to_decimal

ALERT_S_MAX: Final = 5.0
ANSWER_S_MAX: Final = 5.0
PAUSE_S: Final = 0.5
PAGE: Final = 100
SCORER: Final = "score"
"""The name of the scorer's process in a stack."""
REASONS_SHOWN: Final = 3


async def show_alert(
    client: httpx.AsyncClient, narrator: Narrator, *, scorer_runs: bool, wait_s: float = ALERT_S_MAX
) -> None:
    """Show the alert with the highest score of the newest ones, or say why none is shown.

    Alerts are asked for once at least, and for `wait_s` while there is none.
    """
    if not scorer_runs:
        narrator.warn("No alert is shown: no scorer runs in this stack")
        return
    until = time.monotonic() + wait_s
    while True:
        try:
            alerts, why = await _newest(client), "the scorer has raised none, so nothing here looks like fraud to it"
        except StackError as error:
            alerts, why = [], str(error)
        if alerts or time.monotonic() >= until:
            break
        await asyncio.sleep(PAUSE_S)
    try:
        lines = list(_lines(alerts, str(client.base_url))) if alerts else [f"No alert is shown: {why}"]
    except StackError as error:
        lines = [f"No alert is shown: {error}"]
    for line in lines:
        narrator.say(line)


async def _newest(client: httpx.AsyncClient) -> Sequence[Any]:
    try:
        response = await client.get("/alerts", params={"limit": str(PAGE)}, timeout=ANSWER_S_MAX)
    except httpx.HTTPError as error:
        raise StackError(f"the API cannot be asked for alerts ({type(error).__name__})") from None
    try:
        document = response.json() if response.status_code == 200 else None
    except ValueError:
        document = None
    match document:
        case {"data": [*alerts]}:
            return alerts
        case _:
            raise StackError(f"the API answered {response.status_code} and no list when asked for alerts")


def _lines(alerts: Sequence[Any], api_url: str) -> Iterator[str]:
    match max(alerts, key=_score):
        case {
            "alert_id": str(alert_id),
            "score": int(score),
            "card_masked": str(card),
            "amount_minor": int(minor),
            "currency": str(currency),
            "occurred_at": str(occurred_at),
            "reasons": [*reasons],
            "rule_hits": [*rules],
        } if currency in EXPONENTS:
            count = f"{len(alerts)}" if len(alerts) < PAGE else f"{PAGE} or more"
            amount = f"{minor_to_decimal(minor, currency):,} {currency}"
            yield f"Alerts of the scorer: {count}. The one with the highest score:"
            yield f"  score {score} of 999, card {card}, {amount}, {occurred_at[:19].replace('T', ' ')} UTC"
            yield from (f"    {_words(reason)}" for reason in reasons[:REASONS_SHOWN])
            yield from (f"    the rule {rule} hit" for rule in rules[:REASONS_SHOWN])
            yield f"  {api_url.rstrip('/')}/alerts/{alert_id}"
        case _:
            raise StackError("the API answered with something that is no alert")


def _score(alert: Any) -> int:
    match alert:
        case {"score": int(score)}:
            return score
        case _:
            return -1


def _words(reason: Any) -> str:
    match reason:
        case {"text": str(text)}:
            return text
        case _:
            raise StackError("the API answered with something that is no alert")
