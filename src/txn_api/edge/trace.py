"""A caller's trace id, by W3C Trace Context: the one thing that a client says of itself which we repeat.

It is repeated because its form leaves no room for words, and only if it cannot hold a card number either: a trace
whose digits hold a Luhn-valid run is not taken up (ADR 20), which the recommendation allows at any time. The same
holds of the parent's id where spans are recorded. `tracestate` is free text, and is neither read nor passed on.
"""

import re
from typing import Final

from starlette.types import Scope

from txn_api.edge.headers import RawHeaders
from txn_core.card_numbers.check_digits import has_part_with_check_digit
from txn_core.card_numbers.groupings import SEARCHED_LENGTHS
from txn_core.tracing.spans import Parent

_NAME: Final = b"traceparent"
_VERSION_00: Final = re.compile(rb"00-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})")
# A later version may add fields behind these four, and changes nothing about them (4.2.1 of the recommendation).
_LATER: Final = re.compile(
    rb"(?!ff)[0-9a-f]{2}-(?P<trace>[0-9a-f]{32})-(?P<parent>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})(?:-.*)?"
)
_SAMPLED: Final = 1
_DIGITS: Final = re.compile(rf"[0-9]{{{SEARCHED_LENGTHS.start},}}")


def trace_id_of_request(scope: Scope) -> str | None:
    """The request's trace id, or None; None also of a trace that is malformed, ambiguous or not safe."""
    if RawHeaders.of(scope).find(_NAME) is None:  # as of nearly every request
        return None
    match = _traceparent(scope)
    return None if match is None else _safe(match["trace"])


def caller_span(scope: Scope) -> Parent | None:
    """The span that a request's caller names as its parent, or None; None also where one of its ids is not safe."""
    match = _traceparent(scope)
    if match is None or _safe(match["trace"]) is None or _safe(match["parent"]) is None:
        return None
    return Parent(int(match["trace"], 16), int(match["parent"], 16), bool(int(match["flags"], 16) & _SAMPLED))


def traceresponse(trace_id: str, request_id: str) -> bytes:
    """The answer's header of that name: the caller's trace and our request as its child, with no flag set.

    `request_id` ends in 16 hex digits, which is the form of a child id.
    """
    return f"00-{trace_id}-{request_id[-16:]}-00".encode()


def _traceparent(scope: Scope) -> re.Match[bytes] | None:
    """The header's parts, or None of one that is malformed or ambiguous."""
    values = [value for name, value in scope["headers"] if name == _NAME]
    if len(values) != 1:
        return None
    form = _VERSION_00 if values[0].startswith(b"00-") else _LATER
    match = form.fullmatch(values[0])
    return None if match is None or not match["trace"].strip(b"0") or not match["parent"].strip(b"0") else match


def _safe(hexadecimal: bytes) -> str | None:
    """An id, or None if it may hold a card number."""
    text = hexadecimal.decode()
    # Any Luhn-valid run of digits may be a card number, bounded or not; of random trace ids 1 in 95 has one.
    is_unsafe = any(has_part_with_check_digit(run, SEARCHED_LENGTHS) for run in _DIGITS.findall(text))
    return None if is_unsafe else text
