"""Card numbers where none may stand: whatever else a request carries may be stored as an id or a name.

Two rules (promise P5). No string, number, header or path may contain the request's own card number, separators
ignored. And no free text may hold any card number or track data (`free_text`); ids may, since numeric ids look like
card numbers by chance.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from txn_core.duplicates import has_each_name_once
from txn_core.errors import InvalidTransactionError
from txn_core.faults import Fault
from txn_core.free_text import texts_with_numbers
from txn_core.free_text_fields import FreeTexts
from txn_core.issuer_ranges import NO_RANGES, IssuerRanges
from txn_core.plain_text import SEPARATORS, ascii_alphanumerics, plain_texts
from txn_core.submission import Submission
from txn_core.transaction import COLONS_OF_A_TIME, TransactionRequest, parse_transaction, refuse_duplicates

CODE: Final = "card_number_misplaced"

FREE_TEXTS: Final = FreeTexts(TransactionRequest)
_BACKSLASH: Final = b"\\"[0]
# Parsed into dates and bounded to plausible ones: digits there are a time, not a place to hide a number.
_TIMES: Final = frozenset({"/occurred_at", "/customer/date_of_birth"})


def surroundings_of(texts: Iterable[str]) -> str:
    """The texts around a request (header values, path, query) in the form that is searched for card numbers."""
    return "x".join(map(ascii_alphanumerics, texts))


def pointers_of_numbers(texts: Sequence[tuple[str, str]]) -> Iterator[str]:
    """The pointers of those free texts that hold a card number or track data."""
    found = texts_with_numbers(plain_texts([text for _, text in texts]))
    return (texts[place][0] for place in sorted(found))


def checked_submission(body: bytes, surroundings: str, luhn_exempt: IssuerRanges = NO_RANGES) -> Submission:
    """The submission of one JSON document that keeps every rule and holds no card number but its own in its place.

    Its own needs no check digit if it is in `luhn_exempt`.

    Raises:
        MalformedJsonError: the bytes are not one JSON document in UTF-8.
        InvalidTransactionError: rules are broken, or `card_number_misplaced`.
    """
    request = parse_transaction(body, luhn_exempt)
    submission = Submission.of(request)
    _refuse(body, request, submission, surroundings)
    refuse_duplicates(body, request)
    return submission


def refuse_misplaced(body: bytes, request: TransactionRequest, surroundings: str) -> None:
    """Search a parsed request, its raw body and what `surroundings_of` made of the texts around it.

    Raises:
        InvalidTransactionError: `card_number_misplaced`, at the field that holds one or at the whole document.
    """
    _refuse(body, request, Submission.of(request), surroundings)


def _refuse(body: bytes, request: TransactionRequest, submission: Submission, surroundings: str) -> None:
    digits = request.card_number.digits_for_identity()
    texts = FREE_TEXTS.of(request)
    reference = request.customer.reference if request.customer else None
    spelt = plain_texts([*(text for _, text in texts), reference or ""])
    faults: list[Fault] = []
    if not _own_number_stands_once(body, request, submission.client_fields, "x".join(spelt)):
        known = {text: plain_text for (_, text), plain_text in zip(texts, spelt, strict=False)}
        faults += [*_own_number_elsewhere(body, digits, known), *_own_number_in_floats(request, digits)]
    faults += [Fault(texts[place][0], CODE) for place in sorted(texts_with_numbers(spelt[:-1]))]
    if digits in surroundings:
        faults.append(Fault("", CODE))
    if faults:
        raise InvalidTransactionError(*dict.fromkeys(faults))


def _own_number_stands_once(body: bytes, request: TransactionRequest, client_fields: bytes, spelt: str) -> bool:
    """Whether the card number stands in its own field alone. `False` leaves the question open.

    Deleting all separators leaves field names between values, so a number that stands once as it is written stands in
    one field. What is written as escapes is found among the values as they are read, and what is written in another
    script, which ids cannot be, in `spelt`, the other texts in ASCII.
    """
    own = request.card_number.digits_for_identity().encode()
    if b'"' + own + b'"' not in body or body.translate(None, SEPARATORS).count(own) != 1:
        return False
    if own in client_fields.translate(None, SEPARATORS):
        return False
    if body.isascii() and _BACKSLASH not in body:
        return True
    is_elsewhere = own in spelt.encode().translate(None, SEPARATORS) or own in _alphanumerics(request.transaction_id)
    return not is_elsewhere and has_each_name_once(body, request.names_sent(), COLONS_OF_A_TIME)


def _alphanumerics(transaction_id: str | None) -> bytes:
    return b"" if transaction_id is None else transaction_id.encode().translate(None, SEPARATORS)


def _own_number_elsewhere(body: bytes, digits: str, known: Mapping[str, str]) -> Iterator[Fault]:
    """Each place that holds the card number besides its own. `known` are texts whose spelling in ASCII is known."""
    # Numbers as they were written: a float would have lost the last digits of a long one.
    # Of a name that comes twice the last value counts, and the others may hold no card number either.
    document = json.loads(body, parse_float=str, parse_int=str, object_pairs_hook=tuple)
    for pointer, value in _leaves(document, ""):
        is_too_short = len(value) < len(digits) and value.isascii()
        if is_too_short or pointer == "/card_number" or pointer in _TIMES:
            continue
        if digits in ascii_alphanumerics(known.get(value, value)):
            yield Fault(pointer, CODE)


def _own_number_in_floats(request: TransactionRequest, digits: str) -> Iterator[Fault]:
    """Other digits than were written may be stored: of all decimals near a float, its shortest."""
    for part, place in (("merchant", request.merchant), ("customer", request.customer)):
        if place is not None:
            for name, degrees in (("latitude", place.latitude), ("longitude", place.longitude)):
                if degrees is not None and digits in repr(degrees).replace(".", ""):
                    yield Fault(f"/{part}/{name}", CODE)


def _leaves(value: object, pointer: str) -> Iterator[tuple[str, str]]:
    """Every string and number of a validated document as text; its keys are the contract's own."""
    if isinstance(value, tuple):  # of pairs: an object
        for key, inner in value:
            yield from _leaves(inner, f"{pointer}/{key}")
    elif value is not None and not isinstance(value, bool):
        yield pointer, str(value)
