"""Every resource of all stacks is created, changed by a second version and deleted, and prefixes do not touch."""

import ast
import json
from collections.abc import Iterator
from typing import Any, Final

import pytest
from devkit.aws_account.templates.resolved_stack import ResolvedStack

from tests.deploy.created_account import CreatedAccount, created_account
from tests.deploy.deployed import LONG, STACKS, deployed

pytestmark = [
    LONG,
    pytest.mark.timeout(900),
]

VARIANTS: Final = (
    {"Front": "alb", "Kind": "both", "IndexHost": "lambda"},
    {"Front": "apigw", "Kind": "redshift", "IngestHost": "lambda", "IngestApiUrl": "https://api.example.org"},
    {"Front": "none", "StreamMode": "PROVISIONED"},
)

NAMELESS: Final = frozenset({"AWS::EC2::SecurityGroupIngress", "AWS::Lambda::Permission", "AWS::RDS::DBSubnetGroup"})
"""Kinds that moto makes and has no name for."""


@pytest.fixture(scope="module")
def simulator() -> Iterator[CreatedAccount]:
    with created_account() as account:
        yield account


@pytest.fixture
def account(simulator: CreatedAccount) -> CreatedAccount:
    simulator.empty()
    return simulator


def assert_created(account: CreatedAccount, stacks: list[ResolvedStack], prefix: str) -> int:
    """Hold what CloudFormation made against what the templates say; gives the number of resources."""
    count = 0
    for name, stack in zip(STACKS, stacks, strict=True):
        made = account.resources(name, prefix)
        assert set(made) == set(stack.resources), f"resources of {name}"
        nameless = [
            one
            for one, resource in made.items()
            if not resource.get("PhysicalResourceId") and resource["ResourceType"] not in NAMELESS
        ]
        assert nameless == [], f"resources of {name} without a name"
        count += len(made)
    return count


def inventory(account: CreatedAccount) -> dict[str, list[str]]:
    """What is in the account, as the services themselves say it."""

    def listed(service: str, operation: str, key: str, name: str | None = None, **arguments: Any) -> list[str]:
        pages = account.client(service).get_paginator(operation).paginate(**arguments)
        return sorted(str(one if name is None else one[name]) for page in pages for one in page[key])

    buckets = account.client("s3").list_buckets()["Buckets"]
    return {
        "tables": listed("dynamodb", "list_tables", "TableNames"),
        "streams": listed("kinesis", "list_streams", "StreamNames"),
        "buckets": sorted(bucket["Name"] for bucket in buckets),
        "keys": listed("kms", "list_keys", "Keys", "KeyArn"),
        "aliases": listed("kms", "list_aliases", "Aliases", "AliasName"),
        "secrets": listed("secretsmanager", "list_secrets", "SecretList", "ARN"),
        "roles": listed("iam", "list_roles", "Roles", "Arn"),
        "log groups": listed("logs", "describe_log_groups", "logGroups", "logGroupName"),
        "clusters": active_clusters(account),
        "task definitions": listed("ecs", "list_task_definitions", "taskDefinitionArns"),
        "balancers": listed("elbv2", "describe_load_balancers", "LoadBalancers", "LoadBalancerArn"),
        "alarms": listed("cloudwatch", "describe_alarms", "MetricAlarms", "AlarmName"),
        "networks": listed("ec2", "describe_vpcs", "Vpcs", "VpcId"),
    }


def active_clusters(account: CreatedAccount) -> list[str]:
    """The clusters; one that is deleted stays for a while and is not active."""
    ecs = account.client("ecs")
    found = ecs.describe_clusters(clusters=ecs.list_clusters()["clusterArns"])["clusters"]
    return sorted(cluster["clusterArn"] for cluster in found if cluster["status"] == "ACTIVE")


def secret_values(account: CreatedAccount) -> dict[str, str]:
    """The value of each secret."""
    client = account.client("secretsmanager")
    arns = [one["ARN"] for one in client.list_secrets(MaxResults=100)["SecretList"]]
    return {arn: client.get_secret_value(SecretId=arn)["SecretString"] for arn in arns}


