"""The patience with the sender of a body."""

from txn_api.writes.slow_senders import SenderPatience


def test_what_comes_pays_for_the_waiting() -> None:
    """At the least rate a sender may go on for ever, at half of it for twice the grace."""
    arrival, slow = SenderPatience(100, 10.0), SenderPatience(100, 10.0)
    for second in range(1, 20):
        arrival.waited(1.0)
        arrival.came(100)
        assert arrival.left_s == 10.0
        slow.waited(1.0)
        slow.came(50)
        assert slow.left_s == 10.0 - second / 2


def test_patience_is_not_saved_up() -> None:
    """However much came before."""
    arrival = SenderPatience(100, 10.0)
    arrival.came(1 << 30)
    arrival.waited(9.0)
    assert arrival.left_s == 1.0
