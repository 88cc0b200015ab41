"""What is said of a file of rules that cannot be read."""

from pathlib import Path

import pytest

from fraud.rules.rule_error import RuleError
from txn_cli.fraud.written_rules import read_rules


def test_an_empty_file_ends_no_rule_by_chance(tmp_path: Path) -> None:
    """A full disk leaves one as well as a person does; who means it says so."""
    (written := tmp_path / "rules.toml").write_text("\n")
    with pytest.raises(RuleError, match=r"empty: to end all rules write `rule = \[\]`"):
        read_rules(written)
    written.write_text("rule = []\n")
    assert read_rules(written).rules == []
