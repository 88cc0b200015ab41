"""A caller's trace id, by W3C Trace Context: the one thing that a client says of itself which we repeat.

It is repeated because its form leaves no room for words, and only if it cannot hold a card number either: a trace
whose digits hold a Luhn-valid run is not taken up (ADR 20), which the recommendation allows at any time. No span is
recorded here. `tracestate` is free text, and is neither read nor passed on.
"""

import re
from typing import Final

from starlette.types import Scope

from txn_api.edge.headers import RawHeaders
from txn_core.card_numbers.check_digits import has_part_with_check_digit
from txn_core.card_numbers.groupings import SEARCHED_LENGTHS

_NAME: Final = b"traceparent"
_VERSION_00: Final = re.compile(rb"00-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-[0-9a-f]{2}")
# A later version may add fields behind these four, and changes nothing about them (4.2.1 of the recommendation).
_LATER: Final = re.compile(rb"(?!ff)[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-[0-9a-f]{2}(?:-.*)?")
_NO_TRACE: Final = b"0" * 32
_NO_PARENT: Final = b"0" * 16
_DIGITS: Final = re.compile(rf"[0-9]{{{SEARCHED_LENGTHS.start},}}")


def trace_id_of_request(scope: Scope) -> str | None:
    """The request's trace id, or None; None also of a trace that is malformed, ambiguous or not safe."""
    if RawHeaders.of(scope).find(_NAME) is None:  # as of nearly every request
        return None
    values = [value for name, value in scope["headers"] if name == _NAME]
    return _trace_id(values[0]) if len(values) == 1 else None


def traceresponse(trace_id: str, request_id: str) -> bytes:
    """The answer's header of that name: the caller's trace and our request as its child, with no flag set.

    `request_id` ends in 16 hex digits, which is the form of a child id.
    """
    return f"00-{trace_id}-{request_id[-16:]}-00".encode()


def _trace_id(traceparent: bytes) -> str | None:
    form = _VERSION_00 if traceparent.startswith(b"00-") else _LATER
    match = form.fullmatch(traceparent)
    if match is None or match["trace"] == _NO_TRACE or match["parent"] == _NO_PARENT:
        return None
    trace_id = match["trace"].decode()
    return None if _may_hold_card_number(trace_id) else trace_id


def _may_hold_card_number(trace_id: str) -> bool:
    """Whether any Luhn-valid run of digits is in it, bounded or not; of random ids 1 in 95 has one."""
    return any(has_part_with_check_digit(run, SEARCHED_LENGTHS) for run in _DIGITS.findall(trace_id))
