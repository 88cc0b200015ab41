"""Which calls each process makes: seen while tasks are at work, and kept in one file."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from devkit.aws_account.account import Account
from devkit.aws_account.policies.conditions import texts
from devkit.aws_account.policies.patterns import action_like, arn_like
from devkit.aws_account.policies.policy import Right
from devkit.aws_account.templates.task_definitions import TaskDefinition

KNOWN: Final = Path(__file__).with_name("known_calls.json")
Calls = dict[str, dict[str, list[str]]]
"""ARNs by action by process. Keys of objects end behind their first part, and nothing else is left out."""


def process_names(definitions: Iterable[TaskDefinition]) -> dict[str, str]:
    """What each role is for, by its ARN: `api`, or `start api` for the role with which ECS starts it."""
    names = {}
    for definition in definitions:
        process = definition.command[-1]
        names[definition.task_role] = process
        names[definition.execution_role] = f"start {process}"
    return names


def known_calls() -> Calls:
    """The calls that are known."""
    document: Calls = json.loads(KNOWN.read_text())
    return document


def seen_calls(account: Account, definitions: Iterable[TaskDefinition]) -> Calls:
    """The calls that were allowed so far, of the processes that were started."""
    names = {account.roles[arn].name: process for arn, process in process_names(definitions).items()}
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for who, action, resource in account.ledger.called:
        if who in names:
            found[names[who]][action].add(_form(resource))
    return {who: {action: sorted(arns) for action, arns in by_action.items()} for who, by_action in found.items()}


def rights_of(calls: Mapping[str, list[str]]) -> Iterator[Right]:
    """The rights that the calls of a process need; a write to the lake says that it writes once."""
    for action, forms in calls.items():
        for form in forms:
            context = {"s3:if-none-match": ("*",)} if action == "s3:PutObject" else {}
            yield Right(action, form.replace("/*", "/x"), context)


def unused_actions(account: Account, definitions: Iterable[TaskDefinition]) -> set[str]:
    """What policies allow and nobody used: `process action resource`, each resource as its policy writes it."""
    called = account.ledger.called
    unused = set()
    for arn, process in process_names(definitions).items():
        role = account.roles[arn]
        for statement in (one for policy in role.policies for one in policy.statements if one.allows):
            for action in statement.actions:
                for pattern in texts(statement.document["Resource"]):
                    used = any(
                        who == role.name and action_like(action, called_action) and arn_like(pattern, resource)
                        for who, called_action, resource in called
                    )
                    if not used:
                        unused.add(f"{process} {action} {pattern.split(':', 5)[-1]}")
    return unused


def _form(resource: str) -> str:
    """An ARN without what differs from run to run."""
    if resource.startswith("arn:aws:s3:::"):
        bucket, _, key = resource.partition("/")
        first, slash, _ = key.partition("/")
        return f"{bucket}/{first}/*" if slash else resource
    return resource
