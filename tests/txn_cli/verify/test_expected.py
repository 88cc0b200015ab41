"""What is still to be found."""

from txn_cli.verify.expected import Expected
from txn_cli.verify.statement import Statement
from txn_core.transactions.instants import Instant


def at(second: int) -> Instant:
    return Instant(f"2019-01-01T00:00:{second:02}.000000Z")


def expected() -> Expected:
    both = Expected()
    both.add(Statement(2, "one", 11, "card", at(18)))
    both.add(Statement(3, "two", 22, "card", at(17)))
    return both


def test_what_is_not_found_is_missing() -> None:
    both = expected()
    both.found(0)
    assert list(both.missing()) == [1]


def test_an_id_at_two_positions_is_repeated_and_one_seen_twice_at_one_is_not() -> None:
    both = expected()
    for number, position in [(0, 1), (0, 1), (1, 2), (1, 0), (1, 5)]:
        both.saw(number, position)
    assert both.repeated() == 1


def test_a_position_of_nought_is_a_position() -> None:
    both = expected()
    both.saw(0, 0)
    both.saw(0, 1)
    assert both.repeated() == 1


def test_an_id_has_all_the_rows_that_hold_it() -> None:
    both = expected()
    both.add(Statement(4, "one", 33, "other", at(1)))
    assert [list(both.rows_with(name)) for name in ("one", "two", "three")] == [[0, 2], [1], []]
    assert [both.card(number) for number in range(3)] == ["card", "card", "other"]


def test_a_card_knows_its_rows_and_their_times() -> None:
    both = expected()
    both.add(Statement(4, "three", 33, "other", at(1)))
    found = [(rows.card, rows.first, rows.last, list(rows.numbers)) for rows in both.cards]
    assert found == [("card", at(17), at(18), [0, 1]), ("other", at(1), at(1), [2])]
