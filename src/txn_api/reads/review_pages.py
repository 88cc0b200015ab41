"""Pages of alerts and of cases: cursors, and the turns in which documents are looked at."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Final, Literal, Protocol

from pydantic import AfterValidator, Field
from starlette.responses import Response

from txn_api.access.principal import Principal
from txn_api.access.standing import Standing
from txn_api.problems import RangeReversed
from txn_api.reads.cursors import CURSOR_CHARS_MAX
from txn_api.reads.json_rows import page
from txn_api.schemas import Parameters
from txn_api.services import Services
from txn_api.stores import store_reads
from txn_core.card_numbers.free_text_fields import A_TIME, AN_ID
from txn_core.dynamodb.document_index import DocumentIndex
from txn_core.dynamodb.filtered_pages import filtered
from txn_core.dynamodb.ranges import RangeQuery, Row, SortKey, Span
from txn_core.transactions.identity import ACCOUNT_PATTERN, Account
from txn_core.transactions.instants import Instant, parse_end, parse_start

ROWS_A_TURN: Final = 64
ROW_BYTES: Final = 2_048
PAGE_WAIT_S_MAX: Final = 5.0
_A_TIME: Final = Field(json_schema_extra={"format": "date-time"}, max_length=35)
Start = Annotated[Instant, AfterValidator(parse_start), _A_TIME, A_TIME]
End = Annotated[Instant, AfterValidator(parse_end), _A_TIME, A_TIME]
Looks = Callable[[Sequence[Row]], Awaitable[list[str | None]]]
"""What is shown of some rows; None of those that are not wanted."""


class PageParameters(Parameters):
    """Which page of a list, between which times."""

    account: Account | None = Field(None, pattern=ACCOUNT_PATTERN, description="Another account, if granted.")
    start: Start | None = Field(None, alias="from", description="Earliest, inclusive.")
    end: End | None = Field(None, alias="to", description="Latest, exclusive.")
    order: Literal["desc", "asc"] = "desc"
    limit: int = Field(100, ge=1, le=1000)
    cursor: Annotated[str | None, AN_ID] = Field(None, max_length=CURSOR_CHARS_MAX)


class _Named(Protocol):
    def __call__(self, span: Span, /) -> RangeQuery: ...


async def answer_page(
    services: Services,
    principal: Principal,
    standing: Standing,
    parameters: PageParameters,
    *,
    index: DocumentIndex,
    range_of: _Named,
    identity: Sequence[str],
    looks: Looks,
) -> Response:
    """One page of a list. `identity` is what its cursor is bound to besides times and order.

    Raises:
        Problem: `range_reversed`, `cursor_invalid`, `overloaded` or `store_unavailable`.
    """
    if parameters.start and parameters.end and parameters.start > parameters.end:
        raise RangeReversed
    bound_to = (*identity, parameters.start or "", parameters.end or "", parameters.order)
    after = None if parameters.cursor is None else SortKey(services.cursors.read(bound_to, parameters.cursor))
    span = Span(parameters.start, parameters.end, parameters.order == "desc", after, parameters.limit)
    shown: dict[SortKey, str] = {}

    async def wanted(rows: Sequence[Row]) -> list[bool]:
        found: list[str | None] = []
        for begin in range(0, len(rows), ROWS_A_TURN):
            await services.turns.turn(principal.account)
            found += await looks(rows[begin : begin + ROWS_A_TURN])
        shown.update({row.sort: text for row, text in zip(rows, found, strict=True) if text is not None})
        return [text is not None for text in found]

    size = parameters.limit * ROW_BYTES
    async with services.memories.pages.held_for(principal.account, size, wait_s_max=PAGE_WAIT_S_MAX), store_reads():
        rows, goes_on_behind = await filtered(range_of(span), index.page, wanted)
    await standing.check()
    cursor = None if goes_on_behind is None else services.cursors.make(bound_to, goes_on_behind)
    body = page((shown[row.sort] for row in rows), has_more=cursor is not None, next_cursor=cursor)
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


def identity_of(parameters: PageParameters, kind: str, account: Account) -> tuple[str, ...]:
    """What the cursor of a list is bound to: the account, and every parameter that chooses its rows."""
    chosen: dict[str, Any] = parameters.model_dump(exclude={"account", "start", "end", "order", "limit", "cursor"})
    return (kind, account, *(f"{name}={value or ''}" for name, value in sorted(chosen.items())))
