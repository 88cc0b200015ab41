"""Files of rules and labels that cannot be read: one line that says what to do."""

from pathlib import Path

import pytest

from fraud.rules.rule_error import RuleError
from txn_cli.fraud.written_rules import read_rules
from txn_cli.labels.label_file import labels_of
from txn_core.exceptions import TxnError


def test_a_file_that_cannot_be_read_is_named_with_a_remedy(tmp_path: Path) -> None:
    for path, remedy in ((tmp_path / "missing", "check its path"), (tmp_path, "name a file in it")):
        with pytest.raises(RuleError, match=remedy):
            read_rules(path)
        with pytest.raises(TxnError, match=remedy):
            list(labels_of(path, value="fraud", source="chargeback"))


def test_binary_labels_are_refused_with_a_remedy(tmp_path: Path) -> None:
    written = tmp_path / "labels.csv"
    written.write_bytes(bytes([255, 254, 0, 200]))
    with pytest.raises(TxnError, match="export it as CSV in UTF-8"):
        list(labels_of(written, value="fraud", source="chargeback"))
