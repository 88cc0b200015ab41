"""Every answer that is not what the client asked for: RFC 9457 problems, one class each, with a stable code.

    Problem
    ├── 400 malformed_http, malformed_json, idempotency_key_malformed
    ├── 401 api_key_missing, api_key_invalid, token_invalid,
    │       signature_missing, signature_invalid, signature_expired, signature_replayed
    ├── 403 scope_missing, account_forbidden, terminal_forbidden
    ├── 404 route_not_found, transaction_not_found, alert_not_found, case_not_found, label_not_found,
    │       dead_letter_not_found
    ├── 405 method_not_allowed
    ├── 406 not_acceptable
    ├── 408 body_timeout
    ├── 409 idempotency_key_in_flight, case_changed, case_claimed, case_state_conflict
    ├── 413 body_too_large
    ├── 414 uri_too_long
    ├── 415 media_type_unsupported, content_encoding_unsupported
    ├── 422 validation_failed, id_required, layout_unknown, card_number_misplaced, idempotency_key_reused,
    │       parameter_invalid, range_reversed, cursor_invalid
    ├── 428 if_match_required
    ├── 429 rate_limited, too_many_concurrent, too_many_cards_of_mask
    ├── 431 head_too_large
    ├── 500 internal_error
    ├── 501 transfer_coding_unsupported, not_configured
    ├── 503 overloaded, not_stored, outcome_unknown, store_unavailable
    └── 505 http_version_unsupported

A problem never repeats what was sent. Its texts are fixed by its class and by the codes of its faults.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from pydantic_core import to_json
from starlette.responses import Response

from txn_core.transactions.faults import Fault

MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "/problems/"
REGISTERED_TYPE_BASE = "https://iana.org/assignments/http-problem-types#"
"""Types that draft-ietf-httpapi-ratelimit-headers-11, 10.2, has IANA register (RFC 9457, 4.2)."""
# RFC 9110, 11.6.1: a 401 names a scheme.
_INVALID_TOKEN: Final = {"WWW-Authenticate": 'Bearer realm="txn-api", error="invalid_token"'}
_INVALID_REQUEST: Final = {"WWW-Authenticate": 'Bearer realm="txn-api", error="invalid_request"'}


class Problem(Exception):  # noqa: N818 - RFC 9457's own word for it
    """The root: what a client is told, and with which status."""

    status: ClassVar[int]
    code: ClassVar[str]
    title: ClassVar[str]
    detail: ClassVar[str]
    remedy: ClassVar[str]
    registered_type: ClassVar[str | None]
    fixed_headers: ClassVar[Mapping[str, str]]
    fixed_faults: ClassVar[Sequence[Fault]]

    def __init_subclass__(
        cls,
        *,
        status: int,
        code: str,
        title: str,
        detail: str,
        remedy: str,
        registered_type: str | None = None,
        headers: Mapping[str, str] | None = None,
        faults: Sequence[Fault] = (),
    ) -> None:
        """Take the texts of a class.

        `remedy` is what a client does about it, for its page. Where a standard has a `registered_type`, clients know
        it instead of ours. `headers` stand on each of its answers, and `faults` where it is raised without others.
        """
        super().__init_subclass__()
        cls.status, cls.code, cls.title, cls.detail, cls.remedy = status, code, title, detail, remedy
        cls.registered_type, cls.fixed_headers, cls.fixed_faults = registered_type, headers or {}, faults

    def __init__(self, faults: Sequence[Fault] = (), headers: Mapping[str, str] | None = None) -> None:
        super().__init__(self.code)
        self.faults = tuple(dict.fromkeys(faults or self.fixed_faults))  # equal ones say nothing more
        self.headers = {**self.fixed_headers, **(headers or {})}
        self.columns: Mapping[str, str] = {}
        """The column of an uploaded table behind each pointer."""

    def document(self, request_id: str) -> dict[str, object]:
        """The members of the problem document."""
        return {
            "type": self.registered_type or f"{TYPE_BASE}{self.code}",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            "request_id": request_id,
            "errors": [self._error(fault) for fault in self.faults],
        }

    def _error(self, fault: Fault) -> dict[str, str]:
        error = {"pointer": fault.pointer, "code": fault.code, "message": fault.message}
        column = self.columns.get(fault.pointer) if self.columns else None
        return error if column is None else error | {"column": column}

    def response(self, request_id: str) -> Response:
        """The problem as an HTTP response."""
        return Response(
            to_json(self.document(request_id)),
            status_code=self.status,
            media_type=MEDIA_TYPE,
            headers={"Cache-Control": "no-store", **self.headers},
        )


class MalformedHttp(
    Problem,
    status=400,
    code="malformed_http",
    title="Malformed HTTP request",
    detail="The bytes sent are not an HTTP/1.1 request; the connection ends here.",
    remedy="Let an HTTP library write the request; over TLS check that the port is the one for TLS.",
):
    """The bytes are not HTTP/1.1; the server answers them before any route."""


class MalformedJson(
    Problem,
    status=400,
    code="malformed_json",
    title="Malformed JSON",
    detail="The body is not one JSON document in UTF-8; an empty one is none.",
    remedy=(
        "Send one JSON document, in UTF-8 (not UTF-16 or Latin-1), and nothing behind it. A UTF-8 BOM is skipped. "
        "An escape such as `\\ud83d` alone is half a character, which UTF-8 cannot write."
    ),
):
    """The body is not one JSON document in UTF-8."""


class IdempotencyKeyMalformed(
    Problem,
    status=400,
    code="idempotency_key_malformed",
    title="Idempotency-Key malformed",
    detail="Send one Idempotency-Key of 1 to 255 visible ASCII characters, in double quotes or plain.",
    remedy="Send a fresh UUID in double quotes, once.",
):
    """The Idempotency-Key is not in its form (draft-ietf-httpapi-idempotency-key-header-07, 2.1)."""


class ApiKeyMissing(
    Problem,
    status=401,
    code="api_key_missing",
    title="API key missing",
    detail="Present an API key as `Authorization: Bearer <key>` or `X-API-Key: <key>`.",
    remedy="Send the key that `txn keys create` showed once.",
    headers={"WWW-Authenticate": 'Bearer realm="txn-api"'},
):
    """No API key was presented."""


class ApiKeyInvalid(
    Problem,
    status=401,
    code="api_key_invalid",
    title="API key invalid",
    detail=(
        "The API key is unknown, expired or revoked; whoever runs the service makes new ones (`txn keys create`)."
    ),
    remedy="Ask whoever runs the service for a new key; the same one will not become good again.",
    headers=_INVALID_TOKEN,
):
    """The API key presented is unknown, expired or revoked."""


class TokenInvalid(
    Problem,
    status=401,
    code="token_invalid",
    title="Access token invalid",
    detail="The access token does not verify, is not in force, or does not name an account.",
    remedy="Get a new token from the issuer; check its audience, its times and that it names an account.",
    headers=_INVALID_TOKEN,
):
    """The access token does not verify, is not in force, or names no account."""


class SignatureMissing(
    Problem,
    status=401,
    code="signature_missing",
    title="Signature missing",
    detail="This API key is for signed requests: send `Signature: t=...,kid=...,v1=...`.",
    remedy="Sign each request with the key's signing secret, as docs/access.md says.",
    headers=_INVALID_REQUEST,
):
    """The API key is for signed requests, and the request has no signature."""


class SignatureInvalid(
    Problem,
    status=401,
    code="signature_invalid",
    title="Signature invalid",
    detail="The signature is not one of this request by this API key.",
    remedy="Sign the method, the path with its query, and the very bytes that are sent, with this key's secret.",
    headers=_INVALID_REQUEST,
):
    """The signature is not one of this request by this key."""


class SignatureExpired(
    Problem,
    status=401,
    code="signature_expired",
    title="Signature expired",
    detail="The signature's time lies more than 300 seconds from the server's, which the Date header tells.",
    remedy="Set the terminal's clock by the `Date` of this answer, and sign again.",
    headers=_INVALID_REQUEST,
):
    """The signature's time lies too far from the server's."""


class SignatureReplayed(
    Problem,
    status=401,
    code="signature_replayed",
    title="Signature replayed",
    detail="The signature was used before; make a new signature for each try, with the second in which it is sent.",
    remedy="Make a new signature for each try; the same transaction id keeps a retry harmless.",
    headers=_INVALID_REQUEST,
):
    """The signature was used before."""


class ScopeMissing(
    Problem,
    status=403,
    code="scope_missing",
    title="Scope missing",
    detail="The API key lacks a scope that this call needs; the documentation names it.",
    remedy="Ask for a key with the scopes that the operation names, or leave out what needs more.",
):
    """The API key lacks a scope that the call needs."""


class AccountForbidden(
    Problem,
    status=403,
    code="account_forbidden",
    title="Account forbidden",
    detail="The API key may not read that account.",
    remedy="Leave out `account` to read the account of the key itself, or ask for a grant.",
):
    """The API key may not read that account."""


class TerminalForbidden(
    Problem,
    status=403,
    code="terminal_forbidden",
    title="Terminal forbidden",
    detail="The API key is bound to terminals; the transaction names another one or none.",
    remedy="Send the `terminal_id` that the key is bound to, or ask for a key of this terminal.",
):
    """The API key may not send for that terminal."""


class RouteNotFound(
    Problem,
    status=404,
    code="route_not_found",
    title="Not found",
    detail="There is nothing at this path; /docs lists what there is. No path but / ends in a slash.",
    remedy="Compare the path with the document; a slash at its end makes it another one.",
):
    """No such path."""


class TransactionNotFound(
    Problem,
    status=404,
    code="transaction_not_found",
    title="Transaction not found",
    detail="No transaction of that id is indexed in this account, or not yet: a new one takes about a second.",
    remedy="After a 202 wait about a second and ask again; else check the id and the account.",
):
    """No transaction of that id is indexed (yet)."""


class AlertNotFound(
    Problem,
    status=404,
    code="alert_not_found",
    title="Alert not found",
    detail="No alert of that id is in this account.",
    remedy="Check the id and the account; `GET /alerts` lists those that there are.",
):
    """No alert of that id is there."""


class CaseNotFound(
    Problem,
    status=404,
    code="case_not_found",
    title="Case not found",
    detail="No case of that id is in this account.",
    remedy="Check the id and the account; `GET /cases` lists those that there are.",
):
    """No case of that id is there."""


class LabelNotFound(
    Problem,
    status=404,
    code="label_not_found",
    title="Label not found",
    detail="No transaction of that id has a label in this account.",
    remedy="Check the id and the account; `POST /labels` gives a transaction its first label.",
):
    """No transaction of that id has a label."""


class DeadLetterNotFound(
    Problem,
    status=404,
    code="dead_letter_not_found",
    title="Dead letter not found",
    detail="No dead letter of that id is in the bucket.",
    remedy="Check the id; `GET /operations/dead-letters` lists those that there are.",
):
    """No dead letter of that id is there."""


class MethodNotAllowed(
    Problem,
    status=405,
    code="method_not_allowed",
    title="Method not allowed",
    detail="This path does not take this method; the header Allow lists those that it takes.",
    remedy="Use one of the methods that `Allow` lists.",
):
    """The path does not take this method."""


class NotAcceptable(
    Problem,
    status=406,
    code="not_acceptable",
    title="Not acceptable",
    detail=(
        "This call answers in application/json and text/csv (charset=utf-8, header=present); Accept takes neither."
    ),
    remedy="Leave `Accept` out, or name one of the two in it.",
    headers={"Vary": "Accept"},
):
    """The `Accept` header takes no form that the call answers in (RFC 9110, 15.5.7)."""


class BodyTimeout(
    Problem,
    status=408,
    code="body_timeout",
    title="Body timed out",
    detail="The body did not arrive in time; nothing of it was stored.",
    remedy="Send it again, on a new connection. The same transaction id makes that safe.",
    # What is left of the body may never come: the connection serves nobody any more.
    headers={"Connection": "close"},
):
    """The body did not arrive in time."""


class IdempotencyKeyInFlight(
    Problem,
    status=409,
    code="idempotency_key_in_flight",
    title="A request is outstanding for this Idempotency-Key",
    detail="A request with this Idempotency-Key is being processed; retry after the time given to get its answer.",
    remedy="Wait as long as `Retry-After` says, then send the very same request once more.",
    headers={"Retry-After": "1"},
):
    """A request with the same Idempotency-Key is being processed (the draft, 2.7)."""


class CaseChanged(
    Problem,
    status=409,
    code="case_changed",
    title="Case changed",
    detail="The case is not of the version in If-Match any more; nothing was done.",
    remedy="Read the case again, look at what has changed, and send its `ETag` as `If-Match`.",
):
    """The case has another version than its reviewer saw."""


class CaseClaimed(
    Problem,
    status=409,
    code="case_claimed",
    title="Case claimed by another reviewer",
    detail="Somebody else holds the case; nothing was done.",
    remedy="Take another case (`POST /cases/next`), or wait until `claim_expires_at`.",
):
    """The claim of another reviewer holds."""


class CaseStateConflict(
    Problem,
    status=409,
    code="case_state_conflict",
    title="Case not in a state for that",
    detail=(
        "The case does not allow that as it stands: it is closed, or not closed, or not claimed by the caller, or a "
        "further case of its card has begun, or its audit is full. Nothing was done."
    ),
    remedy="Read the case: `status`, `assignee`, `superseded` and the length of `audit` say which.",
):
    """The action is not for a case as this one stands."""


class BodyTooLarge(
    Problem,
    status=413,
    code="body_too_large",
    title="Body too large",
    detail="The body is larger than this call takes; several transactions go to /transactions/bulk.",
    remedy="Send several transactions as lines of an upload; one alone is never that large.",
):
    """The body is larger than one transaction can be."""


class UriTooLong(
    Problem,
    status=414,
    code="uri_too_long",
    title="URI too long",
    detail="The request's first line or its path is longer than the server takes; the connection ends here.",
    remedy="Send ids and ranges alone in the query; a search takes the rest in its body.",
):
    """The request's first line or its path is longer than any call needs; the server answers it before any route."""


