"""Templates are resolved as CloudFormation does, and make the account that they describe."""

import pytest
from devkit.aws_account.account import UnknownKeyError
from devkit.aws_account.policies.policy import Right
from devkit.aws_account.tasks.secret_values import secret_values
from devkit.aws_account.templates.resolved_stack import ResolvedStack, UnresolvedError
from devkit.aws_account.templates.stack_account import account_of
from devkit.aws_account.templates.task_definitions import task_definitions

from tests.devkit.aws_account.small_stack import BUCKET, PLACE, TEMPLATE, allow, role, small_stack

KEY = "arn:aws:kms:eu-central-1:111122223333:key/small-Key"


def test_parameters_and_conditions_decide_on_properties_and_resources() -> None:
    on_demand, provisioned = small_stack(), small_stack(Mode="PROVISIONED", Shards=7, Prefix="other")

    assert dict(on_demand.resources["Stream"].properties) == {"Name": "txn-transactions"}
    assert provisioned.resources["Stream"].properties == {"Name": "other-transactions", "ShardCount": 7}
    assert "Extra" not in on_demand.resources
    assert "Extra" in provisioned.resources
    assert on_demand.resources["Lake"].retained


def test_exports_are_imported_by_another_stack() -> None:
    exports = small_stack().exports
    other = ResolvedStack(
        {"Resources": {"T": {"Type": "AWS::SNS::Topic", "Properties": {"K": {"Fn::ImportValue": "txn-Key"}}}}},
        PLACE,
        exports=exports,
    )

    assert exports == {"txn-Key": KEY}
    assert other.resources["T"].properties == {"K": KEY}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"Fn::Join": ["-", ["a", {"Ref": "AWS::Region"}]]}, "a-eu-central-1"),
        ({"Fn::Select": [1, {"Fn::Split": [",", "a,b"]}]}, "b"),
        ({"Fn::Sub": ["${x}-${!y}-${AWS::Partition}", {"x": 1}]}, "1-${y}-aws"),
        ({"Fn::GetAtt": "Lake.Arn"}, f"arn:aws:s3:::{BUCKET}"),
        ({"Ref": "Secret"}, "arn:aws:secretsmanager:eu-central-1:111122223333:secret:txn/card-keys-AbCdEf"),
        ({"Fn::And": [{"Fn::Not": [{"Condition": "IsProvisioned"}]}, {"Fn::Or": [{"Fn::Equals": [1, "1"]}]}]}, True),
        ([{"Ref": "AWS::NoValue"}, "x"], ["x"]),
    ],
)
def test_functions(value: object, expected: object) -> None:
    assert small_stack().value(value) == expected


@pytest.mark.parametrize("value", [{"Ref": "Nobody"}, {"Fn::Transform": {}}, {"Fn::ImportValue": "nobody"}])
def test_what_cannot_be_resolved_is_refused(value: object) -> None:
    with pytest.raises(UnresolvedError):
        small_stack().value(value)


def test_a_parameter_without_a_value_is_refused() -> None:
    with pytest.raises(UnresolvedError, match="Image"):
        ResolvedStack(
            {"Parameters": {"Image": {"Type": "String"}}, "Resources": {"A": {"Type": "A::B::C", "Properties": {
                "I": {"Ref": "Image"}}}}},
            PLACE,
        )  # fmt: skip


def test_the_account_knows_roles_policies_and_keys() -> None:
    account = account_of([small_stack()])
    writer = account.role_named("small-Writer")
    put = Right("s3:PutObject", f"arn:aws:s3:::{BUCKET}/raw/a", {"s3:if-none-match": ("*",)})

    assert account.key_of[f"arn:aws:s3:::{BUCKET}"] == KEY
    assert account.decide(writer, put).allowed
    assert account.decide(writer, Right(put.action, put.resource)).denied_by == "LakePolicy/WriteOnce"
    account.authorise(writer, [put])
    assert account.ledger.called["small-Writer", "kms:GenerateDataKey", KEY] == 1
    assert not account.ledger.refused


def test_a_condition_that_nobody_can_judge_is_refused() -> None:
    unknown = role(allow("s3:GetObject", "*", StringEquals={"aws:PrincipalOrgID": "o-1"}))

    with pytest.raises(UnknownKeyError, match="aws:principalorgid"):
        account_of([ResolvedStack({"Resources": {"R": unknown}}, PLACE)])


def test_secrets_are_drawn_and_task_definitions_read() -> None:
    stack = small_stack()
    (task,) = task_definitions([stack])
    (drawn,) = secret_values([stack]).values()

    assert drawn.startswith('{"1": "')
    assert len(drawn) == len('{"1": ""}') + 44
    assert (task.command, task.environment) == (("worker", "archive"), {"TXN_BUCKET": BUCKET})
    assert task.secrets["TXN_CARD_KEYS"] in secret_values([stack])
    assert task.task_role in account_of([stack]).roles
    assert (
        TEMPLATE["Resources"]["Task"]["Properties"]["ContainerDefinitions"][0]["StopTimeout"] == task.stop_timeout_s
    )
