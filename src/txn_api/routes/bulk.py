"""`POST /transactions/bulk`: any number of transactions as NDJSON or CSV, each line with its own outcome."""

import asyncio
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Annotated, Any, Final, Literal

import structlog
from fastapi import Query, Request
from pydantic import Field
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from txn_api.access.auth import Principal, requires
from txn_api.access.standing import Standing
from txn_api.csv_uploads.rows import CsvRows
from txn_api.edge.headers import RawHeaders
from txn_api.edge.query_checks import each_once, searched
from txn_api.edge.request_text import request_text
from txn_api.openapi import examples, operations
from txn_api.problems import (
    BodyTimeout,
    BodyTooLarge,
    CardNumberMisplaced,
    ContentEncodingUnsupported,
    MediaTypeUnsupported,
    ValidationFailed,
)
from txn_api.resource import Resource
from txn_api.router import Router
from txn_api.routes.post import MINIMAL, REFUND, TAG, Accepted
from txn_api.schemas import Parameters, ProblemShape, Shape
from txn_api.services import Service, Services
from txn_api.writes.bodies import CSV, NDJSON, check_type, declares_table, source
from txn_api.writes.bulk_upload import Admit, Ended, Sink, Upload
from txn_api.writes.encodings import ENCODINGS, Decoder
from txn_api.writes.fair_memory import Holding
from txn_api.writes.results import (
    UNREAD_BYTES_MAX,
    UNREAD_S_MAX,
    AllResults,
    Results,
    ResultsUnreadError,
    ResultWriter,
)
from txn_core.api_keys import Scope as ApiScope
from txn_core.transactions.identity import Account

_log = structlog.get_logger()

_SCOPE: Final[ApiScope] = "transactions:write"
_HEADERS: Final = [(b"content-type", b"application/x-ndjson"), (b"cache-control", b"no-store")]

LineNumber = Annotated[int, Field(ge=1, description="1-based number of the line in the upload.")]


class BulkRejected(Shape):
    """A line that was not accepted."""

    line: LineNumber
    problem: ProblemShape


class BulkAccepted(Accepted):
    """A line that was accepted (only with `results=all`)."""

    line: LineNumber


class BulkTotals(Shape):
    """The last line of the answer: every line read was accepted, rejected or ended in doubt."""

    receipt_id: Annotated[str, Field(min_length=36, max_length=36, pattern="^rcp_[0-9a-f]{32}$")]
    read: Annotated[int, Field(ge=0)]
    accepted: Annotated[int, Field(ge=0)]
    rejected: Annotated[int, Field(ge=0)]
    unknown: Annotated[int, Field(ge=0, description="Lines whose outcome is unknown: send them again.")]
    ended: Annotated[
        Ended,
        Field(
            description="Why reading ended; after anything but `complete` there may be lines that were not read. "
            "`layout_unknown`: a table's header fits no layout. "
            "`rights_ended`: the key was revoked, it or the token expired, or it may do less than when the upload "
            "began. `store_unavailable`: whether the key still holds could not be looked up for too long; try again."
        ),
    ]


class BulkParameters(Parameters):
    """How an upload is answered."""

    results: Literal["rejected", "all"] = Field(
        "rejected", description="`all` is for clients that read while they send."
    )
    ids: Literal["derived", "required"] = Field(
        "derived",
        description="`required` refuses rows of a table that have no id. It is for whoever sends a table in parts: "
        "the derived ids of alike rows would be the same in two parts.",
    )


router = Router(tags=[TAG.name], checks=[searched(BulkParameters), each_once(BulkParameters)])


