"""Which calls each process makes: seen while tasks are at work, and kept in one file."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from devkit.aws_account.account import Account
from devkit.aws_account.policies.conditions import Context, texts
from devkit.aws_account.policies.patterns import action_like, arn_like
from devkit.aws_account.policies.policy import Right
from devkit.aws_account.templates.task_definitions import TaskDefinition

_CONTEXTS: Final[Mapping[str, Context]] = {
    "s3:PutObject": {"s3:if-none-match": ("*",)},
    "s3:ListBucket": {"s3:prefix": ("dead-letters/",)},
}
KNOWN: Final = Path(__file__).with_name("known_calls.json")
Calls = dict[str, dict[str, list[str]]]
"""ARNs by action by process. Keys of objects end behind their first part, but for files of settings."""


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


def calls_besides(seen: Calls, known: Calls) -> list[str]:
    """The calls that were seen and are not known: `process action resource`."""
    return sorted(
        f"{who} {action} {arn}"
        for who, by_action in seen.items()
        for action, arns in by_action.items()
        for arn in arns
        if arn not in known.get(who, {}).get(action, ())
    )


def rights_of(calls: Mapping[str, list[str]]) -> Iterator[Right]:
    """The rights that the calls of a process need, but for those to keys, which come with them.

    A write to the lake says that it writes once, and a list names a prefix that its policy may want.
    """
    for action, forms in calls.items():
        if not action.startswith("kms:"):
            for form in forms:
                yield Right(action, form.replace("/*", "/dt=x"), _CONTEXTS.get(action, {}))


def allowed_actions(account: Account, definitions: Iterable[TaskDefinition]) -> dict[str, bool]:
    """What policies allow, and whether somebody used it: `process action resource`, as the policy writes it."""
    called = account.ledger.called
    found: dict[str, bool] = {}
    for arn, process in process_names(definitions).items():
        role = account.roles[arn]
        for statement in (one for policy in role.policies for one in policy.statements if one.allows):
            for action in statement.actions:
                for pattern in texts(statement.document["Resource"]):
                    used = any(
                        who == role.name and action_like(action, called_action) and arn_like(pattern, resource)
                        for who, called_action, resource in called
                    )
                    found[f"{process} {action} {pattern.split(':', 5)[-1]}"] = used
    return found


def _form(resource: str) -> str:
    """An ARN without what differs from run to run."""
    if resource.startswith("arn:aws:s3:::"):
        bucket, _, key = resource.partition("/")
        first, slash, _ = key.partition("/")
        return f"{bucket}/{first}/*" if slash and first != "settings" else resource
    return resource
