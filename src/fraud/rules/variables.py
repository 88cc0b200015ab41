"""What rules can ask of a transaction: the features under their names, fields of the event, and the score.

A category, an entry mode and a gender are text here, as the event has them, and not the codes that models read. The
event's `type` is `transaction_type`, since CEL has a type `type`.
"""

from collections.abc import Mapping, Sequence
from itertools import chain
from operator import attrgetter
from typing import Final, Literal

from fraud.features.catalogue import FEATURES
from fraud.features.feature import Feature
from fraud.features.stage_two import STAGE2, Said
from fraud.features.view import View
from fraud.observations.observation import Observation
from txn_core.transactions.instants import Instant

Kind = Literal["int", "double", "string"]
Value = int | float | str | None

SCORE: Final = "score"
ARRIVED_AT: Final = "arrived_at"
"""When the transaction arrived: rules expire by it. No rule can ask for it."""
KNOWN: Final = "has_"
"""Before a variable's name: whether the transaction says it."""

_TEXTS: Final = (
    "account", "card_id", "merchant_id", "transaction_type", "currency", "category", "gender", "state", "job",
    "entry_mode", "terminal_id",
)  # fmt: skip
_PLACES: Final = ("customer_latitude", "customer_longitude", "merchant_latitude", "merchant_longitude")
_FIELDS: Final = (*_TEXTS, *_PLACES, "amount_minor")
_fields_of: Final = attrgetter(*("type" if name == "transaction_type" else name for name in _FIELDS))
_CODED: Final = {"category", "entry mode", "gender"}
_FRACTIONS: Final = {"ratio", "share", "squared steps per squared second"}
_MEANS: Final = {"mean_24h", "stage1_mean_date"}

_ALL_FEATURES: Final = tuple(
    (feature.name, feature.unit) for feature in chain[Feature[View] | Feature[Said]](FEATURES, STAGE2)
)
_NAMES: Final = tuple(name for name, _ in _ALL_FEATURES)

VARIABLES: Final[Mapping[str, Kind]] = {
    **{
        name: "double" if unit in _FRACTIONS or name in _MEANS else "int"
        for name, unit in _ALL_FEATURES
        if unit not in _CODED
    },
    **dict.fromkeys(_TEXTS, "string"),
    **dict.fromkeys(_PLACES, "double"),
    "amount_minor": "int",
    SCORE: "int",
}  # fmt: skip
"""The type of each variable. Any of them may be missing."""


def rule_values(
    observation: Observation,
    features: Sequence[float | None],
    *,
    score: int | None,
    arrived_at: Instant | None = None,
) -> dict[str, Value]:
    """The variables of a transaction.

    Args:
        observation: the transaction.
        features: values of the catalogue's features, and after them those of the second stage if a model scored.
        score: 0 to 999, or None where no model scored.
        arrived_at: None where no rule is to expire.
    """
    values: dict[str, Value] = dict(zip(_NAMES, features, strict=False))
    values.update(zip(_FIELDS, _fields_of(observation), strict=True))
    values[SCORE], values[ARRIVED_AT] = score, arrived_at
    return values
