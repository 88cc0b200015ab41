"""Aggregated records as the reference library (PyPI aws-kinesis-agg) reads them."""

import base64
from collections.abc import Sequence

from aws_kinesis_agg.deaggregator import deaggregate_records


def by_reference(data: bytes) -> Sequence[tuple[str, bytes, str | None]]:
    """Partition key, data and explicit hash key of each record as the reference reader finds them."""
    outer = {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": "outer",
            "sequenceNumber": "1",
            "approximateArrivalTimestamp": 0,
            "data": base64.b64encode(data),
        }
    }
    inner = [record["kinesis"] for record in deaggregate_records([outer])]
    return [(r["partitionKey"], base64.b64decode(r["data"]), r.get("explicitHashKey")) for r in inner]