class MediaTypeUnsupported(
    Problem,
    status=415,
    code="media_type_unsupported",
    title="Media type unsupported",
    detail="Say in Content-Type what the body is: application/json, or application/x-ndjson for bulk.",
    remedy="Name the body's type in `Content-Type`.",
):
    """The body's media type is not the one that the call takes."""


class ContentEncodingUnsupported(
    Problem,
    status=415,
    code="content_encoding_unsupported",
    title="Content encoding unsupported",
    detail="The body is compressed in a way that this call does not take; Accept-Encoding lists what it takes.",
    remedy="Send the body as it is, or in an encoding that `Accept-Encoding` lists.",
    headers={"Accept-Encoding": "identity"},
):
    """The body is compressed in a way that the call does not take."""


class ValidationFailed(
    Problem,
    status=422,
    code="validation_failed",
    title="Validation failed",
    detail="The body breaks the rules listed in `errors`.",
    remedy="Correct the fields that the pointers name. Sending the same again gives the same answer.",
):
    """The transaction breaks rules; `errors` lists them."""


class IdRequired(
    Problem,
    status=422,
    code="id_required",
    title="Transaction id required",
    detail="Send a transaction_id or an Idempotency-Key: without one a retry would make a second transaction.",
    remedy="Give each transaction an id of its own, and keep it for retries.",
    faults=(Fault("/transaction_id", "id_required"),),
):
    """The transaction has neither an id nor an Idempotency-Key."""


