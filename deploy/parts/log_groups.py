"""Logs: one group a process, and the flows of the VPC, all encrypted and with an end."""

from typing import Any, Final

from aws_cdk import CfnCondition, CfnDeletionPolicy, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_logs as logs

from deploy.names import sub
from deploy.parts.conditions import only_if
from deploy.policies import allow, document, trust

KEPT_DAYS: Final = 365


def log_group(stack: Stack, logical_id: str, name: str, key: str) -> Any:
    """A log group under a name that begins with the prefix."""
    group = logs.CfnLogGroup(stack, logical_id, log_group_name=sub(name), kms_key_id=key, retention_in_days=KEPT_DAYS)
    # Said, since a group that stayed would stand in the way of the next stack of this prefix.
    group.cfn_options.deletion_policy = CfnDeletionPolicy.DELETE
    group.cfn_options.update_replace_policy = CfnDeletionPolicy.DELETE
    return group


def add_flow_log(stack: Stack, vpc: Any, made: CfnCondition, key: str) -> None:
    """Who talked to whom in the VPC: addresses, ports and counts, no content."""
    group = log_group(stack, "FlowLogGroup", "/txn/${Prefix}/flows", key)
    writes = allow(["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogStreams"], group.attr_arn)
    role = iam.CfnRole(
        stack,
        "FlowLogRole",
        assume_role_policy_document=trust(
            "vpc-flow-logs.amazonaws.com", StringEquals={"aws:SourceAccount": sub("${AWS::AccountId}")}
        ),
        policies=[iam.CfnRole.PolicyProperty(policy_name="write", policy_document=document(writes))],
    )
    flows = ec2.CfnFlowLog(
        stack,
        "FlowLog",
        resource_id=vpc.ref,
        resource_type="VPC",
        traffic_type="ALL",
        log_group_name=group.ref,
        deliver_logs_permission_arn=role.attr_arn,
    )
    only_if(made, group, role, flows)
