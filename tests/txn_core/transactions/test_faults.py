"""What can be wrong with a transaction: stable codes with fixed texts."""

import re

import pytest
from pydantic_core import ErrorDetails

from txn_core.transactions import faults
from txn_core.transactions.faults import MESSAGES, Fault, fault_of, rule_broken


def test_every_code_is_a_plain_word_with_a_text() -> None:
    """Codes are stable identifiers; texts are sentences' ends without placeholders."""
    assert all(re.fullmatch("[a-z0-9_]+", code) for code in MESSAGES)
    assert all(text and "{" not in text for text in MESSAGES.values())


def test_every_translation_ends_in_a_known_code() -> None:
    """What pydantic calls a fault is told by one of our codes."""
    assert {*faults._CODE_OF_PYDANTIC_TYPE.values(), *faults._CODE_OF_PATTERN.values()} <= MESSAGES.keys()


@pytest.mark.parametrize("code", MESSAGES)
def test_a_rule_breaks_with_the_fixed_text(code: str) -> None:
    """Validators raise our codes with our texts and nothing of the value."""
    error = rule_broken(code)
    assert (error.type, error.message(), Fault("/x", code).message) == (code, MESSAGES[code], MESSAGES[code])


def test_a_fault_drops_what_a_client_could_have_written() -> None:
    """Pointers are made of our own names: the name of an unknown field and steps of unions are left out."""
    unknown: ErrorDetails = {"type": "extra_forbidden", "loc": ("customer", "9" * 16), "msg": "", "input": "9" * 16}
    assert fault_of(unknown) == Fault("/customer", "field_unknown")
    keyed: ErrorDetails = {"type": "int_type", "loc": ("limits", f"card_{9:016}"), "msg": "", "input": 1}
    assert fault_of(keyed) == Fault("/limits", "integer_required")
    union: ErrorDetails = {"type": "string_type", "loc": ("a", "function-after[f(), str]", 0), "msg": "", "input": 1}
    assert fault_of(union) == Fault("/a/0", "string_required")


def test_an_error_that_nobody_foresaw_is_an_invalid_value() -> None:
    """A new kind of pydantic error is told without its text."""
    new: ErrorDetails = {"type": "brand_new", "loc": ("merchant", "name"), "msg": "9999", "input": "9999"}
    assert fault_of(new) == Fault("/merchant/name", "invalid_value")
