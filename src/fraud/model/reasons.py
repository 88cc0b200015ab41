"""Why a transaction scores high, in the features that people read."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from fraud.features.catalogue import FEATURES
from fraud.features.feature import Feature
from fraud.features.stage_two import STAGE2
from fraud.features.words import in_words
from fraud.model.contributions import Contributions
from fraud.model.trees import Value

REASONS_MAX: Final = 5
OWN: Final = next(place for place, feature in enumerate(STAGE2, len(FEATURES)) if feature.name == "stage1_own")
"""Where the second stage reads what the first one says of the transaction."""


class Reason(NamedTuple):
    """A feature, its value, what it adds to the log-odds in thousandths, and the same in words."""

    feature: str
    value: Value
    contribution: int
    text: str


def reasons_of(
    first_stage: Contributions, second_stage: Contributions, values: Sequence[Value]
) -> tuple[Reason, ...]:
    """What adds most to the log-odds, the strongest first; nothing that speaks against fraud.

    What the second stage takes from the first one's log-odds is shared out among the features of the first stage
    that point the same way, by what each of them adds there: people cannot check that "the first stage says 2.3".
    """
    found, first = second_stage.to(values), first_stage.to(values[: len(FEATURES)])
    through, found[OWN] = found[OWN], 0.0
    same_way = [max(each, 0.0) if through > 0.0 else min(each, 0.0) for each in first]
    total = sum(same_way)
    if total:
        for place, each in enumerate(same_way):
            found[place] += through * each / total
    ranked = sorted(range(len(found)), key=lambda place: (-found[place], place))
    return tuple(_reason(place, values[place], found[place]) for place in ranked[:REASONS_MAX] if found[place] > 0.0)


def _reason(place: int, value: Value, contribution: float) -> Reason:
    features: tuple[Feature[Any], ...] = (*FEATURES, *STAGE2)
    feature = features[place]
    return Reason(feature.name, value, round(contribution * 1000.0), in_words(feature, value))
