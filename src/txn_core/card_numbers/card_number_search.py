"""Card numbers where none may stand: whatever else a request carries may be stored as an id or a name.

Two rules keep promise P5 (docs/delivery.md). No string, number, header or path may contain the request's own card
number, separators ignored. And no free text may hold any card number or track data (`free_text`); ids may, since
numeric ids look like card numbers by chance.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from txn_core.card_numbers.free_text import long_runs, texts_with_numbers
from txn_core.card_numbers.free_text_fields import A_TIME, AN_ID, FreeTexts, ModelFields, marked
from txn_core.card_numbers.groupings import SEARCHED_LENGTHS
from txn_core.card_numbers.pan import Pan
from txn_core.exceptions import InvalidTransactionError
from txn_core.transactions.duplicates import AsWritten, without_escaped_quotes
from txn_core.transactions.faults import Fault
from txn_core.transactions.payment_fields import METADATA
from txn_core.transactions.plain_text import SEPARATORS, ascii_alphanumerics, plain_texts
from txn_core.transactions.transaction import COLONS_OF_A_TIME, TransactionRequest

CODE: Final = "card_number_misplaced"

FREE_TEXTS: Final = FreeTexts(TransactionRequest)
_BACKSLASH: Final = b"\\"[0]
_IDS: Final = ModelFields(TransactionRequest, marked(AN_ID))
_FLOATS: Final = ModelFields(TransactionRequest, lambda type_, _: type_ is float)
_METADATA: Final = f"/{METADATA}"
_PLACE: Final = ModelFields(TransactionRequest, lambda type_, _: type_ is Pan)
_RUNS_OF_A_TIME: Final = 1  # the twelve digits of an instant behind its T
# Parsed into dates and bounded to plausible ones: digits there are a time, not a place to hide a number.
_ELSEWHERE_NOT: Final = frozenset([*_PLACE, *ModelFields(TransactionRequest, marked(A_TIME))])


def request_text_of(texts: Iterable[str]) -> str:
    """The texts around a request (header values, path, query) in the form that is searched for card numbers."""
    return "x".join(map(ascii_alphanumerics, texts))


def pointers_of_numbers(texts: Sequence[tuple[str, str]]) -> Iterator[str]:
    """The pointers of those free texts that hold a card number or track data."""
    found = texts_with_numbers(plain_texts([text for _, text in texts]))
    return (texts[place][0] for place in sorted(found))


def stands_in_its_place(body: bytes, fields: Mapping[str, Any], client_fields: bytes, digits: bytes) -> bool:
    """Whether the card number of a body in the usual form stands once in it, and nowhere else.

    `False` leaves the question open. Without separators field names still stand between values. Among the digits of
    the fields as they will be stored floats count in their stored form, too.

    Raises:
        InvalidTransactionError: `card_number_misplaced`, since a free text holds another number.
    """
    if body.translate(None, SEPARATORS).count(digits) != 1:
        return False
    # In fields without another run as long as a card number no number of that length can stand: nearly all of them.
    if long_runs(client_fields) <= _RUNS_OF_A_TIME and len(digits) >= SEARCHED_LENGTHS.start:
        return True
    if client_fields.translate(None, SEPARATORS).find(digits) >= 0:
        return False
    if faults := [Fault(pointer, CODE) for pointer in pointers_of_numbers(FREE_TEXTS.of_fields(fields))]:
        raise InvalidTransactionError(*faults)
    return True


class CardNumberSearch:
    """The search through one parsed request, whose texts are spelt in ASCII once.

    `client_fields` are its fields as they will be stored.
    """

    def __init__(self, written: AsWritten, request: TransactionRequest, client_fields: bytes) -> None:
        self.written = written
        self._request, self._client_fields = request, client_fields
        texts = FREE_TEXTS.of(request)
        self._pointers, self._texts = [pointer for pointer, _ in texts], [text for _, text in texts]
        self._free_texts = plain_texts(self._texts)

    def refuse_own_number(self, request_text: str) -> None:
        """Refuse the request's own number elsewhere than in its place, and then tell of all others, too.

        Raises:
            InvalidTransactionError: `card_number_misplaced`.
        """
        digits = self._request.card_number.digits_for_identity()
        faults: list[Fault] = []
        if not _own_number_stands_once(self.written, self._request, self._client_fields, self._spelt):
            known = dict(zip(self._texts, self._free_texts, strict=True))
            faults += _own_number_elsewhere(self.written, digits, known)
            faults += _own_number_in_floats(self._request, digits)
        if digits in request_text:
            faults.append(Fault("", CODE))
        if faults:
            raise InvalidTransactionError(*dict.fromkeys([*faults, *self._others()]))

    def refuse_others(self) -> None:
        """Refuse other cards' numbers in free text.

        Raises:
            InvalidTransactionError: `card_number_misplaced`.
        """
        if faults := self._others():
            raise InvalidTransactionError(*faults)

    def _spelt(self) -> str:
        """The free texts and ids in ASCII, and each pair of metadata as one text: clients choose its names, too."""
        others = [text for _, text in _IDS.of(self._request)]
        others += [f"{name}{text}" for name, text in (self._request.metadata or {}).items()]
        return "x".join(self._free_texts + plain_texts(others))

    def _others(self) -> list[Fault]:
        return [Fault(self._pointers[place], CODE) for place in sorted(texts_with_numbers(self._free_texts))]


def _own_number_stands_once(
    written: AsWritten, request: TransactionRequest, client_fields: bytes, spelt: Callable[[], str]
) -> bool:
    """Whether the card number stands in its own field alone. `False` leaves the question open.

    Deleting all separators leaves field names between values, so a number that stands once as it is written stands in
    one field. What is written as escapes is found among the values as they are read, and what is written in another
    script, as well as the transaction id, in what `spelt` gives: the free texts and ids in
    ASCII.
    """
    own, body = request.card_number.digits_for_identity().encode(), written.body
    if b'"' + own + b'"' not in body or body.translate(None, SEPARATORS).count(own) != 1:
        return False
    if own in client_fields.translate(None, SEPARATORS):
        return False
    if body.isascii() and (_BACKSLASH not in body or _stands_once_unescaped(written, own)):
        return True
    is_elsewhere = own in spelt().encode().translate(None, SEPARATORS)
    return not is_elsewhere and written.has_each_name_once(request.names_sent(), COLONS_OF_A_TIME)


def _stands_once_unescaped(written: AsWritten, own: bytes) -> bool:
    """The same of a body that escapes quotes, slashes and backslashes alone. `False` leaves the question open."""
    unescaped = without_escaped_quotes(written.body).replace(rb"\/", b"")
    return _BACKSLASH not in unescaped and unescaped.translate(None, SEPARATORS).count(own) == 1


def _own_number_elsewhere(written: AsWritten, digits: str, known: Mapping[str, str]) -> Iterator[Fault]:
    """Each place that holds the card number besides its own. `known` are texts whose spelling in ASCII is known."""
    # Numbers as they were written: a float would have lost the last digits of a long one.
    # Of a name that comes twice the last value counts, and the others may hold no card number either.
    for pointer, value in _long_leaves(written.document, "", len(digits)):
        if pointer in _ELSEWHERE_NOT or digits not in ascii_alphanumerics(known.get(value, value)):
            continue
        yield Fault(pointer, CODE)


def _own_number_in_floats(request: TransactionRequest, digits: str) -> Iterator[Fault]:
    """Other digits than were written may be stored: of all decimals near a float, its shortest."""
    for pointer, number in _FLOATS.values(request.__dict__):
        if digits in repr(number).replace(".", ""):
            yield Fault(pointer, CODE)


def _long_leaves(value: Any, pointer: str, length: int) -> list[tuple[str, str]]:
    """Every string and number of a validated document as text, that may hold so many digits.

    The document's names are the contract's own. Those of metadata are the client's: each is looked at by itself, and
    with its value, from which separators alone part it.
    """
    found: list[tuple[str, str]] = []
    for key, inner in value:
        here = pointer if pointer == _METADATA else f"{pointer}/{key}"
        if isinstance(inner, tuple):  # of pairs: an object
            found += _long_leaves(inner, here, length)
            continue
        text = str(inner)
        texts = [text, key, f"{key}{text}"] if pointer == _METADATA else [text]
        found += [(here, text) for text in texts if len(text) >= length or not text.isascii()]
    return found
