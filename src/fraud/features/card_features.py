"""Where the transaction was made, and how long the card has been known."""

from typing import Final

from fraud.features.feature import Feature, Value
from fraud.features.view import WEEK_S, View
from fraud.observations.distances import degrees_e4, squared_steps


def _from_home(view: View) -> Value:
    seen = view.observation
    latitude, longitude, place = seen.customer_latitude, seen.customer_longitude, view.place
    if latitude is None or longitude is None or place is None:
        return None
    return squared_steps(degrees_e4(latitude, 90), degrees_e4(longitude, 180), *place)


def _from_last(view: View) -> Value:
    return view.from_last


def _speed(view: View) -> Value:
    """Squared, as a root is not the same on every machine."""
    last, distance = view.columns.last_place, view.from_last
    if last is None or distance is None or last.occurred_at_s == view.at_s:
        return None
    return distance / (view.at_s - last.occurred_at_s) ** 2


def _card_age(view: View) -> Value:
    """Bounded, or the age would tell the early days of a training set from the late ones."""
    first_seen_s = view.columns.first_seen_s
    return None if first_seen_s is None else min(max(view.at_s - first_seen_s, 0), WEEK_S)


CARD: Final = (
    Feature("from_home", "place", "squared steps", "none", "it was made {} from the holder's home", _from_home),
    Feature("from_last", "place", "squared steps", "card", "it was made {} from the place before", _from_last),
    Feature(
        "speed", "place", "squared steps per squared second", "card",
        "the card would have travelled at {} since the place before", _speed,
    ),
    Feature("card_age", "card", "seconds", "card", "the card was first seen {} before, or longer", _card_age),
)  # fmt: skip
