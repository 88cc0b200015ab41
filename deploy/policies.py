"""Statements of IAM policies as plain documents (IAM User Guide, "JSON policy elements")."""

from collections.abc import Sequence
from typing import Any, Final

Statement = dict[str, Any]

RESHUFFLES: Final = "kinesis:UpdateStreamRecordDistributionStrategy"
"""Lets a stream ignore partition keys, at once: one card's records would lose their order."""


def allow(actions: str | Sequence[str], resources: Any, **condition: Any) -> Statement:
    """A statement that allows; `condition` is the element Condition, by its operators."""
    return _statement("Allow", actions, resources, condition)


def deny(actions: str | Sequence[str], resources: Any, **condition: Any) -> Statement:
    """A statement that denies."""
    return _statement("Deny", actions, resources, condition)


def by_anyone(statement: Statement, sid: str) -> Statement:
    """A statement of a resource's own policy that is about every principal, under a name of its own."""
    return {"Sid": sid, "Principal": "*", **statement}


def of_service(service: str, actions: str | Sequence[str], **condition: Any) -> Statement:
    """A statement of a resource's own policy, or of a role's trust, that allows an AWS service something."""
    statement = _statement("Allow", actions, None, condition)
    return {**statement, "Principal": {"Service": service}}


def document(*statements: Statement) -> dict[str, Any]:
    """A policy."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trust(service: str, **condition: Any) -> dict[str, Any]:
    """The trust of a role that a service assumes, for this account alone where the service says for whom it acts."""
    return document(of_service(service, "sts:AssumeRole", **condition))


def _statement(effect: str, actions: str | Sequence[str], resources: Any, condition: dict[str, Any]) -> Statement:
    statement: Statement = {"Effect": effect, "Action": actions if isinstance(actions, str) else list(actions)}
    if resources is not None:
        statement["Resource"] = resources
    if condition:
        statement["Condition"] = condition
    return statement
