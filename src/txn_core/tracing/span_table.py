"""The fixed list: which spans there are, and what may be attached to each. Nothing else leaves a process in a span.

Each attribute says which values it takes: numbers, or texts of a form that leaves no room for what a client wrote.
Names of attributes follow OpenTelemetry's semantic conventions where these have one.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

Value = int | str


@dataclass(frozen=True, slots=True)
class Attribute:
    """What may be attached to a span: a count, or a text that fits a pattern as a whole."""

    name: str
    pattern: re.Pattern[str] | None = None

    def takes(self, value: Value) -> bool:
        """Whether the value may stand in a span."""
        if self.pattern is None:
            return isinstance(value, int) and not isinstance(value, bool)
        return isinstance(value, str) and self.pattern.fullmatch(value) is not None


METHOD: Final = Attribute("http.request.method", re.compile(r"[A-Z]{3,7}|other"))
ROUTE: Final = Attribute("http.route", re.compile(r"unmatched|(?:/[a-z_.{}-]*)+"))
STATUS: Final = Attribute("http.response.status_code")
REQUEST_ID: Final = Attribute("txn.request_id", re.compile(r"req_[0-9a-f]{16}"))
DRAIN: Final = Attribute("txn.drain", re.compile(r"[a-z_]{1,32}"))
SHARD: Final = Attribute("txn.shard", re.compile(r"shardId-[0-9]{12}"))
RECORDS: Final = Attribute("txn.records")
KINESIS_RECORDS: Final = Attribute("txn.kinesis_records")
FAILED: Final = Attribute("txn.failed")
BYTES: Final = Attribute("txn.bytes")
OUTCOME: Final = Attribute("txn.outcome", re.compile(r"[a-z_]{1,32}"))
ERROR: Final = Attribute("error.type", re.compile(r"[A-Za-z_]{1,64}"))
"""The class of what was raised; never its text, which may quote."""


class Kind(Enum):
    """On which side of a call a span is, by OpenTelemetry's names."""

    INTERNAL = "INTERNAL"
    SERVER = "SERVER"
    CLIENT = "CLIENT"
    CONSUMER = "CONSUMER"


class SpanName(Enum):
    """Every span that there is."""

    REQUEST = "request"
    ADMISSION = "admission"
    PUT_RECORDS = "put_records"
    DRAIN_BATCH = "drain_batch"
    DYNAMODB_WRITE = "dynamodb_write"
    S3_PUT = "s3_put"
    SCORE = "score"
    INGEST_FILE = "ingest_file"


@dataclass(frozen=True, slots=True)
class SpanShape:
    """What a span says."""

    kind: Kind
    attributes: frozenset[Attribute]
    meaning: str


SPANS: Final[Mapping[SpanName, SpanShape]] = {
    SpanName.REQUEST: SpanShape(
        Kind.SERVER, frozenset({METHOD, ROUTE, STATUS, REQUEST_ID}), "a request, from its head to its answer's end"
    ),
    SpanName.ADMISSION: SpanShape(
        Kind.INTERNAL, frozenset({BYTES}), "of a post: from its beginning until it is an event that may be put"
    ),
    SpanName.PUT_RECORDS: SpanShape(
        Kind.CLIENT,
        frozenset({RECORDS, KINESIS_RECORDS, FAILED, ERROR}),
        "a call of Kinesis, of many requests at once",
    ),
    SpanName.DRAIN_BATCH: SpanShape(
        Kind.CONSUMER, frozenset({DRAIN, SHARD, RECORDS, ERROR}), "what a drain does with the records of a read"
    ),
    SpanName.DYNAMODB_WRITE: SpanShape(
        Kind.CLIENT, frozenset({RECORDS, ERROR}), "the writes of a batch to DynamoDB, until all are durable"
    ),
    SpanName.S3_PUT: SpanShape(
        Kind.CLIENT, frozenset({RECORDS, BYTES, ERROR}), "an object that is written to the lake"
    ),
    SpanName.SCORE: SpanShape(
        Kind.INTERNAL, frozenset({RECORDS, ERROR}), "scoring some records, until their alerts are out"
    ),
    SpanName.INGEST_FILE: SpanShape(
        Kind.CONSUMER, frozenset({OUTCOME, BYTES, ERROR}), "taking in a file of the clients' bucket"
    ),
}


def admitted(name: SpanName, attributes: Mapping[Attribute, Value]) -> dict[str, Value]:
    """Of some attributes those that the span may have, by their names; the others are left out."""
    allowed = SPANS[name].attributes
    return {each.name: value for each, value in attributes.items() if each in allowed and each.takes(value)}
