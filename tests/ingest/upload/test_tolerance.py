"""How many rejected rows a load bears."""

import pytest

from ingest.upload.tolerance import Tolerance
from ingest.upload.totals import LoadTotals


@pytest.mark.parametrize(
    ("text", "accepted", "rejected", "bears"),
    [
        ("0", 10, 0, True),
        ("0", 10, 1, False),
        ("3", 0, 3, True),
        ("3", 1_000, 4, False),
        ("1%", 99, 1, True),
        ("1%", 98, 2, False),
        ("0.1%", 999, 1, True),
        ("0.1%", 998, 1, False),
        ("100%", 0, 5, True),
        ("5%", 0, 0, True),
    ],
)
def test_a_number_or_a_part_of_all_rows_may_be_rejected(
    text: str, *, accepted: int, rejected: int, bears: bool
) -> None:
    assert Tolerance.parse(text).bears(LoadTotals(accepted=accepted, rejected=rejected)) is bears


@pytest.mark.parametrize("text", ["", "-1", "1.5", "101%", "1e2%", "%", "ten", "1 %", "1_000", "٣"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"such as 0\.5%"):
        Tolerance.parse(text)


def test_none_may_be_rejected_unless_that_is_said() -> None:
    assert not Tolerance().bears(LoadTotals(accepted=1_000_000, rejected=1))
