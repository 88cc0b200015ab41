"""The file in which people write rules: TOML, with a table `[[rule]]` for each rule and `[lists]` (docs/rules.md)."""

import tomllib
from datetime import UTC, date, datetime, time
from typing import Any, Final

from pydantic import ValidationError

from fraud.rules.rule import BYTES_MAX, Rules, fault_of, refuse_card_numbers
from fraud.rules.rule_error import RuleError
from txn_core.transactions.instants import instant_of

_KEYS: Final = {"rule", "lists"}
_EXPIRES: Final = "expires"


def rules_of_file(data: bytes) -> Rules:
    """The rules of a file, in its order. Whether each is a condition is found out by `RuleSet.of`.

    Raises:
        RuleError: it is no TOML, says something that no rule has, or holds a card number.
    """
    if len(data) > BYTES_MAX:
        raise RuleError(f"the file is larger than {BYTES_MAX:,} bytes")
    try:
        written = tomllib.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError:
        raise RuleError("the file is not UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise RuleError(f"the file is not TOML: {_place(error)}") from None
    except (RecursionError, ValueError):
        raise RuleError("the file is not TOML of ours: it is nested, or has a number that is too long") from None
    if unknown := set(written) - _KEYS:
        raise RuleError(f"the file has {len(unknown)} key(s) beside [[rule]] and [lists]")
    try:
        rules = Rules.model_validate({"rules": _rows(written.get("rule", [])), "lists": written.get("lists", {})})
    except ValidationError as error:
        raise RuleError(fault_of(error)) from None
    refuse_card_numbers(rules)
    return rules


def _rows(tables: object) -> object:
    """The tables of rules as models read them; what is something else is left to be refused."""
    if not isinstance(tables, list):
        return tables
    return [_row(table) if isinstance(table, dict) else table for table in tables]


def _row(table: dict[str, Any]) -> dict[str, Any]:
    row = {name: value for name, value in table.items() if name != _EXPIRES}
    expires = table.get(_EXPIRES)
    if isinstance(expires, datetime):
        try:
            row["expires_at"] = instant_of(expires if expires.tzinfo else expires.replace(tzinfo=UTC))
        except OverflowError:
            raise RuleError("a rule expires in a year that is too far away") from None
    elif isinstance(expires, date):
        row["expires_at"] = instant_of(datetime.combine(expires, time(), UTC))
    else:
        raise RuleError("each rule expires: write expires = 2030-01-01, a date or a time without quotes")
    return row


def _place(error: tomllib.TOMLDecodeError) -> str:
    """Where the fault is. The text before it may quote what stands there."""
    _, found, place = str(error).rpartition("(at ")
    return f"at {place.rstrip(')')}" if found else "it cannot be read"