class LayoutUnknown(
    Problem,
    status=422,
    code="layout_unknown",
    title="Layout unknown",
    detail=(
        "The first line of the table is no header of a known layout; nothing behind it was read. `errors` names the "
        "fields that no column was found for."
    ),
    remedy=(
        "Name the columns in the first line as a layout does, such as `card_number,amount,currency,occurred_at,"
        "merchant_name` of the layout `bank` (docs/loading.md). `txn load` reads further layouts."
    ),
):
    """The header of an uploaded table fits no layout. It stands on the first line of an upload's answer."""


class CardNumberMisplaced(
    Problem,
    status=422,
    code="card_number_misplaced",
    title="Card number misplaced",
    detail=(
        "A card number or track data stands somewhere else than in card_number; nothing of the request was stored or "
        "logged."
    ),
    remedy=(
        "Send the card number in `card_number` alone, track data not at all, and treat where it stood as a leak on "
        "your side. A number of your own that looks like an issued card's belongs into an id."
    ),
):
    """A card number or track data stands where it would be stored or logged."""


class IdempotencyKeyReused(
    Problem,
    status=422,
    code="idempotency_key_reused",
    title="Idempotency-Key is already used",
    detail="This Idempotency-Key was sent with another body before; a retry repeats its body byte for byte.",
    remedy="Repeat the first body byte for byte, or take a new key for what is another request.",
):
    """The Idempotency-Key was sent with another body before (the draft, 2.7)."""


