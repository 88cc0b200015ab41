"""What the shipped model says of the rows that a demonstration loads."""

from collections import Counter
from collections.abc import Iterator

from pydantic_core import from_json

from fraud.history.card_history import CardHistory
from fraud.model.loading import load_model
from fraud.model.shipped import SHIPPED_KEY, shipped_files
from fraud.observations.reading import observation_of_row
from ingest.layouts.read_rows import SoundRow
from txn_cli.demo.demo_rows import demo_rows


def _alerts() -> Iterator[tuple[str, bool, bool]]:
    """The card of each row, whether the row is an alert, and whether it is a fraud."""
    model = load_model(shipped_files(), [SHIPPED_KEY])
    histories: dict[str, CardHistory] = {}
    with demo_rows(None, None) as (rows, _):
        for row in rows:
            assert isinstance(row, SoundRow)
            body = from_json(row.body)
            card = body["card_number"]
            history = histories.setdefault(card, CardHistory.empty())
            observation = observation_of_row(body, account="demo", card_id=card, merchant_id="mer")
            scored = model.score(observation, history)
            history.with_(observation, {model.id: scored.stage1_millilogit})
            yield card, model.decide(scored.raw_millilogit) == "alert", body["is_fraud"] is True


def test_a_demonstration_has_some_alerts_on_few_cards_and_most_of_them_are_frauds() -> None:
    found = list(_alerts())
    decided = Counter((alert, fraud) for _, alert, fraud in found)
    right, wrong, missed = decided[True, True], decided[True, False], decided[False, True]
    assert 10 <= right + wrong <= 60
    assert right > wrong
    assert right > 2 * missed
    assert 3 <= len({card for card, alert, _ in found if alert}) <= 20
