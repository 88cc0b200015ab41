"""`docs/runbooks.md`: what is committed is what the runbook says."""

from pathlib import Path

from operations.http import runbook_file

COMMITTED = Path(__file__).parents[3] / "docs" / "runbooks.md"


def test_the_committed_page_has_not_drifted() -> None:
    """`make openapi` would write the very file that is committed."""
    assert COMMITTED.read_text() == runbook_file.text()