@router.post(
    "/transactions/bulk",
    operation_id="postTransactionsInBulk",
    summary="Send many transactions",
    response_class=Response,
    responses={
        200: operations.lines_answer(
            "BulkLines",
            "One JSON document a line: the rejected lines (with `results=all` every line), then the totals.",
            *("BulkRejected", "BulkAccepted", "BulkTotals"),
        ),
        # The body of a signed upload is read whole before its first line is taken.
        **operations.problems(
            MediaTypeUnsupported, ContentEncodingUnsupported, BodyTooLarge, BodyTimeout, CardNumberMisplaced
        ),
    },
    openapi_extra=operations.lines_body("TransactionRequest", bytes_max=2**34, table=True) | operations.needs(_SCOPE),
)
async def post_bulk(
    request: Request,
    principal: Annotated[Principal, requires(_SCOPE)],
    parameters: Annotated[BulkParameters, Query()],
    services: Service,
) -> Response:
    """Take one transaction a line, each with its own `transaction_id`.

    The body may be compressed (`Content-Encoding: gzip`, also as `x-gzip`, or `zstd`), in several members or frames;
    zeros behind a gzip member are skipped. Lines end in LF or CRLF, the last one may have no end, blank ones are
    skipped, and so is a UTF-8 byte order mark before the first one. A bad line never spoils its neighbours.
    Uploading the same file again is safe. The upload ends early at 10,000 rejected lines or 8 MiB of what is to be
    said of them, or at fewer when many uploads hold as much; when its next piece does not come in time, comes far too
    slowly or cannot be decompressed, or there is no memory to decompress it (`overloaded`); when it holds far more
    than was sent, when the body breaks off, when the credential it began with is revoked, expires or may do less than
    before, and at a shutdown. `ended` says so, and the lines read until then have their outcomes.

    As `text/csv` (UTF-8) the body is a table in one of the layouts of `txn load`, which its header tells. Its cells
    are separated by commas, semicolons, tabs or vertical bars, a quoted one may span 16 lines, and the header is
    line 1. `errors` then name the `column` as well. A header that fits no layout ends the upload (`layout_unknown`).
    A row without an id gets one that is made of what it holds, the same whenever the file is sent again: up to
    100,000 rows of an upload.
    """
    headers = RawHeaders.of(request.scope)
    encoding = check_type(headers, NDJSON | CSV, ENCODINGS)
    rows = None
    if declares_table(headers):
        memory = Holding(services.memories.row_ids, principal.account)
        bytes_max = services.settings.bulk_line_bytes_max
        rows = CsvRows(bytes_max, memory, derives_ids=parameters.ids == "derived")
    rights = services.gate.standing(request.scope, principal, _SCOPE)
    around = request_text(request)

    def admitting() -> Admit:
        # Rights may be added while the upload is under way; when some are taken away, it ends.
        now = rights.principal
        admit = partial(
            services.admission.admit,
            account=now.account,
            terminal_ids=now.terminal_ids,
            cards_of_mask_max=now.cards_of_mask_max,
            request_text=around,
        )
        return admit if rows is None else partial(rows.admit, admit=admit)

    return UploadResponse(
        services,
        principal.account,
        admitting,
        Decoder(encoding, content_bytes_max=services.settings.bulk_bytes_max),
        request.state.request_id,
        rights=rights,
        everything=parameters.results == "all",
        rows=rows,
    )


