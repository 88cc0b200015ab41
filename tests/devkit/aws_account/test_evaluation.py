"""The evaluation of policies: denials first, then allowances of the role, of the resource, of the key."""

from collections.abc import Mapping
from typing import Any

import pytest
from devkit.aws_account.policies.evaluation import Grant, decide
from devkit.aws_account.policies.patterns import action_like, arn_like
from devkit.aws_account.policies.policy import Policy, Principal, Right

ROLE = Principal("111122223333", "arn:aws:iam::111122223333:role/api")
OBJECT = "arn:aws:s3:::lake/raw/a"
KEY = "arn:aws:kms:us-east-1:111122223333:key/1"


def policy(*statements: Mapping[str, Any]) -> Policy:
    return Policy.parse("p", {"Statement": list(statements)})


def allow(action: object, resource: object = "*", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def deny(action: object, resource: object = "*", **more: Any) -> dict[str, Any]:
    return allow(action, resource, **more) | {"Effect": "Deny"}


def test_nothing_is_allowed_by_itself() -> None:
    decision = decide(ROLE, Right("s3:GetObject", OBJECT), own=[policy(allow("s3:PutObject"))])

    assert not decision.allowed
    assert decision.denied_by is None


def test_an_allowance_is_named_with_its_action() -> None:
    own = [policy(allow(["s3:Get*", "s3:List*"], ["arn:aws:s3:::lake/*"]))]

    assert decide(ROLE, Right("s3:GetObject", OBJECT), own=own).grants == (Grant("p/0", "s3:Get*"),)


def test_a_denial_goes_before_every_allowance() -> None:
    own = [policy(allow("s3:*"), deny("s3:GetObject", OBJECT, Sid="Not"))]

    assert decide(ROLE, Right("s3:GetObject", OBJECT), own=own).denied_by == "p/Not"
    assert decide(ROLE, Right("s3:GetObject", OBJECT + "b"), own=own).allowed


def test_a_conditional_denial_of_a_bucket_holds_for_calls_of_its_kind_alone() -> None:
    """The bucket's denial of writes without `If-None-Match`, which moto's own evaluation cannot tell apart."""
    bucket = policy(
        deny(
            "s3:PutObject", "arn:aws:s3:::lake/raw/*", Principal="*", Condition={"Null": {"s3:if-none-match": "true"}}
        )
    )
    own = [policy(allow("s3:PutObject", "arn:aws:s3:::lake/*"))]

    assert not decide(ROLE, Right("s3:PutObject", OBJECT), own=own, of_resource=bucket).allowed
    once = Right("s3:PutObject", OBJECT, {"s3:if-none-match": ("*",)})
    assert decide(ROLE, once, own=own, of_resource=bucket).allowed


@pytest.mark.parametrize(
    ("named", "allowed"),
    [
        ("*", True),
        ({"AWS": "*"}, True),
        ({"AWS": ROLE.role}, True),
        ({"AWS": ["arn:aws:iam::111122223333:role/other", ROLE.role]}, True),
        ({"AWS": "arn:aws:iam::111122223333:role/other"}, False),
        ({"AWS": ROLE.root}, False),  # hands the decision to the account, which allows nothing
        ({"Service": "s3.amazonaws.com"}, False),
    ],
)
def test_the_policy_of_a_bucket_allows_whom_it_names(named: object, allowed: object) -> None:
    bucket = policy(allow("s3:GetObject", "arn:aws:s3:::lake/*", Principal=named))

    assert decide(ROLE, Right("s3:GetObject", OBJECT), of_resource=bucket).allowed is allowed


def test_the_account_is_denied_with_each_of_its_roles() -> None:
    bucket = policy(deny("s3:*", Principal={"AWS": ROLE.root}))

    assert not decide(ROLE, Right("s3:GetObject", OBJECT), own=[policy(allow("*"))], of_resource=bucket).allowed


def test_the_policy_of_a_key_decides_who_may_allow() -> None:
    own, right = [policy(allow("kms:Decrypt", KEY))], Right("kms:Decrypt", KEY)
    account = policy(allow("kms:*", Principal={"AWS": ROLE.root}))
    somebody_else = policy(allow("kms:*", Principal={"AWS": "arn:aws:iam::111122223333:role/other"}))

    assert decide(ROLE, right, own=own, of_resource=account, resource_must_allow=True).allowed
    assert not decide(ROLE, right, own=own, of_resource=somebody_else, resource_must_allow=True).allowed
    assert not decide(ROLE, right, of_resource=account, resource_must_allow=True).allowed


def test_a_role_trusts_a_service_under_its_conditions() -> None:
    trust = policy({
        "Effect": "Allow",
        "Action": "sts:AssumeRole",
        "Principal": {"Service": "ecs-tasks.amazonaws.com"},
        "Condition": {"StringEquals": {"aws:SourceAccount": "111122223333"}},
    })  # fmt: skip

    def trusts(service: str, account: str) -> bool:
        right = Right("sts:AssumeRole", str(ROLE.role), {"aws:sourceaccount": (account,)})
        return decide(Principal(service=service), right, of_resource=trust, resource_must_allow=True).allowed

    assert trusts("ecs-tasks.amazonaws.com", "111122223333")
    assert not trusts("ecs-tasks.amazonaws.com", "444455556666")
    assert not trusts("ec2.amazonaws.com", "111122223333")


def test_all_but_some_actions_and_resources() -> None:
    own = [policy({"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::secret/*"})]

    assert decide(ROLE, Right("s3:GetObject", OBJECT), own=own).allowed
    assert not decide(ROLE, Right("iam:CreateUser", "*"), own=own).allowed
    assert not decide(ROLE, Right("s3:GetObject", "arn:aws:s3:::secret/x"), own=own).allowed


def test_patterns() -> None:
    assert action_like("kinesis:put*", "kinesis:PutRecords")
    assert not action_like("kinesis:Put", "kinesis:PutRecords")
    assert arn_like("arn:aws:dynamodb:*:1:table/txn-*", "arn:aws:dynamodb:us-east-1:1:table/txn-a/index/b")
    assert not arn_like("arn:aws:dynamodb:*:table/txn-a", "arn:aws:dynamodb:us-east-1:1:table/txn-a")
    assert not arn_like("arn:aws:s3:::lake/ra?/x", "arn:aws:s3:::lake/raww/x")
