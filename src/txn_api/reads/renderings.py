"""How transactions are written for a client: as JSON or as CSV, with all fields or some."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final

from pydantic_core import from_json

from txn_api.reads.csv_rows import header, row
from txn_api.reads.fields import EVERYTHING, Selection
from txn_api.reads.json_rows import document, impersonal, page, selected, with_risk
from txn_api.reads.negotiation import Form
from txn_api.reads.relations import Relations
from txn_core.api_keys import Scope
from txn_core.dynamodb.ranges import Row
from txn_core.dynamodb.review.scores import ScoreItem

# Between so many rows others get their turn: a thousand of CSV take tens of milliseconds, as many documents one.
ROWS_AT_ONCE: Final = 32
DOCUMENTS_AT_ONCE: Final = 500


@dataclass(frozen=True, slots=True)
class Rendering:
    """A form, unless all the fields, and whether those are shown that say who a customer is."""

    form: Form
    selection: Selection | None
    shows_customer: bool = True

    @property
    def scopes(self) -> tuple[Scope, ...]:
        """What the reader needs besides `transactions:read` for as long as the answer is made."""
        return ("customer:read",) if self.shows_customer else ()

    @property
    def is_whole(self) -> bool:
        """Whether one transaction is shown with its risk and its relations, as only whole documents are."""
        return self.form is Form.JSON and self.selection is None

    def one(
        self,
        event: str,
        conflicts: Sequence[str],
        score: ScoreItem | None = None,
        relations: Relations | None = None,
    ) -> bytes:
        """One transaction; a table has its header. Whole documents alone have the score and the relations."""
        if self.is_whole:
            told = with_risk(self._writer()(event, conflicts), score)
            return (told if relations is None else relations.added_to(told)).encode()
        return (self._header() + self._writer()(event, conflicts)).encode()

    async def page(
        self, rows: Sequence[Row], *, next_cursor: str | None, turn: Callable[[], Awaitable[object]]
    ) -> bytes:
        """Rows in their order; there are more if there is a cursor, which a table does not show.

        Some rows at a time wait for a `turn` (`txn_api.writes.turns`).
        """
        write = self._writer()
        texts: list[str] = []
        at_once = DOCUMENTS_AT_ONCE if write is document else ROWS_AT_ONCE
        for start in range(0, len(rows), at_once):
            await turn()
            texts += [write(found.event, found.conflicts) for found in rows[start : start + at_once]]
        if self.form is Form.JSON:
            return page(texts, has_more=next_cursor is not None, next_cursor=next_cursor)
        return "".join((self._header(), *texts)).encode()

    def _header(self) -> str:
        return "" if self.form is Form.JSON else header(self._shown(self.selection or EVERYTHING).columns())

    def _shown(self, selection: Selection) -> Selection:
        return selection if self.shows_customer else selection.impersonal()

    def _writer(self) -> Callable[[str, Sequence[str]], str]:
        if self.form is Form.CSV:
            columns = self._shown(self.selection or EVERYTHING).columns()
            return lambda event, conflicts: row(columns, from_json(event), len(conflicts))
        if self.selection is not None:
            shown = self._shown(self.selection)
            return lambda event, conflicts: selected(event, conflicts, shown)
        if self.shows_customer:
            return document
        return lambda event, conflicts: document(impersonal(event), conflicts)
