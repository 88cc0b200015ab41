"""Calls of people: changes of what the data stack holds, which wake somebody, and deployments, which do not."""

from collections.abc import Mapping, Sequence
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
    "cloudformation": ("DeleteStack",),
}
"""By service, the calls that wake somebody; a reshard by hand is among them, and is no fault."""
DEPLOYMENTS: Final = {"cloudformation": ("CreateStack", "ExecuteChangeSet", "UpdateStack")}
"""Calls that each upgrade makes. They are told of as tickets; no alarm counts them."""


def add_change_rules(stack: Stack, topic: str) -> None:
    """Add the rules; the account needs a trail of CloudTrail, without which EventBridge hears nothing of calls.

    An alarm counts the matches of the rule for changes, by its name.
    """
    streams = [sub(STREAM), sub(ALERTS_STREAM)]
    our_stacks = {"requestParameters": {"stackName": [{"prefix": sub("${Prefix}-")}]}}
    ours = [
        {"requestParameters": {"streamName": streams}},
        {"requestParameters": {"streamARN": [{"suffix": sub(f"/{name}")} for name in (STREAM, ALERTS_STREAM)]}},
        {"requestParameters": {"tableName": [{"prefix": sub("${Prefix}-")}]}},
        {"requestParameters": {"bucketName": [sub(LAKE_BUCKET), sub(FILES_BUCKET)]}},
        {"requestParameters": {"keyId": [data_key()]}},
        our_stacks,
    ]
    _add_rule(stack, "ChangeRule", "changes", "change streams, tables, buckets or keys", CALLS, {"$or": ours}, topic)
    _add_rule(stack, "DeploymentRule", "deployments", "deploy stacks", DEPLOYMENTS, our_stacks, topic)


def _add_rule(
    stack: Stack,
    name: str,
    title: str,
    what: str,
    calls: Mapping[str, Sequence[str]],
    ours: Mapping[str, Any],
    topic: str,
) -> None:
    events.CfnRule(
        stack,
        name,
        name=sub(f"${{Prefix}}-{title}"),
        description=f"Calls of people that {what}",
        event_pattern={
            "detail-type": ["AWS API Call via CloudTrail"],
            "source": [f"aws.{service}" for service in calls],
            "detail": {
                "eventName": sorted(call for names in calls.values() for call in names),
                "userIdentity": {"invokedBy": [{"exists": False}]},
                **ours,
            },
        },
        targets=[events.CfnRule.TargetProperty(id="tickets", arn=topic)],
    )
