"""What is said of a file of rules that cannot be read."""

from pathlib import Path

import pytest

from fraud.rules.rule_error import RuleError
from tests.builders import issued_card_number
from txn_cli.fraud.written_rules import read_rules


def test_a_file_that_is_not_there_is_named_unless_its_name_is_a_card_number() -> None:
    """Whoever mistakes a card number for a version does not find it in what the command says."""
    with pytest.raises(RuleError, match=r"cannot read nowhere\.toml"):
        read_rules(Path("nowhere.toml"))
    with pytest.raises(RuleError, match="cannot read the file"):
        read_rules(Path(issued_card_number()))
