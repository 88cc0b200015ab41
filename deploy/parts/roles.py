"""Two roles a process: one for what it does itself, one for ECS, which starts it and hands it its secrets."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from deploy.names import LAKE_BUCKET, arn, bucket_arn, imported, sub
from deploy.parts.encryption import data_key, key_use
from deploy.parts.processes import Process, log_name, settings_file
from deploy.policies import RESHUFFLES, allow, deny, document, trust


@dataclass(frozen=True, slots=True)
class Roles:
    """The ARNs of both."""

    task: str
    execution: str


def exported_roles(process: Process) -> Roles:
    """The roles of a process, for the stack that runs it."""
    return Roles(imported(f"{process.id}RoleArn"), imported(f"{process.id}ExecutionRoleArn"))


def add_roles(stack: Stack, process: Process, secrets: Sequence[Any]) -> tuple[Any, Any]:
    """Add both, the second with the right to hand over secrets; they are for tasks of this account alone."""
    trusted = trust(
        "ecs-tasks.amazonaws.com",
        StringEquals={"aws:SourceAccount": sub("${AWS::AccountId}")},
        ArnLike={"aws:SourceArn": arn("ecs", "*")},
    )
    never = deny(RESHUFFLES, "*")
    task = _role(stack, f"{process.id}Role", trusted, [*process.rights.statements(), never])
    pulls = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
    account = {"StringEquals": {"s3:ResourceAccount": sub("${AWS::AccountId}")}}
    starts = [
        allow("ecr:GetAuthorizationToken", "*"),
        allow(pulls, arn("ecr", "repository/*")),
        allow(["logs:CreateLogStream", "logs:PutLogEvents"], arn("logs", f"log-group:{log_name(process)}:*")),
        allow("s3:GetObject", bucket_arn(LAKE_BUCKET, settings_file(process)), **account),
        allow("s3:GetBucketLocation", bucket_arn(LAKE_BUCKET), **account),
        key_use(data_key(), ["s3", "secretsmanager"], ["kms:Decrypt"]),
    ]
    if secrets:
        starts.append(allow("secretsmanager:GetSecretValue", list(secrets)))
    execution = _role(stack, f"{process.id}ExecutionRole", trusted, starts)
    return task, execution


def _role(stack: Stack, name: str, trusted: Any, statements: Any) -> Any:
    return iam.CfnRole(
        stack,
        name,
        assume_role_policy_document=trusted,
        policies=[iam.CfnRole.PolicyProperty(policy_name="calls", policy_document=document(*statements))],
    )
