"""What is said when a query is refused or fails: one line, with what to do."""

from txn_core.exceptions import WarehouseError


class QueryError(WarehouseError):
    """A query was refused or failed. The text may quote the query, never rows that its author could not read."""


class QueryTooLongError(QueryError):
    """A query took longer than its bound."""


class QueryTooLargeError(QueryError):
    """A query needs more memory than its bound."""


class NotPublishedError(QueryError):
    """There are no published files to ask, or none that can be read."""


FILES: str = "SQL reads neither files nor the network here: name tables of star and marts"
ONE_SELECT: str = "one SELECT at a time is answered here, and nothing is written"


def one_line(text: str) -> str:
    """The first paragraph of an engine's message in one line, without the excerpt of the query below it."""
    paragraph = text.strip().split("\n\n", 1)[0]
    return " ".join(line.strip() for line in paragraph.splitlines() if not line.startswith(("LINE ", "  ")))
