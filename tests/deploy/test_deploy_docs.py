"""What docs/deploy.md says of the templates."""

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
    """The names in the first column of the stack's table, and `Prefix`, which the table of `data` explains for all."""
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


def test_the_page_names_rules_that_are_deployed() -> None:
    """The rules of changes and of deployments."""
    rules = {
        text(rule["Name"]).replace("${Prefix}", "PREFIX") for rule in of_type("watch", "AWS::Events::Rule").values()
    }
    assert set(re.findall(r"rule `(PREFIX-[a-z-]+)`", PAGE.read_text())) == {"PREFIX-changes", "PREFIX-deployments"}
    assert {"PREFIX-changes", "PREFIX-deployments"} <= rules
