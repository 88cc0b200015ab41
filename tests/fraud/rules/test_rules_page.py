"""docs/rules.md shows rules that can be activated, and names all that rules can ask for."""

import re
from pathlib import Path

from fraud.rules.rule_file import rules_of_file
from fraud.rules.rule_set import RuleSet
from fraud.rules.variables import VARIABLES

DOCS = Path(__file__).parents[3] / "docs"


def test_the_file_on_the_page_is_one_and_each_variable_is_named() -> None:
    page = (DOCS / "rules.md").read_text(encoding="utf-8")
    shown = re.search(r"```toml\n(.*?)```", page, re.DOTALL)
    assert shown is not None
    assert len(RuleSet.of(rules_of_file(shown[1].encode())).rules.rules) == 2
    named = set(re.findall(r"`(\w+)`", page + (DOCS / "features.md").read_text(encoding="utf-8")))
    assert named >= VARIABLES.keys()
