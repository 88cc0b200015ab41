"""Reading lines in CloudWatch's embedded metric format, held against what AWS publishes of it."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, Final

from jsonschema import Draft202012Validator

UNITS: Final = (
    *("Seconds", "Microseconds", "Milliseconds", "Percent", "Count", "None"),
    *(f"{size}{unit}" for size in ("", "Kilo", "Mega", "Giga", "Tera") for unit in ("Bytes", "Bits")),
    *(f"{size}{unit}/Second" for size in ("", "Kilo", "Mega", "Giga", "Tera") for unit in ("Bytes", "Bits")),
    "Count/Second",
)
_NUMBERS: Final = {"type": "array", "items": {"type": "number"}, "minItems": 1, "maxItems": 100}
TARGET: Final = {
    "oneOf": [
        {"type": "number"},
        _NUMBERS,
        {
            "type": "object",
            "required": ["Values", "Counts", "Min", "Max", "Count", "Sum"],
            "additionalProperties": False,
            "properties": {
                "Values": _NUMBERS,
                "Counts": _NUMBERS,
                **{name: {"type": "number"} for name in ("Min", "Max", "Count", "Sum")},
            },
        },
    ]
}
"""What a metric is told as. AWS' schema leaves it open; its text names numbers and arrays of up to 100, its
libraries write distributions by `Values` and `Counts`."""
SCHEMA: Final = {
    "type": "object",
    "required": ["_aws"],
    "properties": {
        "_aws": {
            "type": "object",
            "required": ["Timestamp", "CloudWatchMetrics"],
            "properties": {
                "Timestamp": {"type": "integer"},
                "CloudWatchMetrics": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "required": ["Namespace", "Dimensions", "Metrics"],
                        "properties": {
                            "Namespace": {"type": "string", "minLength": 1, "maxLength": 1024},
                            "Dimensions": {
                                "type": "array",
                                "minItems": 1,
                                "items": {
                                    "type": "array",
                                    "minItems": 1,
                                    "maxItems": 30,
                                    "items": {"type": "string", "minLength": 1, "maxLength": 250},
                                },
                            },
                            "Metrics": {
                                "type": "array",
                                "minItems": 1,
                                "maxItems": 100,
                                "items": {
                                    "type": "object",
                                    "required": ["Name"],
                                    "properties": {
                                        "Name": {"type": "string", "minLength": 1, "maxLength": 1024},
                                        "Unit": {"enum": list(UNITS)},
                                        "StorageResolution": {"enum": [1, 60]},
                                    },
                                },
                            },
                        },
                    },
                },
            },
        }
    },
}
"""The constraints of the schema in "Specification: Embedded metric format" of the CloudWatch user guide, with the
bounds that its text adds."""
_DOCUMENTS: Final = Draft202012Validator(SCHEMA)
_TARGETS: Final = Draft202012Validator(TARGET)
LINE_BYTES_MAX: Final = 4_096

Dimensions = tuple[tuple[str, str], ...]


def checked(line: bytes) -> dict[str, Any]:
    """A line as an object.

    Raises:
        AssertionError: it is not in the format, or longer than what a pipe takes whole.
        jsonschema.ValidationError: it is not in the format.
    """
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert len(line) <= LINE_BYTES_MAX
    document: dict[str, Any] = json.loads(line)
    _DOCUMENTS.validate(document)
    for directive in document["_aws"]["CloudWatchMetrics"]:
        names = [metric["Name"] for metric in directive["Metrics"]]
        assert len(names) == len(set(names))
        for name in names:
            _TARGETS.validate(document[name])
        for value in (document[name] for dimensions in directive["Dimensions"] for name in dimensions):
            assert isinstance(value, str)
            assert 1 <= len(value.strip()) <= 1024
            assert value.isascii()
    return document


class Told:
    """What CloudWatch makes of lines, by metric and dimensions."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self.sums = Counter[tuple[str, Dimensions]]()
        """The statistic Sum."""
        self.counts = Counter[tuple[str, Dimensions]]()
        """The statistic SampleCount."""
        self.maxima: dict[tuple[str, Dimensions], float] = {}
        """The statistic Maximum."""
        for line in lines:
            self._add(checked(line))

    def _add(self, document: Mapping[str, Any]) -> None:
        for directive in document["_aws"]["CloudWatchMetrics"]:
            for dimensions in directive["Dimensions"]:
                values = tuple((name, document[name]) for name in dimensions)
                for metric in directive["Metrics"]:
                    self._observe((metric["Name"], values), document[metric["Name"]])

    def _observe(self, key: tuple[str, Dimensions], told: Any) -> None:
        if isinstance(told, dict):
            assert len(told["Values"]) == len(told["Counts"])
            assert sum(told["Counts"]) == told["Count"]
            assert told["Min"] * told["Count"] <= told["Sum"] + 1e-9
            assert told["Sum"] <= told["Max"] * told["Count"] + 1e-9
            self.sums[key] += told["Sum"]
            self.counts[key] += told["Count"]
            largest = told["Max"]
        else:
            values = told if isinstance(told, list) else [told]
            self.sums[key] += sum(values)
            self.counts[key] += len(values)
            largest = max(values)
        self.maxima[key] = max(largest, self.maxima.get(key, largest))


def by_service(name: str, service: str) -> tuple[str, Dimensions]:
    """The key of a metric by its service alone."""
    return name, (("service", service),)


def by(name: str, service: str, dimension: str, value: str) -> tuple[str, Dimensions]:
    """The key of a metric by a second dimension, too."""
    return name, (("service", service), (dimension, value))


class KeptLines:
    """Stands for the log (`telemetry._sinks`), and keeps the lines that it is given."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    def put(self, line: bytes, *, urgent: bool = False) -> bool:
        """Keep a line."""
        self.lines.append(line)
        return True
