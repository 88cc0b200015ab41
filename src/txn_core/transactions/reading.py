"""Reads a request body: the one place where the fast path, the parser and the search for card numbers meet.

A body in the usual form is taken by the fast path if its card number stands in its place alone. Every other body, and
every one that breaks a rule, is parsed and searched as a whole, which alone says what is wrong.
"""

from txn_core.card_numbers.card_number_search import CardNumberSearch, stands_in_its_place
from txn_core.card_numbers.issuer_ranges import NO_RANGES, IssuerRanges
from txn_core.transactions.duplicates import AsWritten
from txn_core.transactions.fast_path import FastFields, fast_submission
from txn_core.transactions.submission import Submission
from txn_core.transactions.transaction import parse_transaction, refuse_duplicates


def read_submission(
    body: bytes, fields: FastFields | None, *, request_text: str, today: str, luhn_exempt: IssuerRanges = NO_RANGES
) -> Submission:
    """The submission of one JSON document that keeps every rule and holds no card number but its own in its place.

    `fields` are those that `fast_fields` gave, now used up; with None the body is parsed as a whole. `request_text`
    is what `card_number_search.request_text_of` made of the texts around it. `today` is the UTC date, behind which no
    birth date lies. Card numbers in `luhn_exempt` need no check digit.

    Raises:
        MalformedJsonError: the bytes are not one JSON document in UTF-8.
        InvalidTransactionError: rules are broken, or `card_number_misplaced`.
    """
    if fields is not None and (usual := fast_submission(fields, today)) is not None:
        digits = usual.card_number.digits_for_identity()
        if digits not in request_text and stands_in_its_place(body, fields, usual.client_fields, digits.encode()):
            return usual
    request = parse_transaction(body, luhn_exempt)
    submission = Submission.of(request)
    search = CardNumberSearch(AsWritten(body), request, submission.client_fields)
    search.refuse_own_number(request_text)
    # Before the search for others, which takes longest: a body is refused for one of the two.
    refuse_duplicates(search.written, request)
    search.refuse_others()
    return submission
