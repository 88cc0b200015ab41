"""Runs of the warehouse that fail. No alarm of a metric is about a process that has ended."""

from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_events as events

from deploy.names import arn, sub


def add_run_rule(stack: Stack, topic: str) -> None:
    """Tell of each run that did not end with 0, and of each whose container never started."""
    of_warehouse: Any = arn("ecs", "task-definition/${Prefix}-warehouse-")
    failed: list[Any] = [
        {"containers": {"exitCode": [{"anything-but": 0}]}},
        {"stopCode": ["TaskFailedToStart"]},
    ]
    events.CfnRule(
        stack,
        "WarehouseRunRule",
        name=sub("${Prefix}-warehouse-failures"),
        description="Runs of the warehouse that failed. Runbook: warehouse_failing",
        event_pattern={
            "detail-type": ["ECS Task State Change"],
            "source": ["aws.ecs"],
            "detail": {
                "lastStatus": ["STOPPED"],
                "taskDefinitionArn": [{"prefix": of_warehouse}],
                "$or": failed,
            },
        },
        targets=[events.CfnRule.TargetProperty(id="tickets", arn=topic)],
    )
