"""The report: exactly these keys, and right only without a fault."""

import pytest

from txn_cli.verify.verify_report import EXPLANATIONS, Report


def test_the_document_has_exactly_these_keys() -> None:
    assert list(Report().document()) == [
        "rows",
        "missing_in_index",
        "different_in_index",
        "missing_in_lake",
        "duplicated_in_lake",
        "repeated_in_stream",
    ]
    assert list(EXPLANATIONS) == list(Report().document())


def test_reports_add_up() -> None:
    assert Report(1, 2, 3, 4, 5, 6) + Report(10, 10, 10, 10, 10, 10) == Report(11, 12, 13, 14, 15, 16)


@pytest.mark.parametrize("fault", ["missing_in_index", "different_in_index", "missing_in_lake", "duplicated_in_lake"])
def test_a_single_fault_is_not_all_right(fault: str) -> None:
    assert not Report(**{"rows": 10, fault: 1}).all_right


def test_repeats_are_no_fault() -> None:
    assert Report(rows=10, repeated_in_stream=10).all_right
