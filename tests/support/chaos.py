"""How long the random runs are: short in `make test`, as long as is asked for in `make chaos`."""

import os
from collections.abc import Sequence

EXAMPLES_VARIABLE = "CHAOS_EXAMPLES"
SEEDS_VARIABLE = "CHAOS_SEEDS"
MODEL_VARIABLE = "CHAOS_MODEL"


def examples(short: int) -> int:
    """How many examples Hypothesis makes."""
    return int(os.environ.get(EXAMPLES_VARIABLE) or short)


def models_are_large() -> bool:
    """Whether models are searched within their large bounds, for minutes."""
    return bool(os.environ.get(MODEL_VARIABLE))


def seeds(short: Sequence[int]) -> Sequence[int]:
    """The seeds of the runs, given as `first-last`, or as one seed that is to be seen again."""
    if not (asked := os.environ.get(SEEDS_VARIABLE)):
        return short
    first, _, last = asked.partition("-")
    return range(int(first), int(last or first) + 1)
