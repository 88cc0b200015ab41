"""What is still to be found."""

from txn_cli.verify.expected import Expected
from txn_cli.verify.statement import Statement
from txn_core.instants import Instant

AT = Instant("2019-01-01T00:00:18.000000Z")
ONE, TWO = Statement(2, "one", 11, "card", AT), Statement(3, "two", 22, "card", AT)


def expected() -> Expected:
    both = Expected()
    both.add(ONE)
    both.add(TWO)
    return both


def test_what_is_not_found_is_missing() -> None:
    both = expected()
    both.found(ONE)
    assert list(both.missing()) == [TWO]


def test_an_id_at_two_positions_is_repeated_and_one_seen_twice_at_one_is_not() -> None:
    both = expected()
    for transaction_id, position in [("one", 1), ("one", 1), ("two", 2), ("two", 0), ("two", 5)]:
        both.saw(transaction_id, position)
    assert both.repeated == {"two"}
