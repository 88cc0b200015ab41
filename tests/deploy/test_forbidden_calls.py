"""What no process may do is refused by the policies of the committed templates, conditions included."""

from collections.abc import Iterator

import pytest
from devkit.aws_account.account import Account, RefusedError
from devkit.aws_account.policies.evaluation import decide
from devkit.aws_account.policies.policy import Principal, Right
from devkit.aws_account.templates.stack_account import account_of
from devkit.aws_account.templates.task_definitions import TaskDefinition, task_definitions

from tests.deploy.aws_calls import CallReader, no_profile
from tests.deploy.deployed import ACCOUNT, REGION, deployed
from tests.deploy.forbidden_calls import FILES, LAKE, LETTER, RAW, ForbiddenCall, forbidden_calls

RESHUFFLES = "kinesis:UpdateStreamRecordDistributionStrategy"
"""What would let a stream ignore partition keys. botocore does not know the call yet."""


@pytest.fixture(scope="module")
def account() -> Account:
    return account_of(deployed())


@pytest.fixture(scope="module")
def calls(account: Account) -> Iterator[CallReader]:
    with no_profile():
        yield CallReader(account)


@pytest.fixture(scope="module")
def definitions() -> dict[str, TaskDefinition]:
    """Task definitions by the last word of their commands."""
    return {definition.command[-1]: definition for definition in task_definitions(deployed())}


@pytest.mark.parametrize("forbidden", list(forbidden_calls()), ids=lambda forbidden: forbidden.name)
def test_a_forbidden_call_is_refused(
    forbidden: ForbiddenCall, account: Account, calls: CallReader, definitions: dict[str, TaskDefinition]
) -> None:
    role = account.roles[definitions[forbidden.who].task_role]
    rights = calls.rights(forbidden.service, forbidden.operation, forbidden.parameters, forbidden.headers)

    with pytest.raises(RefusedError):
        account.authorise(role, rights)


@pytest.mark.parametrize(
    ("who", "operation", "parameters"),
    [
        ("archive", "put_object", {"Bucket": LAKE, "Key": RAW, "Body": b"x", "IfNoneMatch": "*"}),
        ("index", "put_object", {"Bucket": LAKE, "Key": LETTER, "Body": b"x", "IfNoneMatch": "*"}),
        ("api", "list_objects_v2", {"Bucket": LAKE, "Prefix": "dead-letters/"}),
        ("api", "get_object", {"Bucket": LAKE, "Key": LETTER}),
        ("ingest", "get_object", {"Bucket": FILES, "Key": "file.csv"}),
    ],
)
def test_what_differs_by_a_condition_alone_is_allowed(
    account: Account,
    calls: CallReader,
    definitions: dict[str, TaskDefinition],
    *,
    who: str,
    operation: str,
    parameters: dict[str, object],
) -> None:
    """So the refusals above come from the conditions, and not from a role that may do nothing at all."""
    account.authorise(account.roles[definitions[who].task_role], calls.rights("s3", operation, parameters))


def test_there_are_enough_of_them() -> None:
    assert len(list(forbidden_calls())) >= 30


def test_no_role_lets_a_stream_ignore_partition_keys(account: Account) -> None:
    stream = f"arn:aws:kinesis:{REGION}:{ACCOUNT}:stream/txn-transactions"

    for role in account.roles.values():
        assert not account.decide(role, Right(RESHUFFLES, stream)).allowed, role.name


def test_no_role_is_for_the_tables_of_another_prefix(
    account: Account, definitions: dict[str, TaskDefinition]
) -> None:
    other = f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/txnother-transactions"

    for definition in definitions.values():
        role = account.roles[definition.task_role]
        for action in ("GetItem", "PutItem", "Query", "Scan", "UpdateItem"):
            assert not account.decide(role, Right(f"dynamodb:{action}", other)).allowed, role.name


def test_each_execution_role_reads_the_secrets_of_its_task_alone(
    account: Account, definitions: dict[str, TaskDefinition]
) -> None:
    every = {place for definition in definitions.values() for place in definition.secrets.values()}

    for definition in definitions.values():
        role = account.roles[definition.execution_role]
        for place in every:
            right = Right("secretsmanager:GetSecretValue", ":".join(place.split(":")[:7]))
            assert account.decide(role, right).allowed is (place in definition.secrets.values()), (role.name, place)


@pytest.mark.parametrize(
    ("service", "number"), [("ecs-tasks.amazonaws.com", "444455556666"), ("ec2.amazonaws.com", ACCOUNT)]
)
def test_roles_of_tasks_trust_ecs_in_this_account_alone(
    account: Account, definitions: dict[str, TaskDefinition], service: str, number: str
) -> None:
    for definition in definitions.values():
        for arn in (definition.task_role, definition.execution_role):
            role = account.roles[arn]
            source = f"arn:aws:ecs:{REGION}:{number}:task/cluster/1"
            right = Right("sts:AssumeRole", arn, {"aws:sourceaccount": (number,), "aws:sourcearn": (source,)})
            assert not decide(
                Principal(service=service), right, of_resource=role.trust, resource_must_allow=True
            ).allowed
            account.assume(role, "ecs-tasks.amazonaws.com", f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/cluster/1")
