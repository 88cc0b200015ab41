"""The report: exactly these keys, and right only without a fault."""

import pytest

from txn_cli.verify.verify_report import EXPLANATIONS, Report, TableFaults

IN_TABLES = {"landing": TableFaults(1, 2, 3), "star": TableFaults(4, 5, 6), "oltp": TableFaults(7, 8, 9)}


def test_the_document_has_exactly_these_keys() -> None:
    assert list(Report().document()) == [
        "rows",
        "missing_in_index",
        "different_in_index",
        "missing_in_lake",
        "duplicated_in_lake",
        "repeated_in_stream",
    ]
    assert list(EXPLANATIONS) == list(Report(tables=IN_TABLES).document())
    assert Report(tables=IN_TABLES).document()["different_in_star"] == 6


def test_reports_of_tables_add_up_and_each_fault_counts() -> None:
    assert (Report() + Report(tables=IN_TABLES)).tables == IN_TABLES
    assert (Report(tables=IN_TABLES) + Report(tables=IN_TABLES)).tables["oltp"] == TableFaults(14, 16, 18)
    assert Report(tables={"landing": TableFaults()}).all_right
    for fault in ("missing", "doubled", "different"):
        assert not Report(tables={"landing": TableFaults(), "star": TableFaults(**{fault: 1})}).all_right


def test_reports_add_up() -> None:
    assert Report(1, 2, 3, 4, 5, 6) + Report(10, 10, 10, 10, 10, 10) == Report(11, 12, 13, 14, 15, 16)


@pytest.mark.parametrize("fault", ["missing_in_index", "different_in_index", "missing_in_lake", "duplicated_in_lake"])
def test_a_single_fault_is_not_all_right(fault: str) -> None:
    assert not Report(tables={}, **{"rows": 10, fault: 1}).all_right


def test_repeats_are_no_fault() -> None:
    assert Report(rows=10, repeated_in_stream=10).all_right
