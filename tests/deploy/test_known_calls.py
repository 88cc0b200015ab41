"""Every call that a process is known to make is allowed by the committed templates."""

import pytest
from devkit.aws_account.account import Account
from devkit.aws_account.templates.stack_account import account_of
from devkit.aws_account.templates.task_definitions import task_definitions

from tests.deploy.deployed import deployed
from tests.deploy.known_calls import known_calls, process_names, rights_of


@pytest.fixture(scope="module")
def account() -> Account:
    return account_of(deployed())


@pytest.mark.parametrize("process", list(known_calls()))
def test_each_known_call_is_allowed(account: Account, process: str) -> None:
    roles = {name: arn for arn, name in process_names(task_definitions(deployed())).items()}
    role = account.roles[roles[process]]

    account.authorise(role, rights_of(known_calls()[process]))
