"""Amounts as whole numbers of minor units, never through a float."""

import re
from typing import Final

from ingest.layouts.cells import UnfitError, is_empty
from ingest.layouts.model import Amount

_DIGITS_MAX: Final = 15
_GROUPS_MAX: Final = 5


class AmountReader:
    """Reads the cells of one amount column."""

    def __init__(self, column: Amount) -> None:
        self._column = column
        whole = rf"[0-9]{{1,{_DIGITS_MAX}}}"
        if column.group_mark:
            whole = rf"[0-9]{{1,3}}(?:{re.escape(column.group_mark)}[0-9]{{3}}){{0,{_GROUPS_MAX}}}|{whole}"
        decimals = (
            rf"(?:{re.escape(column.decimal_mark)}([0-9]{{1,{_DIGITS_MAX}}}))?" if column.unit == "major" else "()"
        )
        sign = r"\+?" if column.negative == "refused" else "[+-]?"
        self._matches = re.compile(rf"({sign})({whole}){decimals}").fullmatch
        self._code = "amount_format" if column.unit == "major" else "amount_minor_format"

    def signed(self, cell: str, exponent: int) -> int:
        """Minor units of a currency with so many decimals: with two, `-4.97` is -497, `45.0` and `45` are 4500.

        Raises:
            UnfitError: the cell is no such amount.
        """
        if (found := self._matches(cell)) is None:
            raise UnfitError("value_missing" if is_empty(cell) else self._code)
        sign, whole, decimals = found.groups()
        if self._column.group_mark:
            whole = whole.replace(self._column.group_mark, "")
        if self._column.unit == "major":
            # Zeros that the currency has no place for change nothing: 500.00 yen are 500.
            decimals = (decimals or "").rstrip("0")
            if len(decimals) > exponent:
                raise UnfitError(self._code)
            whole += decimals.ljust(exponent, "0")
        return -int(whole) if sign == "-" else int(whole)

    def typed(self, signed: int, said: str | None) -> str:
        """The transaction's type, by its sign or by what the row itself says.

        Raises:
            UnfitError: they contradict each other.
        """
        is_refund = signed > 0 if self._column.negative == "purchase" else signed < 0
        by_sign = "refund" if is_refund else "purchase"
        if said is None:
            return by_sign
        if signed < 0 and (said == "purchase") != (by_sign == "purchase"):
            raise UnfitError("amount_sign")
        return said
