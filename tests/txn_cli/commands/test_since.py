"""What `--since` may say."""

from datetime import UTC, datetime

import pytest
import typer

from txn_cli.commands.since import moment_of, span_of
from workers.leases.ledger import minute_of

AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "minute"),
    [
        ("2h", "2026-01-02T01:04"),
        ("90m", "2026-01-02T01:34"),
        ("6s", "2026-01-02T03:03"),
        ("1d", "2026-01-01T03:04"),
        ("2026-01-02T03:04:59+01:00", "2026-01-02T02:04"),
    ],
)
def test_a_moment_or_a_duration(text: str, minute: str) -> None:
    assert minute_of(moment_of(text, AT)) == minute


@pytest.mark.parametrize("text", ["", "2", "2 h", "-1h", "999999d", "yesterday", "2026-01-02T03:04:59"])
def test_nothing_else(text: str) -> None:
    with pytest.raises(typer.BadParameter):
        moment_of(text, AT)


@pytest.mark.parametrize(("begin", "end"), [("1d", "2d"), ("2026-01-03T00:00:00Z", None)])
def test_a_span_that_ends_before_it_begins_is_refused(begin: str, end: str | None) -> None:
    """Or it would be a report of nothing, which looks like a bad model."""
    with pytest.raises(typer.BadParameter, match="behind --to" if end else "behind now"):
        span_of(begin, end, AT)
    assert span_of("2d", end, AT)[0] <= AT
