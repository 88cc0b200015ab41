"""What the service answers, read with suspicion: a proxy or another program may stand in its place.

    TxnError
    ├── UnavailableError    no answer, 429 or 5xx: the same call again is safe and may succeed
    ├── UnreachedError      the service never answered, and nothing was sent to it
    ├── RefusedError        the request as a whole is not allowed: the same call again is refused again
    └── ProtocolError       an answer that this client does not understand

How often an unavailable service is asked again is decided in `retry`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self

from pydantic_core import from_json

from txn_core.exceptions import TxnError
from txn_core.printable import printable

TEXT_CHARS_MAX: Final = 200
UNREACHED: Final = "is the address right, and does it run? `txn up` starts a local stack, `txn status` looks at it"
"""What to do when a service never answered."""
_STATUSES_TO_RETRY: Final = frozenset({408, 425, 429})


class UnavailableError(TxnError):
    """The service could not answer now, or its answer was lost: the same call again is safe.

    `made_progress` says that a part of what was asked for was done before.
    """

    def __init__(self, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(reason)
        self.retry_after_s = retry_after_s
        self.made_progress = False


class UnreachedError(TxnError):
    """The service never answered, and nothing was sent to it."""


class RefusedError(TxnError):
    """The service refused the request as a whole, and would again."""


class ProtocolError(TxnError):
    """The service, or something in its place, answered in a way that this client does not understand."""


@dataclass(frozen=True, slots=True)
class FieldFault:
    """One broken rule: a JSON pointer into the body, a code and its fixed text."""

    pointer: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a transaction was not accepted (RFC 9457)."""

    status: int
    code: str
    title: str
    faults: tuple[FieldFault, ...] = ()

    @property
    def may_pass_later(self) -> bool:
        """Whether the same transaction, sent again, may yet be accepted."""
        return self.status >= 500 or self.status in _STATUSES_TO_RETRY

    @classmethod
    def of(cls, document: object) -> Self:
        """Read a problem document.

        Raises:
            ProtocolError: it is none.
        """
        match document:
            case {"status": int(status), "code": str(code), **rest}:
                return cls(status, _text(code), _text(rest.get("title")), tuple(_faults(rest.get("errors"))))
            case _:
                raise ProtocolError("the service named a problem in a form that this client does not know")


@dataclass(frozen=True, slots=True)
class BulkAnswer:
    """What became of a bulk upload: the lines not accepted, and how many lines the server read.

    `problems` maps 1-based line numbers of the upload. Lines after `read` were not looked at.
    """

    receipt_id: str
    read: int
    problems: Mapping[int, Problem]


@dataclass(frozen=True, slots=True)
class ListPage:
    """One page of a list of transactions, and what to ask with for the next one; none when it is the last."""

    documents: Sequence[Mapping[str, object]]
    next_cursor: str | None

    @classmethod
    def of(cls, document: object) -> Self:
        """Read a page.

        Raises:
            ProtocolError: it is none.
        """
        match document:
            case {"data": [*rows], "next_cursor": str() | None as cursor} if all(
                isinstance(row, dict) for row in rows
            ):
                return cls(rows, cursor)
            case _:
                raise ProtocolError("the service answered with a list in a form that this client does not know")


def bulk_answer(documents: Sequence[object], *, sent: int) -> BulkAnswer:
    """Put the lines of an answer together, and hold its totals against them."""
    match documents[-1] if documents else None:
        case {"receipt_id": str(receipt_id), "read": int(read), "accepted": int(accepted)}:
            problems = dict(map(_numbered_problem, documents[:-1]))
            if accepted + len(problems) != read or read > sent or any(not 1 <= n <= read for n in problems):
                raise ProtocolError("the totals of the service's answer do not add up")
            return BulkAnswer(receipt_id, read, problems)
        case _:
            raise UnavailableError("the service's answer was cut off")


def _numbered_problem(document: object) -> tuple[int, Problem]:
    match document:
        case {"line": int(line), "problem": problem}:
            return line, Problem.of(problem)
        case _:
            raise ProtocolError("the service's answer holds a line that this client does not know")


def json_of(data: bytes) -> object:
    """The JSON document that the bytes are.

    Raises:
        ProtocolError: they are none.
    """
    try:
        return from_json(data, cache_strings="keys")
    except ValueError:
        raise ProtocolError("the service's answer is not JSON") from None


def object_of(data: bytes) -> Mapping[str, object]:
    """The JSON object that the bytes are.

    Raises:
        ProtocolError: they are none.
    """
    document = json_of(data)
    if not isinstance(document, dict):
        raise ProtocolError("the service's answer is not a JSON object")
    return document


def _faults(errors: object) -> list[FieldFault]:
    if not isinstance(errors, list):
        return []
    return [
        FieldFault(_text(error.get("pointer")), _text(error.get("code")), _text(error.get("message")))
        for error in errors
        if isinstance(error, dict)
    ]


def _text(value: object) -> str:
    """A text of the service's that may be shown and kept: printable, in one line, and short."""
    return shortened(value) if isinstance(value, str) else ""


def shortened(text: str) -> str:
    """The beginning of what somebody else has written, printable."""
    return printable(text[:TEXT_CHARS_MAX]) + ("..." if len(text) > TEXT_CHARS_MAX else "")