class ParameterInvalid(
    Problem,
    status=422,
    code="parameter_invalid",
    title="Parameter invalid",
    detail="A parameter breaks the rules listed in `errors`.",
    remedy="Correct the parameters that the pointers name.",
):
    """A query parameter or a member of a search breaks the rules; `errors` lists them."""


class RangeReversed(
    Problem,
    status=422,
    code="range_reversed",
    title="Range reversed",
    detail="A range begins behind its end: `from` must not lie after `to`, nor `amount_min` above `amount_max`.",
    remedy="Swap the two, or leave one out: a range may be open.",
    faults=(Fault("/from", "range_reversed"),),
):
    """`from` lies after `to`, or `amount_min` above `amount_max`."""


class CursorInvalid(
    Problem,
    status=422,
    code="cursor_invalid",
    title="Cursor invalid",
    detail="The cursor was not made by this service for this query and account; start again without it.",
    remedy="Pass `next_cursor` on unchanged, with the very parameters of the page before.",
    faults=(Fault("/cursor", "invalid_value"),),
):
    """The cursor was not made by this service for this very query."""


class IfMatchRequired(
    Problem,
    status=428,
    code="if_match_required",
    title="If-Match required",
    detail="Send the ETag of the case as If-Match, as it was read, or * for whatever version there is.",
    remedy="Read the case first; its `ETag` is its version.",
):
    """The request does not say which version of the case it is for (RFC 6585, 3)."""


