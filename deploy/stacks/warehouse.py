"""The stack of the warehouse's engines, each optional, and the runs that load and build them on a schedule."""

from typing import Any, Final

from aws_cdk import App, Stack
from aws_cdk import aws_ec2 as ec2
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler

from deploy.names import arn, choice, count, imported, parameter, prefix, sub
from deploy.parts.conditions import condition, only_if
from deploy.parts.databases import Engine, add_postgres, add_redshift
from deploy.parts.encryption import data_key
from deploy.parts.network import HTTPS, let_in, the_network
from deploy.parts.processes import OF_STORES, Process
from deploy.parts.rights import WAREHOUSE
from deploy.parts.roles import Roles, add_roles
from deploy.parts.tasks import Common, add_task, common
from deploy.policies import allow, document, trust
from deploy.stacks.plain import plain_stack
from deploy.stacks.service import DIGEST

FOLDER: Final = "/tmp/warehouse"  # noqa: S108 - on the task's own volume


def warehouse_stack(app: App) -> Stack:
    """The stack."""
    stack = plain_stack(app, "warehouse", "txn-api: PostgreSQL and Redshift Serverless, loaded on a schedule")
    prefix(stack)
    kind = choice(stack, "Kind", "Which engines there are", ("rds", "redshift", "both"))
    image = parameter(
        stack, "Image", "Image with the warehouse's extra and dbt, by its digest", allowed_pattern=DIGEST
    ).value_as_string
    parameter(stack, "Schedule", "When a run begins (EventBridge Scheduler)", "rate(1 hour)")
    size = parameter(stack, "PostgresClass", "Class of the PostgreSQL instance", "db.m7g.large")
    capacity = count(stack, "RedshiftCapacity", "Redshift processing units to begin with", 8, least=8, most=512)
    choice(stack, "LogLevel", "The least severe log line", ("info", "debug", "warning", "error"))
    key, subnets = data_key(), the_network().subnets
    group = _group(stack)
    engines = (
        add_postgres(stack, condition(stack, "HasPostgres", kind, "rds", "both"), subnets, group, key, size),
        add_redshift(stack, condition(stack, "HasRedshift", kind, "redshift", "both"), subnets, group, key, capacity),
    )
    of_all = common(stack, image, key)
    for engine in engines:
        _add_runs(stack, engine, subnets, group, of_all)
    return stack


def _group(stack: Stack) -> Any:
    """The security group of engines and runs: they reach each other, and AWS, and nobody else reaches them."""
    ways = [
        ec2.CfnSecurityGroup.EgressProperty(
            ip_protocol="tcp", from_port=port, to_port=port, cidr_ip="0.0.0.0/0", description=why
        )
        for port, why in ((HTTPS, "AWS, by endpoints"), (5432, "PostgreSQL"), (5439, "Redshift"))
    ]
    return ec2.CfnSecurityGroup(
        stack,
        "EngineGroup",
        vpc_id=imported("Vpc"),
        group_description="The warehouse: its engines and its runs",
        security_group_egress=ways,
    )


def _add_runs(stack: Stack, engine: Engine, subnets: Any, group: Any, of: Common) -> None:
    """The task of a run, and when it begins. A run that finds another one at work waits, and then ends."""
    process = Process(
        f"warehouse-{engine.target}",
        ("warehouse", "run", "--target", engine.target, "--aws"),
        WAREHOUSE,
        (),
        cpu=2_048,
        memory=8_192,
        environment={**OF_STORES, "warehouse_folder": FOLDER, "warehouse_memory": "4GB"},
        exports={},
        is_asked=False,
    )
    started, handing = add_roles(stack, process, [engine.url.ref])
    roles = Roles(started.attr_arn, handing.attr_arn)
    task, log_group = add_task(stack, process, of, roles, **{engine.setting: engine.url.ref})
    let_in(stack, f"{process.id}LetIn", group, engine.port, source=group, why="Runs of the warehouse")
    starter: Any = _starter(stack, process, roles)
    schedule = scheduler.CfnSchedule(
        stack,
        f"{process.id}Schedule",
        name=sub(f"${{Prefix}}-{process.name}"),
        schedule_expression=sub("${Schedule}"),
        flexible_time_window=scheduler.CfnSchedule.FlexibleTimeWindowProperty(
            mode="FLEXIBLE", maximum_window_in_minutes=5
        ),
        kms_key_arn=of.key,
        target=scheduler.CfnSchedule.TargetProperty(
            arn=imported("ClusterArn"),
            role_arn=starter.attr_arn,
            retry_policy=scheduler.CfnSchedule.RetryPolicyProperty(maximum_retry_attempts=0),
            ecs_parameters=scheduler.CfnSchedule.EcsParametersProperty(
                task_definition_arn=task.ref,
                launch_type="FARGATE",
                task_count=1,
                network_configuration=scheduler.CfnSchedule.NetworkConfigurationProperty(
                    awsvpc_configuration=scheduler.CfnSchedule.AwsVpcConfigurationProperty(
                        subnets=subnets, security_groups=[group.attr_group_id], assign_public_ip="DISABLED"
                    )
                ),
            ),
        ),
    )
    entry = stack.node.find_child(f"{process.id}LetIn")
    only_if(engine.exists, started, handing, task, log_group, entry, starter, schedule)


def _starter(stack: Stack, process: Process, roles: Roles) -> Any:
    """The role by which the scheduler starts this very task, and hands its roles to ECS."""
    return iam.CfnRole(
        stack,
        f"{process.id}StartRole",
        assume_role_policy_document=trust(
            "scheduler.amazonaws.com", StringEquals={"aws:SourceAccount": sub("${AWS::AccountId}")}
        ),
        policies=[
            iam.CfnRole.PolicyProperty(
                policy_name="start",
                policy_document=document(
                    allow(
                        "ecs:RunTask",
                        arn("ecs", f"task-definition/${{Prefix}}-{process.name}:*"),
                        ArnEquals={"ecs:cluster": imported("ClusterArn")},
                    ),
                    allow(
                        "iam:PassRole",
                        [roles.task, roles.execution],
                        StringEquals={"iam:PassedToService": "ecs-tasks.amazonaws.com"},
                    ),
                ),
            )
        ],
    )