class UploadResponse(Response):
    """Reads an upload while it answers it; its lines go to the `sink`, which is the producer unless given."""

    def __init__(
        self,
        services: Services,
        account: Account,
        admitting: Callable[[], Admit],
        decoder: Decoder,
        request_id: str,
        *,
        rights: Standing,
        everything: bool = False,
        sink: Sink | None = None,
        rows: CsvRows | None = None,
    ) -> None:
        super().__init__()
        self._sink, self._rows = sink or services.producer, rows
        self._services, self._admitting, self._decoder, self._rights = services, admitting, decoder, rights
        self._request_id, self._everything = request_id, everything
        self._turn = partial(services.turns.turn, account)
        memories = services.memories
        self._results = Holding(memories.unread if everything else memories.rejected, account)
        self._in_flight = Holding(memories.in_flight, account)
        self._decompression = Holding(memories.decompression, account)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Read and answer."""
        settings = self._services.settings
        upload = Upload(
            admitting=self._admitting,
            producer=self._sink,
            receive=source(scope, receive),
            decoder=self._decoder,
            stopping=self._services.stopping,
            line_bytes_max=settings.bulk_line_bytes_max,
            lines_in_flight_max=settings.bulk_lines_in_flight_max,
            body_deadline_s=settings.body_deadline_s,
            turn=self._turn,
            in_flight=self._in_flight,
            decompression=self._decompression,
            splitter=self._rows,
            rate=self._rights.lines,
            rights=self._rights,
        )
        try:
            await (self._answer_all(upload, send) if self._everything else self._answer_rejected(upload, send))
        finally:
            for holding in (self._results, self._in_flight, self._decompression):
                holding.give_back()
            if self._rows is not None:
                self._rows.give_back()
        if upload.totals.ended == "broken_off":
            _log.info("upload_broken_off", request_id=self._request_id, read=upload.totals.read)

    async def _answer_rejected(self, upload: Upload, send: Send) -> None:
        results = Results(self._request_id, self._results)
        await upload.run(results)
        # After a stall the rest of the body may never come: the connection serves nobody any more.
        close = [(b"connection", b"close")] if upload.totals.ended == "body_timeout" else []
        await send({"type": "http.response.start", "status": 200, "headers": [*_HEADERS, *close]})
        for piece in results.pieces():
            await self._turn()
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await self._send_last(upload, upload.totals.line(upload.receipt_id), send)

    async def _answer_all(self, upload: Upload, send: Send) -> None:
        writer = ResultWriter(send, self._results, unread_bytes_max=UNREAD_BYTES_MAX, unread_s_max=UNREAD_S_MAX)
        await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
        sending = asyncio.create_task(writer.run())
        try:
            await upload.run(AllResults(self._request_id, writer, self._results))
            await writer.end()
        except ResultsUnreadError:
            # The answer has begun: leaving it unfinished makes the server cut the connection.
            _log.info("results_not_read", request_id=self._request_id, read=upload.totals.read)
            return
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        await self._send_last(upload, upload.totals.line(upload.receipt_id), send)

    async def _send_last(self, upload: Upload, body: bytes, send: Send) -> None:
        await send({"type": "http.response.body", "body": body, "more_body": True})
        if upload.totals.ended not in {"complete", "body_timeout", "broken_off"}:
            await upload.drain()
        await send({"type": "http.response.body", "body": b""})


def lines_of(*documents: Mapping[str, Any]) -> str:
    """Documents as NDJSON, for examples."""
    return "".join(json.dumps(document, separators=(",", ":")) + "\n" for document in documents)


_TABLE: Final = """\
transaction_id,original_transaction_id,card_number,amount,currency,occurred_at,merchant_name
my-transaction-1,,2703186189652095,12.34,EUR,2026-01-02T03:04:05Z,"Kub, Mann"
my-transaction-2,my-transaction-1,2703186189652095,-2.00,EUR,2026-01-02T03:04:06Z,"Kub, Mann"
"""
TOTALS: Final = {
    "receipt_id": "rcp_0123456789abcdef0123456789abcdef",
    "read": 2,
    "accepted": 1,
    "rejected": 1,
    "unknown": 0,
    "ended": "complete",
}
resource: Final = Resource(
    tag=TAG,
    router=router,
    shapes=(BulkAccepted, BulkRejected, BulkTotals),
    examples={
        "TransactionRequestLines": {"two_lines": lines_of(MINIMAL, REFUND)},
        "TransactionRequestTable": {"two_rows": _TABLE},
        "BulkLines": {
            "one_rejected": lines_of({"line": 2, "problem": examples.problem(ValidationFailed)}, TOTALS),
        },
    },
    words={"results": {"example": "rejected"}, "ids": {"example": "derived"}},
)