class RateLimited(
    Problem,
    status=429,
    code="rate_limited",
    title="Quota Exceeded",
    registered_type=f"{REGISTERED_TYPE_BASE}quota-exceeded",
    detail="The API key has used up its rate. Nothing was stored; retry after the time given.",
    remedy="Wait as long as `Retry-After` says; `RateLimit` tells beforehand what is left.",
    headers={"Retry-After": "1"},
):
    """The API key has used up its rate.

    Type and status are those of draft-ietf-httpapi-ratelimit-headers-11, 5.1 and 10.2.1.
    """


class TooManyConcurrent(
    Problem,
    status=429,
    code="too_many_concurrent",
    title="Quota Exceeded",
    registered_type=f"{REGISTERED_TYPE_BASE}quota-exceeded",
    detail="The API key has as many requests under way as it may. Nothing was stored; wait for one of them.",
    remedy="Wait for an answer before the next request; `RateLimit` tells how many may be under way.",
    headers={"Retry-After": "1"},
):
    """The API key has as many requests under way as it may.

    Type and status are those of draft-ietf-httpapi-ratelimit-headers-11, 5.1 and 10.2.1.
    """


class TooManyCardsOfMask(
    Problem,
    status=429,
    code="too_many_cards_of_mask",
    title="Quota Exceeded",
    registered_type=f"{REGISTERED_TYPE_BASE}quota-exceeded",
    detail=(
        "The account has sent or looked up too many different cards with these first six and last four digits today. "
        "Nothing was stored."
    ),
    remedy=(
        "Find out who sends them: numbers that differ in their hidden digits alone are how card numbers are guessed. "
        "An account whose own traffic has that many cards asks the operator for a larger bound."
    ),
    headers={"Retry-After": "1"},
):
    """The account has sent or looked up too many cards with the same first six and last four digits today.

    Type and status are those of draft-ietf-httpapi-ratelimit-headers-11, 5.1 and 10.2.1.
    """


