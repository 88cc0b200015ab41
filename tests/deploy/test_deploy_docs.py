"""What docs/deploy.md says of the templates."""

import json
import re
from pathlib import Path

import pytest
from deploy.settings_table import ELSEWHERE, sources, updated

from tests.deploy.templates import STACKS, of_type, template, text
from txn_core.settings import Settings

PAGE = Path(__file__).parents[2] / "docs" / "deploy.md"
TABLE_OF = {"access": None, "watch": "watch, tickets", "tickets": "watch, tickets"}
"""The heading over the parameters of a stack, where it is not its name; None where it has the prefix alone."""


def test_the_table_of_settings_is_up_to_date() -> None:
    """It says of every setting where a deployed process has it from."""
    page = PAGE.read_text()
    assert updated(page) == page, "run `make templates`"


def test_reasons_are_about_settings_that_no_template_sets() -> None:
    """A reason for a setting that is gone, or that is set by now, has to go."""
    assert set(ELSEWHERE) <= set(Settings.model_fields)
    assert not {f"TXN_{name.upper()}" for name in ELSEWHERE} & set(sources())


def _explained(stack: str) -> set[str]:
    """The names in the first column of the stack's table, and `Prefix`, which the table of `data` explains."""
    heading = TABLE_OF.get(stack, stack)
    if heading is None:
        return {"Prefix"}
    section = PAGE.read_text().partition(f"\n### {heading}\n")[2].partition("\n#")[0]
    return {"Prefix"}.union(
        *(re.findall(r"`(\w+)`", row.split("|")[1]) for row in section.splitlines() if row[:1] == "|")
    )


@pytest.mark.parametrize("stack", [*STACKS, "watch", "tickets"])
def test_every_parameter_is_explained(stack: str) -> None:
    """Each parameter of a template stands in the table of its own stack; of the tasks' bounds, the API's for all."""
    explained = _explained(stack)
    for name in template(stack)["Parameters"]:
        known = name.removesuffix("Min").removesuffix("Max")
        assert name in explained or (known != name and known in explained), name


def test_no_parameter_is_explained_that_is_gone() -> None:
    """What the tables name is a parameter of the stack, or of one of the two that share a table."""
    for stacks in (*([stack] for stack in STACKS), ["watch", "tickets"]):
        there = {name for stack in stacks for name in template(stack)["Parameters"]}
        short = {name.removesuffix("Min") for name in there}
        assert _explained(stacks[0]) <= there | short


def test_the_page_names_every_rule() -> None:
    """What people do, and what they are told of it."""
    rules = of_type("watch", "AWS::Events::Rule").values()
    named = set(re.findall(r"rule `(PREFIX-[a-z-]+)`", PAGE.read_text()))
    assert named == {text(rule["Name"]).replace("${Prefix}", "PREFIX") for rule in rules}


def test_policies_of_the_page_can_be_read() -> None:
    """Each is JSON as IAM takes it, and gives nobody the clients' files or the keys of cards."""
    policies = re.findall(r"```json\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert len(policies) == 2
    for policy in map(json.loads, policies):
        for statement in policy.get("Statement", [policy]):
            assert statement["Effect"] in {"Allow", "Deny"}
            assert not re.search(r"txn-files|card-keys|identity-key|kms:\*|s3:\*", json.dumps(statement))
