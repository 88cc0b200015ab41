"""The primary account number (ISO/IEC 7812), in the one type that may hold it.

A `Pan` lives from the parsing of a request to the derivation of its `card_id`, in memory alone. It cannot be
printed, formatted, compared with text, pickled or serialised; `digits_for_identity` is the only way to its digits
and is called where ids are derived and where a request is searched for copies of its card number.
"""

from typing import Any, Final, Never, NoReturn, Self

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from txn_core.card_numbers.issuer_ranges import NO_RANGES, IssuerRanges
from txn_core.transactions.faults import rule_broken

LENGTH_MIN: Final = 8
LENGTH_MAX: Final = 19
LENGTHS: Final = frozenset(range(LENGTH_MIN, LENGTH_MAX + 1))
MASK: Final = "*"
MASK_PATTERN: Final = r"^[0-9]{0,6}\*{6,9}[0-9]{2,4}$"

DOUBLED: Final = bytes.maketrans(b"0123456789", b"0246813579")
"""Maps each ASCII digit to the digit sum of its double, as an ASCII digit."""


class CardDigits:
    """The digits of a card number, hidden: 8 to 19 of them, whose check digit has not been looked at."""

    __slots__ = ("_digits",)

    def __init__(self, digits: str) -> None:
        """Take 8 to 19 ASCII digits.

        Raises:
            PydanticCustomError: `card_number_format`; the text never holds the digits.
        """
        if not (LENGTH_MIN <= len(digits) <= LENGTH_MAX and digits.isascii() and digits.isdigit()):
            raise rule_broken("card_number_format")
        self._digits = digits

    def checked(self, luhn_exempt: IssuerRanges) -> "Pan":
        """The card number; it needs no check digit if it is in `luhn_exempt`.

        Raises:
            PydanticCustomError: `card_number_luhn`.
        """
        return Pan(self._digits, luhn_exempt)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(hidden)"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, type(self)) and self._digits == other._digits

    __hash__ = None  # type: ignore[assignment]

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a card number is not serialised")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: type[Any], handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.with_info_after_validator_function(
            cls._of_field,
            core_schema.str_schema(strict=True),
            serialization=core_schema.plain_serializer_function_ser_schema(_refuse),
        )

    @classmethod
    def _of_field(cls, digits: str, _: core_schema.ValidationInfo[IssuerRanges | None]) -> Self:
        """The value of a model's field."""
        return cls(digits)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {
            "type": "string",
            "pattern": f"^[0-9]{{{LENGTH_MIN},{LENGTH_MAX}}}$",
            "minLength": LENGTH_MIN,
            "maxLength": LENGTH_MAX,
            "description": "Primary account number; must pass the Luhn check unless exempt by range. Never stored.",
        }


class Pan(CardDigits):
    """A card number that passed the Luhn check, or needs none."""

    __slots__ = ()

    def __init__(self, digits: str, luhn_exempt: IssuerRanges = NO_RANGES) -> None:
        """Take 8 to 19 ASCII digits; those of a number in `luhn_exempt` need no check digit.

        Raises:
            PydanticCustomError: `card_number_format` or `card_number_luhn`; the text never holds the digits.
        """
        # As `CardDigits` does, whose call would take longer than the rest.
        if not (LENGTH_MIN <= len(digits) <= LENGTH_MAX and digits.isascii() and digits.isdigit()):
            raise rule_broken("card_number_format")
        self._digits = digits
        if not passes_luhn(digits) and digits not in luhn_exempt:
            raise rule_broken("card_number_luhn")

    @property
    def masked(self) -> str:
        """What of it may be shown."""
        return mask(self._digits)

    def digits_for_identity(self) -> str:
        """The digits themselves: for deriving ids and for searching the request for copies, nothing else."""
        return self._digits

    @classmethod
    def _of_field(cls, digits: str, info: core_schema.ValidationInfo[IssuerRanges | None]) -> Self:
        """The value of a model's field; the context of the validation is the ranges that need no check digit."""
        return cls(digits, NO_RANGES if info.context is None else info.context)


def _refuse(_: Never) -> NoReturn:
    raise TypeError("a card number is not serialised")


def passes_luhn(digits: str) -> bool:
    """Whether ASCII digits end in their ISO/IEC 7812-1 check digit."""
    ascii_digits = digits.encode("ascii")
    total = sum(ascii_digits[-1::-2] + ascii_digits[-2::-2].translate(DOUBLED))
    return (total - 48 * len(ascii_digits)) % 10 == 0


def mask(digits: str) -> str:
    """Hide at least six digits: the last four stay, and at most six leading ones as far as six stay hidden.

    Under ten digits only the last `length - 6` stay. Six hidden digits of which Luhn fixes one leave 100,000
    candidates whatever the length, so that mask and check digit together do not give the number away; a number
    without a check digit leaves a million.
    """
    lead, hidden, tail = _MASKS[len(digits)]
    return f"{digits[:lead]}{hidden}{digits[tail:]}"


def _mask_of(length: int) -> tuple[int, str, int]:
    """Where the leading digits end, what hides those behind them, and where the last ones begin."""
    tail = length - min(4, length - 6)
    lead = max(0, min(6, length - 10))
    return lead, MASK * (tail - lead), tail


_MASKS: Final = {length: _mask_of(length) for length in LENGTHS}