class HeadTooLarge(
    Problem,
    status=431,
    code="head_too_large",
    title="Request header fields too large",
    detail="The request's first line and headers are larger than this service takes; a look-up may go in a body.",
    remedy="Send fewer or shorter headers; a look-up with much to say goes to `POST /transactions/search`.",
):
    """First line and headers are larger than any call needs; the server answers them before any route."""


class InternalError(
    Problem,
    status=500,
    code="internal_error",
    title="Internal error",
    detail="A fault of ours. Retrying with the same transaction id is safe.",
    remedy="Retry a few times with growing pauses; if it stays, report the request id.",
):
    """A fault of ours."""


class TransferCodingUnsupported(
    Problem,
    status=501,
    code="transfer_coding_unsupported",
    title="Transfer coding unsupported",
    detail="Of transfer codings the server takes chunked alone; the connection ends here.",
    remedy="Send `Transfer-Encoding: chunked`, or a `Content-Length`; compress by `Content-Encoding`.",
):
    """The request is framed by a transfer coding other than chunked (RFC 9112, 6.1)."""


class NotConfigured(
    Problem,
    status=501,
    code="not_configured",
    title="Not configured",
    detail="The processes of this API were started without the bucket of the lake, or without the dead-letter key.",
    remedy="Let an operator set `TXN_BUCKET` and `TXN_DEAD_LETTER_KEY` for `txn api`, or use `txn dead-letters`.",
):
    """The call needs a setting that the API does without."""


class RelationsNotKept(
    Problem,
    status=501,
    code="relations_not_kept",
    title="Relations not kept",
    detail="The index was made before refunds and reversals were kept by their original.",
    remedy="Let an operator rebuild the index into a further generation (docs/rebuild.md).",
):
    """The generation of the index that is served has no index by original."""


class Overloaded(
    Problem,
    status=503,
    code="overloaded",
    title="Temporary Reduced Capacity",
    registered_type=f"{REGISTERED_TYPE_BASE}temporary-reduced-capacity",
    detail="The service cannot take more right now. Nothing was stored; retry after the time given.",
    remedy="Wait as long as `Retry-After` says, then retry with growing pauses.",
):
    """The service cannot take more right now; nothing was buffered.

    Type, title and status are those of draft-ietf-httpapi-ratelimit-headers-11, 5.2 and 10.2.2.
    """

    def __init__(self, retry_after_s: int = 1) -> None:
        super().__init__(headers={"Retry-After": str(retry_after_s)})


class NotStored(
    Problem,
    status=503,
    code="not_stored",
    title="Not stored",
    detail="The stream did not take the transaction. It is certainly not stored; retry with the same id.",
    remedy="Retry after `Retry-After`.",
    headers={"Retry-After": "1"},
):
    """The stream did not take the transaction, and that is certain."""


class OutcomeUnknown(
    Problem,
    status=503,
    code="outcome_unknown",
    title="Outcome unknown",
    detail="It was not confirmed in time. Retry with the same id or key: it is safe and never makes two.",
    remedy="Retry with the very same body until the answer is another one. Never with a new id.",
    headers={"Retry-After": "1"},
):
    """Nobody said in time whether the transaction is stored: it may or may not be."""


class StoreUnavailable(
    Problem,
    status=503,
    code="store_unavailable",
    title="Store unavailable",
    detail="A store that this call reads cannot be reached right now; retry after the time given.",
    remedy="Retry after `Retry-After`.",
    headers={"Retry-After": "2"},
):
    """A store that the call reads cannot be reached."""


class HttpVersionUnsupported(
    Problem,
    status=505,
    code="http_version_unsupported",
    title="HTTP version unsupported",
    detail="The server speaks HTTP/1.1; the connection ends here.",
    remedy="Let the client speak HTTP/1.1; an offer to upgrade is answered in HTTP/1.1.",
):
    """The request is of another major version than HTTP/1 (RFC 9110, 15.6.6)."""


PROBLEMS: tuple[type[Problem], ...] = tuple(sorted(Problem.__subclasses__(), key=lambda p: (p.status, p.code)))
