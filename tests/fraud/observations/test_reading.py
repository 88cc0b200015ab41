"""Observations of one transaction, however it comes."""

import dataclasses
import json
from typing import Any

import pytest
from devkit.lake_maker import lake_of

from fraud.observations.observation import Observation
from fraud.observations.raw_lake import observations_of
from fraud.observations.reading import observation_of, observation_of_row
from txn_core.lake.columns import arrived_of
from txn_core.lake.parquet import read_parquet
from txn_core.transactions.event import Event

BODY: dict[str, Any] = {
    "transaction_id": "0b242abb623afc578575680df30655b9",
    "card_number": "9703186189652090",
    "amount_minor": 497,
    "currency": "USD",
    "occurred_at": "2019-01-01T00:00:18.25Z",
    "merchant": {"name": "Rippin, Kub and Mann", "category": "misc_net", "latitude": 36.0, "longitude": -82.0},
    "customer": {"gender": "F", "date_of_birth": "1988-03-09", "state": "NC", "latitude": 36.5, "longitude": -81.0},
    "terminal": {"entry_mode": "chip"},
    "is_fraud": False,
}
BARE: dict[str, Any] = {
    name: BODY[name] for name in ("transaction_id", "card_number", "amount_minor", "currency", "occurred_at")
} | {"merchant": {"name": "Lind-Buckridge"}}


def of_lake(body: dict[str, Any]) -> tuple[list[Observation], list[Event]]:
    """The observations of a lake's rows, and the events that stand in them."""
    table = read_parquet(next(iter(lake_of([body], rows_per_object=10))).body)
    return list(observations_of(table)), [Event.decode(record.data) for record in arrived_of(table)]


@pytest.mark.parametrize("body", [BODY, BARE])
def test_event_lake_and_file_give_one_observation(body: dict[str, Any]) -> None:
    (of_table,), (event,) = of_lake(body)
    of_file = observation_of_row(body, account=event.account, card_id=event.card_id, merchant_id=event.merchant_id)
    assert of_table == observation_of(event) == of_file
    assert of_table.occurred_at_us % 1_000_000 == 250_000
    assert (of_table.gender, of_table.category) == ((None, None) if body is BARE else ("F", "misc_net"))


def test_the_label_and_who_the_holder_is_do_not_reach_an_observation() -> None:
    (said,), _ = of_lake(BODY)
    for label in (True, None):
        assert of_lake(BODY | {"is_fraud": label})[0] == [said]
    named = BODY | {
        "customer": BODY["customer"] | {"first_name": "Jennifer", "last_name": "Banks", "street": "1 Cove"}
    }
    assert of_lake(named)[0] == [said]
    names = {part.name for part in dataclasses.fields(Observation)}
    assert names.isdisjoint({"is_fraud", "label", "first_name", "last_name", "street", "card_number", "card_masked"})
    assert "Jennifer" not in json.dumps(dataclasses.asdict(said))


def test_a_card_under_a_new_key_names_its_older_ids() -> None:
    _, (event,) = of_lake(BODY)
    aliases = ("card_1_" + "c" * 32,)
    aliased = event.model_copy(update={"card_aliases": aliases, "card_id": "card_2_" + "d" * 32})
    assert observation_of(aliased).card_aliases == aliases