def test_stacks_are_created_changed_and_deleted(account: CreatedAccount) -> None:
    before = inventory(account)
    account.create("txn")
    count = assert_created(account, deployed(*STACKS), "txn")
    assert count > 100
    first, drawn = inventory(account), secret_values(account)
    assert_roles_are_the_templates(account)

    image = "111122223333.dkr.ecr.eu-central-1.amazonaws.com/txn@sha256:" + "1" * 64
    account.update("data", "txn", RetentionHours="200", WarmWrites="5000")
    account.update("service", "txn", Image=image, LogLevel="warning")
    second = inventory(account)
    kept = ("tables", "streams", "buckets", "keys", "secrets", "clusters", "balancers", "networks")
    assert {kind: second[kind] for kind in kept} == {kind: first[kind] for kind in kept}, "nothing was replaced"
    assert secret_values(account) == drawn, "no secret was drawn again"
    assert retention_hours(account, "txn-transactions") == 200
    assert revisions(account) == {2}

    account.delete("txn")
    third = inventory(account)
    retained = ("tables", "streams", "buckets", "keys", "secrets")
    assert {kind: third[kind] for kind in retained} == {kind: first[kind] for kind in retained}
    gone = ("roles", "clusters", "balancers", "alarms", "networks")
    assert {kind: third[kind] for kind in gone} == {kind: before[kind] for kind in gone}


@pytest.mark.parametrize("parameters", VARIANTS, ids=lambda parameters: parameters["Front"])
def test_every_variant_is_created(account: CreatedAccount, parameters: dict[str, Any]) -> None:
    account.create("txn", **parameters)

    assert_created(account, deployed(*STACKS, **parameters), "txn")


def test_two_prefixes_do_not_touch(account: CreatedAccount) -> None:
    account.create("txn")
    alone = inventory(account)
    account.create("other")
    both = inventory(account)
    for kind, names in alone.items():
        assert set(names) <= set(both[kind]), kind
        new = set(both[kind]) - set(names)
        assert not [one for one in new if "txn-" in one.rpartition("/")[2] or one.startswith("/txn/txn/")], kind
    account.update("service", "other", LogLevel="warning")
    account.delete("other")

    after = inventory(account)
    assert {kind: set(names) - set(after[kind]) for kind, names in alone.items()} == {kind: set() for kind in alone}
    assert_created(account, deployed(*STACKS), "txn")


def retention_hours(account: CreatedAccount, stream: str) -> int:
    """How long a stream keeps what it took."""
    summary = account.client("kinesis").describe_stream_summary(StreamName=stream)["StreamDescriptionSummary"]
    return int(summary["RetentionPeriodHours"])


def revisions(account: CreatedAccount) -> set[int]:
    """The revisions of the newest task definition of each service's family; moto does not tell their images."""
    ecs = account.client("ecs")
    families = [one for one in ecs.list_task_definition_families()["families"] if "warehouse" not in one]
    return {ecs.describe_task_definition(taskDefinition=one)["taskDefinition"]["revision"] for one in families}


def assert_roles_are_the_templates(account: CreatedAccount) -> None:
    """Hold the policies that CloudFormation made against those that were resolved here, word for word."""
    iam = account.client("iam")
    for name, stack in zip(STACKS, deployed(*STACKS), strict=True):
        made = account.resources(name, "txn")
        for role in stack.of_kind("AWS::IAM::Role"):
            physical = made[role.logical_id]["PhysicalResourceId"]
            for policy in role.properties.get("Policies", ()):
                found = iam.get_role_policy(RoleName=physical, PolicyName=policy["PolicyName"])["PolicyDocument"]
                found = ast.literal_eval(found) if isinstance(found, str) else found  # as moto keeps it
                assert plain(found) == plain(policy["PolicyDocument"]), (role.logical_id, policy["PolicyName"])


def plain(document: Any) -> list[str]:
    """The words of a policy without what AWS draws: ends of secrets' ARNs, ids of keys."""
    words: list[str] = []

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                words.append(key)
                walk(inner)
        elif isinstance(value, list):
            for inner in value:
                walk(inner)
        else:
            text = json.dumps(value).replace(':*"', '"')  # moto's ARN of a log group has no wildcard at its end
            if ":secret:" in text:
                account, _, name = text.partition(":secret:")
                text = f"{account} {name.rpartition('-')[0] if '/' in name else ''}"  # others have drawn names
            for drawn in (":key/", ":role/"):
                text = text.partition(drawn)[0]
            words.append(text)

    walk(document)
    return sorted(words)
