"""Nothing that a terminal would act on is left in a text."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from txn_core.printable import printable, printable_lines

ESCAPED = {
    "a colour": ("\x1b[31mred", r"\x1b[31mred"),
    "a clipboard (OSC 52)": ("\x1b]52;c;aGk=\x07", r"\x1b]52;c;aGk=\x07"),
    "a link (OSC 8)": ("\x1b]8;;http://x\x1b\\y", "\\x1b]8;;http://x\\x1b\\y"),
    "an 8-bit control sequence": ("\x9b31m", r"\x9b31m"),
    "an 8-bit string": ("\x9d0;title\x9c", r"\x9d0;title\x9c"),
    "a line that is overwritten": ("bad\rgood", r"bad\rgood"),
    "a further line": ("one\nall rows are right", r"one\nall rows are right"),
    "backspaces": ("a\b", r"a\x08"),
    "a tab, a null, a delete": ("\t\0\x7f", r"\t\x00\x7f"),
    "an override of direction": ("\u202egpj.exe", r"\u202egpj.exe"),
    "an isolate": ("\u2066x\u2069", r"\u2066x\u2069"),
    "a line separator": ("a\u2028b\u2029", r"a\u2028b\u2029"),
    "nothing to see": ("a\u200bb\ufeff\u3164", r"a\u200bb\ufeff\u3164"),
    "tags": ("\U000e0041", r"\U000e0041"),
    "a byte of a file's name": ("a\udcff", r"a\udcff"),
    "a private character": ("\ue000", r"\ue000"),
}


@pytest.mark.parametrize("what", ESCAPED)
def test_what_a_terminal_would_obey_or_not_show_is_escaped(what: str) -> None:
    text, shown = ESCAPED[what]
    assert printable(text) == shown


@pytest.mark.parametrize("text", ["", "plain [red]text[/]", "Müller & Söhne", "株式会社", "Ζεύς: 100 €", "👍"])
def test_text_stays_as_it_is(text: str) -> None:
    assert printable(text) == text


def test_line_feeds_may_stay() -> None:
    assert printable_lines("a\x1b\nb\r\n") == "a\\x1b\nb\\r\n"


@given(st.text())
def test_no_control_gets_through(text: str) -> None:
    """Of whatever category; and what is printable is not escaped once more."""
    shown = printable(text)
    assert not {unicodedata.category(c) for c in shown} & {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    assert printable(shown) == shown
