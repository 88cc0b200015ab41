"""The stream of transactions, and the stream of alerts."""

from typing import Any

from aws_cdk import CfnParameter, Fn, Stack
from aws_cdk import aws_kinesis as kinesis

from deploy.names import ALERTS_STREAM, STREAM, sub
from deploy.parts.conditions import condition
from deploy.parts.kept import kept


def add_streams(stack: Stack, key: str, mode: CfnParameter, shards: CfnParameter, retention: CfnParameter) -> None:
    """Add both; alerts are few, so that their stream has one shard whatever the other one has."""
    provisioned = condition(stack, "IsProvisioned", mode, "PROVISIONED")
    encryption = kinesis.CfnStream.StreamEncryptionProperty(encryption_type="KMS", key_id=key)
    transactions: Any = kinesis.CfnStream(
        stack,
        "Stream",
        name=sub(STREAM),
        retention_period_hours=retention.value_as_number,
        stream_encryption=encryption,
        stream_mode_details=kinesis.CfnStream.StreamModeDetailsProperty(stream_mode=mode.value_as_string),
    )
    # An on-demand stream refuses a number of shards.
    transactions.add_property_override(
        "ShardCount", Fn.condition_if(provisioned.logical_id, shards.value_as_string, Fn.ref("AWS::NoValue"))
    )
    alerts = kinesis.CfnStream(
        stack,
        "AlertsStream",
        name=sub(ALERTS_STREAM),
        retention_period_hours=retention.value_as_number,
        stream_encryption=encryption,
        shard_count=1,
        stream_mode_details=kinesis.CfnStream.StreamModeDetailsProperty(stream_mode="PROVISIONED"),
    )
    kept(transactions)
    kept(alerts)
