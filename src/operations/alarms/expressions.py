"""What an alarm watches, in terms that CloudWatch's metric math and PromQL both have.

A series gives one number a period. An expression makes one number of a few series. `cloudwatch_alarms.py` and
`prometheus_rules.py` render expressions, and tests evaluate them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

Statistic = Literal["Sum", "Maximum", "Minimum", "SampleCount", "p50", "p99"]
"""What becomes of a period's values, in CloudWatch's words: `Sum` of counters, `p50` and `p99` of histograms."""

Placeholder = Literal[
    "Stream",
    "IndexLeases",
    "ArchiveLeases",
    "ScoreLeases",
    "LoadBalancer",
    "TargetGroup",
    "OtherTargetGroup",
    "Zone1",
    "Zone2",
    "Zone3",
    "Certificate",
    "ChangeRule",
    "IndexFunction",
    "FilesFunction",
]
"""What a deployment alone knows: names of its stream, tables, balancer, zones, certificate, rule for changes and
functions. Deployments change between the two target groups."""

ZONES: Final[tuple[Placeholder, ...]] = ("Zone1", "Zone2", "Zone3")


@dataclass(frozen=True, slots=True)
class OwnMetric:
    """A metric of our processes.

    Attributes:
        name: as `/metrics` says it, with `_total` of a counter and without `_bucket` of a histogram. CloudWatch has
            it under the same name (docs/telemetry.md).
        service: the kind of process, as CloudWatch's dimension `service` and Prometheus' label `job` name it.
        label: one more label and its value; None for all values of all labels together.
    """

    name: str
    statistic: Statistic
    service: str
    label: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class AwsMetric:
    """A metric of a service of AWS. Prometheus gets it by the CloudWatch exporter (deploy/prometheus/cloudwatch.yml).

    Attributes:
        dimensions: their names, and what the deployment gives for each.
    """

    namespace: str
    name: str
    statistic: Statistic
    dimensions: tuple[tuple[str, Placeholder], ...]


Series: TypeAlias = OwnMetric | AwsMetric


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of some series, of which one without data counts as 0."""

    parts: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, 0 to 1; nothing while the whole is less than `least`."""

    part: Total
    whole: Total
    least: float


@dataclass(frozen=True, slots=True)
class Lowest:
    """The lowest of some places, where the highest of its series counts for each. What has no data does not count.

    Attributes:
        dimension: what tells the places apart.
    """

    dimension: str
    places: tuple[tuple[Series, ...], ...]


@dataclass(frozen=True, slots=True)
class OfRetention:
    """An age in milliseconds as a share of the stream's retention, which is a parameter of the deployment."""

    age_ms: Series


Expression: TypeAlias = Series | Total | Share | Lowest | OfRetention


def series_of(expression: Expression) -> Iterator[Series]:
    """Every series of an expression, in the order of its text."""
    match expression:
        case OwnMetric() | AwsMetric():
            yield expression
        case Total(parts):
            yield from parts
        case Lowest(_, places):
            yield from (series for place in places for series in place)
        case Share(part, whole):
            yield from (*part.parts, *whole.parts)
        case OfRetention(age_ms):
            yield age_ms
