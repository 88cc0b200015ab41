"""What a layout may hold. It has the shape of a request body (`txn_core.transactions.transaction`), with columns
for values.

A column is named by its header. Several names of one column are alternatives, of which the first that a file has is
read. `value` stands for a column that the file does not have: it is the same in every row.
"""

from collections.abc import Iterator
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from ingest.layouts.formats import checked_format
from ingest.layouts.zones import checked_zone
from txn_core.transactions.payment_fields import METADATA, METADATA_PAIRS_MAX

COLUMNS_MAX: Final = 16
REQUIRED: Final = frozenset({"/card_number", "/amount_minor", "/currency", "/occurred_at", "/merchant/name"})
"""The fields that no transaction is without."""
NOWHERE: Final = "\0"
"""The name of a column that no file has: one with a NUL in it is not read as text."""
SEPARATORS: Final = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "vertical bars (|)"}

_Name = Annotated[str, StringConstraints(max_length=200)]


def _listed(names: object) -> object:
    return [names] if isinstance(names, str) else names


def _column(given: object) -> object:
    return {"column": given} if isinstance(given, str | list) else given


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)


class Column(_Strict):
    """Where a field comes from.

    Attributes:
        column: its name, or alternatives.
        value: what stands in every row instead.
        may_be_absent: whether a file may lack the column. (A cell may be empty wherever the field is optional.)
        prefix: what is taken off a cell that begins with it.
        values: what the service calls what stands in the file.
    """

    column: Annotated[tuple[_Name, ...], BeforeValidator(_listed), Field(max_length=COLUMNS_MAX)] = ()
    value: str | None = None
    may_be_absent: bool = False
    prefix: str = ""
    values: dict[str, str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _comes_from_one_place(self) -> Self:
        if bool(self.column) == (self.value is not None):
            raise ValueError("needs a column, or a value for every row, and not both")
        return self


class Amount(Column):
    """Where the amount comes from, and how it is written.

    Attributes:
        unit: whether it counts the currency's major unit (4.97 dollars) or its minor one (497 cents).
        decimal_mark: what stands before decimals.
        group_mark: what stands between groups of three digits, if anything.
        negative: what a negative amount means. `purchase` is for statements of an account, where money that comes
            in, which is positive, is a refund.
    """

    unit: Literal["major", "minor"] = "major"
    decimal_mark: Literal[".", ","] = "."
    group_mark: Literal["", ",", ".", " ", "'"] = ""
    negative: Literal["refused", "refund", "purchase"] = "refused"

    @model_validator(mode="after")
    def _marks_differ(self) -> Self:
        if self.decimal_mark == self.group_mark:
            raise ValueError("decimal_mark and group_mark are the same")
        return self


_Format = Annotated[str, AfterValidator(checked_format)]


class Moment(Column):
    """Where the time comes from, and how it is written.

    Attributes:
        formats: forms of `strftime` that a cell may have (`layouts.formats`), `%z` being an offset.
        time_column: the column of the time of day, where `column` holds the date alone; a space joins them.
        zone: the time zone of times without an offset, an IANA name or an offset.
        zone_column: the column that names the row's own zone; an empty cell, or none, means `zone`.
        ambiguous: what is meant by a local time that clocks show twice, when they are put back.
    """

    formats: Annotated[tuple[_Format, ...], BeforeValidator(_listed), Field(min_length=1)] = (
        "%Y-%m-%dT%H:%M:%S%z",
        "%Y-%m-%dT%H:%M:%S.%f%z",
        "%Y-%m-%d %H:%M:%S%z",
        "%Y-%m-%d %H:%M:%S.%f%z",
        "%Y-%m-%dT%H:%M:%S",
        "%Y-%m-%dT%H:%M:%S.%f",
        "%Y-%m-%d %H:%M:%S",
        "%Y-%m-%d %H:%M:%S.%f",
    )
    time_column: _Name | None = None
    zone: Annotated[str, AfterValidator(checked_zone)] = "UTC"
    zone_column: _Name | None = None
    ambiguous: Literal["refused", "earlier", "later"] = "refused"


class BirthDate(Column):
    """Where a date of birth comes from; `formats` as those of a time, without a time."""

    formats: Annotated[tuple[_Format, ...], BeforeValidator(_listed), Field(min_length=1)] = ("%Y-%m-%d",)


class PostalCode(Column):
    """Where a postal code comes from. `us_zip` restores the five digits of a US zip code that lost leading zeros."""

    us_zip: bool = False


_Column = Annotated[Column, BeforeValidator(_column)]
_Amounts = Annotated[
    tuple[Annotated[Amount, BeforeValidator(_column)], ...],
    BeforeValidator(lambda given: given if isinstance(given, list) else [given]),
    Field(min_length=1, max_length=COLUMNS_MAX),
]


class MerchantColumns(_Strict):
    """`merchant`."""

    name: _Column
    category: _Column | None = None
    latitude: _Column | None = None
    longitude: _Column | None = None
    country: _Column | None = None


class CustomerColumns(_Strict):
    """`customer`."""

    reference: _Column | None = None
    first_name: _Column | None = None
    last_name: _Column | None = None
    gender: _Column | None = None
    date_of_birth: Annotated[BirthDate, BeforeValidator(_column)] | None = None
    job: _Column | None = None
    street: _Column | None = None
    city: _Column | None = None
    state: _Column | None = None
    postal_code: Annotated[PostalCode, BeforeValidator(_column)] | None = None
    latitude: _Column | None = None
    longitude: _Column | None = None
    city_population: _Column | None = None


class TerminalColumns(_Strict):
    """`terminal`."""

    terminal_id: _Column | None = None
    entry_mode: _Column | None = None


class Layout(_Strict):
    """A layout. Without a `transaction_id` in a row its id is derived (`layouts.row_ids`)."""

    name: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
    about: str = ""
    separator: Literal[",", ";", "\t", "|"] = ","
    empty_texts: tuple[str, ...] = ()
    """What stands in cells that say nothing, besides nothing."""
    transaction_id: _Column | None = None
    type: _Column | None = None
    original_transaction_id: _Column | None = None
    card_number: _Column
    amount: _Amounts
    currency: _Column
    occurred_at: Annotated[Moment, BeforeValidator(_column)]
    merchant: MerchantColumns
    customer: CustomerColumns = CustomerColumns()
    terminal: TerminalColumns = TerminalColumns()
    is_fraud: _Column | None = None
    mcc: _Column | None = None
    authorization_code: _Column | None = None
    retrieval_reference_number: _Column | None = None
    system_trace_audit_number: _Column | None = None
    acquirer_id: _Column | None = None
    card_acceptor_id: _Column | None = None
    cardholder_amount_minor: _Column | None = None
    cardholder_currency: _Column | None = None
    metadata: Annotated[dict[_Name, _Column], Field(max_length=METADATA_PAIRS_MAX)] = {}
    """Columns by the names of the pairs."""

    def fields(self) -> Iterator[tuple[str, Column]]:
        """Each field that is read, by its JSON pointer, in the order of a request body. Amounts are alternatives."""
        for name, value in self:
            if isinstance(value, Column):
                yield f"/{name}", value
            elif isinstance(value, _Strict):
                yield from ((f"/{name}/{part}", column) for part, column in value if column is not None)
            elif name == METADATA:
                yield from ((f"/{name}/{pair}", column) for pair, column in value.items())
            elif name == "amount":
                yield from (("/amount_minor", amount) for amount in value)
