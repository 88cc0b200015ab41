"""A registry's figures by the dimensions that CloudWatch gets: labels that are no dimension are folded away."""

import math
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from prometheus_client import Metric

from txn_core.emf.naming import dimension_of, dimension_value, is_reported


class Series(NamedTuple):
    """A metric by one set of dimensions."""

    dimension: str
    """The second dimension besides the service, empty where there is none."""
    value: str
    """Its value, empty where there is none."""
    name: str


@dataclass(frozen=True, slots=True)
class Distribution:
    """What a histogram has counted since its process began."""

    counts: Counter[float] = field(default_factory=Counter)
    """By a bucket's upper bound, the buckets below left out."""
    totals: list[float] = field(default_factory=list)
    """Sums of the observations, to be added up."""

    @property
    def total(self) -> float:
        """The sum of all observations."""
        return math.fsum(self.totals)


@dataclass(frozen=True, slots=True)
class Figures:
    """A registry at one moment."""

    counters: defaultdict[Series, float] = field(default_factory=lambda: defaultdict(float))
    gauges: defaultdict[Series, list[float]] = field(default_factory=lambda: defaultdict(list))
    """Each has a value for every combination of the labels that were folded."""
    distributions: defaultdict[Series, Distribution] = field(default_factory=lambda: defaultdict(Distribution))


_BUCKET: Final = "le"


def figures_of(families: Iterable[Metric]) -> Figures:
    """Fold the families of a registry. Figures that are no finite numbers are left out."""
    figures = Figures()
    for family in families:
        if is_reported(family.name):
            _fold(family, figures)
    return figures


def _fold(family: Metric, figures: Figures) -> None:
    below: dict[tuple[str, ...], float] = {}
    for sample in family.samples:
        if not math.isfinite(sample.value):
            continue
        end = sample.name.removeprefix(family.name)
        name = sample.name if family.type == "counter" else family.name
        label = dimension_of(name, sample.labels)
        value = sample.labels.get(label)
        series = Series("", "", name) if value is None else Series(label, dimension_value(value), name)
        match family.type, end:
            case "counter", "_total":
                figures.counters[series] += sample.value
            case "gauge", "":
                figures.gauges[series].append(sample.value)
            case "histogram", "_bucket":
                # Buckets are cumulative, and stand in the order of their bounds.
                labels = tuple(text for label, text in sample.labels.items() if label != _BUCKET)
                count = sample.value - below.get(labels, 0.0)
                below[labels] = sample.value
                figures.distributions[series].counts[float(sample.labels[_BUCKET])] += int(count)
            case "histogram", "_sum":
                figures.distributions[series].totals.append(sample.value)
            case _:
                pass  # when a series began, how many were observed, and kinds that nothing of ours has
