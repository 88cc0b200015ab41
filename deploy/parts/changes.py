"""Changes by hand: calls of people, and not of CloudFormation, that change what the data stack holds, or a stack."""

from typing import Any, Final

from aws_cdk import Stack
from aws_cdk import aws_events as events

from deploy.names import ALERTS_STREAM, FILES_BUCKET, LAKE_BUCKET, STREAM, sub
from deploy.parts.encryption import data_key
from deploy.policies import RESHUFFLES

CALLS: Final = {
    "kinesis": (
        "DecreaseStreamRetentionPeriod",
        "DeleteStream",
        "MergeShards",
        "SplitShard",
        "StopStreamEncryption",
        "UpdateShardCount",
        "UpdateStreamMode",
        RESHUFFLES.partition(":")[2],
    ),
    "dynamodb": ("DeleteTable", "UpdateContinuousBackups", "UpdateTable", "UpdateTimeToLive"),
    "s3": ("DeleteBucket", "DeleteBucketPolicy", "PutBucketLifecycle", "PutBucketPolicy", "PutBucketVersioning"),
    "kms": ("DisableKey", "PutKeyPolicy", "ScheduleKeyDeletion"),
    "cloudformation": ("DeleteStack", "ExecuteChangeSet", "UpdateStack"),
}
"""By service, the calls that are told of; a reshard by hand is among them, and is no fault."""


def add_change_rule(stack: Stack, topic: str) -> Any:
    """Add the rule; the account needs a trail of CloudTrail, without which EventBridge hears nothing of calls."""
    streams = [sub(STREAM), sub(ALERTS_STREAM)]
    ours = [
        {"requestParameters": {"streamName": streams}},
        {"requestParameters": {"streamARN": [{"suffix": sub(f"/{name}")} for name in (STREAM, ALERTS_STREAM)]}},
        {"requestParameters": {"tableName": [{"prefix": sub("${Prefix}-")}]}},
        {"requestParameters": {"bucketName": [sub(LAKE_BUCKET), sub(FILES_BUCKET)]}},
        {"requestParameters": {"keyId": [data_key()]}},
        {"requestParameters": {"stackName": [{"prefix": sub("${Prefix}-")}]}},
    ]
    return events.CfnRule(
        stack,
        "ChangeRule",
        name=sub("${Prefix}-changes"),
        description="Calls of people that change streams, tables, buckets, keys or stacks",
        event_pattern={
            "detail-type": ["AWS API Call via CloudTrail"],
            "source": [f"aws.{service}" for service in CALLS],
            "detail": {
                "eventName": sorted(call for calls in CALLS.values() for call in calls),
                "userIdentity": {"invokedBy": [{"exists": False}]},
                "$or": ours,
            },
        },
        targets=[events.CfnRule.TargetProperty(id="tickets", arn=topic)],
    )
