"""Which metrics CloudWatch is told of, under which unit and dimensions. The rule is in docs/telemetry.md."""

from collections.abc import Collection, Mapping
from typing import Final

SERVICE: Final = "service"
"""The dimension that every metric has: the kind of process."""
DIMENSIONS: Final = ("code", "decision", "kind", "outcome", "reason", "status")
"""Labels that are a second dimension: their values are few, and alarms need them."""
DIMENSION_OF_METRIC: Final[Mapping[str, str]] = {"txn_http_request_seconds": "route"}
"""Metrics with a second dimension of their own."""
VALUE_CHARS_MAX: Final = 255
_NO_VALUE: Final = "none"
_REPORTED: Final = ("txn_", "process_")
_UNITS: Final = {
    "_seconds": "Seconds",
    "_seconds_total": "Seconds",
    "_bytes": "Bytes",
    "_bytes_total": "Bytes",
    "_total": "Count",
}


def is_reported(name: str) -> bool:
    """Whether CloudWatch is told of a metric."""
    return name.startswith(_REPORTED)


def dimension_of(name: str, labels: Collection[str]) -> str:
    """The label of a metric that is its second dimension, or an empty text."""
    if name in DIMENSION_OF_METRIC:
        return DIMENSION_OF_METRIC[name]
    return next((label for label in DIMENSIONS if label in labels), "")


def dimension_value(text: str) -> str:
    """A label's value as CloudWatch takes it: not empty, and not too long."""
    return text.strip()[:VALUE_CHARS_MAX] or _NO_VALUE


def unit_of(name: str) -> str:
    """The unit of a metric, by the end of its name; times of day have none."""
    if name.endswith("_timestamp_seconds"):
        return "None"
    return next((unit for end, unit in _UNITS.items() if name.endswith(end)), "None")
