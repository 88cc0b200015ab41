"""All features in the order in which models see them, and the two functions that compute them."""

import hashlib
import json
from itertools import chain
from typing import Final

from fraud.features.card_features import CARD
from fraud.features.feature import Feature, Value
from fraud.features.habit_features import HABIT
from fraud.features.stage_two import STAGE2, Said
from fraud.features.transaction_features import TRANSACTION
from fraud.features.velocity_features import VELOCITY
from fraud.features.view import View
from fraud.history.columns import Columns
from fraud.observations.observation import Observation

FEATURE_SET: Final = 1
"""Rises with every change of a feature's value, name or place: a model is bound to it."""
FEATURES: Final[tuple[Feature[View], ...]] = (*TRANSACTION, *VELOCITY, *HABIT, *CARD)

_FUNCTIONS: Final = tuple(feature.of for feature in FEATURES)
_STAGE2_FUNCTIONS: Final = tuple(feature.of for feature in STAGE2)


def features_of(observation: Observation, history: Columns) -> list[Value]:
    """The values of `FEATURES` for a transaction that the history does not hold yet."""
    view = View(observation, history)
    return [of(view) for of in _FUNCTIONS]


def stage2_of(observation: Observation, history: Columns, model_id: str, stage1_millilogit: int) -> list[Value]:
    """The values of `STAGE2`, from the log-odds that a model's first stage gave the priors and this transaction."""
    said = Said(observation, history, model_id, stage1_millilogit)
    return [of(said) for of in _STAGE2_FUNCTIONS]


def feature_set_digest() -> str:
    """SHA-256 of the catalogue in hex: names, places, units, windows and texts. A manifest holds it."""
    entries = [
        (feature.name, feature.group, feature.unit, feature.window, feature.text)
        for feature in chain[Feature[View] | Feature[Said]](FEATURES, STAGE2)
    ]
    return hashlib.sha256(json.dumps([FEATURE_SET, entries]).encode()).hexdigest()
