"""What calls the function of clients' files: events of their bucket, and a schedule for those that never came."""

from typing import Any, Final

from aws_cdk import Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_lambda as functions

from deploy.names import FILES_BUCKET, sub

SWEEP: Final = '{"sweep": true}'
"""An event that names no file: the function looks into the whole bucket."""
EVENT_AGE_S_MAX: Final = 3_600


def add_file_events(stack: Stack, function: Any) -> list[Any]:
    """Add both rules with the right to call the function, and how often a call that fails is repeated.

    The bucket tells EventBridge of its files. A notification of S3 itself would have to stand in the stack of the
    bucket, and the function would have to be there before.
    """
    arrived = {
        "source": ["aws.s3"],
        "detail-type": ["Object Created"],
        "detail": {"bucket": {"name": [sub(FILES_BUCKET)]}},
    }
    retries = functions.CfnEventInvokeConfig(
        stack,
        "FilesRetries",
        function_name=function.ref,
        qualifier="$LATEST",
        maximum_retry_attempts=2,
        maximum_event_age_in_seconds=EVENT_AGE_S_MAX,
    )
    return [
        retries,
        *_rule(stack, "FilesArrived", "files-arrived", function, None, event_pattern=arrived),
        *_rule(stack, "FilesSweep", "files-sweep", function, SWEEP, schedule_expression="rate(5 minutes)"),
    ]


def _rule(stack: Stack, name: str, called: str, function: Any, given: str | None, **when: Any) -> tuple[Any, Any]:
    target = events.CfnRule.TargetProperty(id="function", arn=function.attr_arn, input=given)
    rule: Any = events.CfnRule(stack, name, name=sub(f"${{Prefix}}-{called}"), targets=[target], **when)
    permission = functions.CfnPermission(
        stack,
        f"{name}Permission",
        action="lambda:InvokeFunction",
        function_name=function.ref,
        principal="events.amazonaws.com",
        source_arn=rule.attr_arn,
    )
    return rule, permission
