"""Text in ASCII."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from txn_core.transactions.plain_text import ascii_alphanumerics, plain


@pytest.mark.parametrize(
    "text",
    [
        "4 1-1.1/1_",
        "\uff14\uff11\uff11\uff11\uff11",
        "٤١١١١",
        "④①①①①",
        "⓸❶❶⑴1",
        "4\u200b1\u00ad1\u20601\ufeff1",
        "4\u00a01\u20071\u20031 1",
        "4\u20131\u20141\u22121\u30fb1",
        "4\u30fc1\u30fc1\uff701\u31611",
        "4\u31641\uffa01\u115f1\u034f1",
        "4\u20e31\ufe0f\u20e31\u03011\u093e1",
        "4\U000e00011\U0001d1731\u20651\ufff01",
        "4¹₁¹1",
        "\U0001d7d2\U0001d7cf\U0001fbf1\U0001d7e31",
        "4\x001\x7f1\x9f1\u20281",
    ],
)
def test_separators_and_scripts_hide_nothing(text: str) -> None:
    """Whatever stands between digits and however Unicode writes them, the plain digits come out."""
    assert ascii_alphanumerics(text) == "41111"


def test_an_ideographic_zero_is_one() -> None:
    """The one digit of Chinese that stands among ASCII ones."""
    assert plain("4" + 3 * chr(0x3007)) == "4000"


@pytest.mark.parametrize("text", ["", "x 4/1", "\t\x00~"])
def test_ascii_stays_as_it_is(text: str) -> None:
    """Control characters included."""
    assert plain(text) == text


@pytest.mark.parametrize("text", ["卡12号", "é12ß", "д12ж", "Ω12Я"])
def test_letters_of_other_scripts_join_nothing(text: str) -> None:
    """They stand apart from the digits beside them, whose run they end."""
    words = plain(text).split()
    assert words[1] == "12"
    assert words[0].isalpha()


@given(st.text(st.characters(codec="utf-8"), max_size=300))
@settings(max_examples=200)
def test_any_text_can_be_spelt(text: str) -> None:
    """The outcome is ASCII, of letters and digits alone where no more is asked for, and is its own spelling."""
    spelt = plain(text)
    assert spelt.isascii()
    assert plain(spelt) == spelt
    assert ascii_alphanumerics(text).isalnum() or ascii_alphanumerics(text) == ""


@given(st.text(st.sampled_from("019 aé卡\uff14\u0301\u202e\ufdfa\ud800\U0001d7d2"), min_size=33, max_size=99))
@settings(max_examples=100)
def test_a_long_text_is_spelt_as_its_characters_are(text: str) -> None:
    """Few other characters than ASCII are replaced, many are looked up."""
    many = text + "".join(map(chr, range(0x4E00, 0x4E20)))
    assert plain(text) == "".join(map(plain, text))
    assert plain(many) == "".join(map(plain, many))


def test_marks_in_any_order_take_linear_time() -> None:
    """Normalising them together would sort them: 60,000 in two classes in turn took half a minute."""
    marks = "4" + "\u0301\u0323" * 200_000
    started = time.process_time()
    assert plain(marks) == "4"
    assert time.process_time() - started < 2
