"""Characters that show nothing, held against the tables of others: of Rust's regex engine and of Perl."""

import shutil
import subprocess
import sys
import unicodedata
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import SchemaValidator, core_schema

from txn_core.transactions.identity import normalise_merchant
from txn_core.transactions.invisible import DEFAULT_IGNORABLE, shows_something, without_ignorable

CHARACTERS = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
IGNORABLE = {chr(code) for first, last in DEFAULT_IGNORABLE for code in range(first, last + 1)}
BRAILLE_BLANK = "\u2800"

# For each code point from the first one of a line on: none, the same, a first one of a run, or a list.
_PERL = """
print Unicode::UCD::UnicodeVersion(), "\n";
my ($first, $to) = prop_invmap("NFKC_Casefold");
print join(" ", $first->[$_], ref $to->[$_] ? @{$to->[$_]} : $to->[$_] eq "" ? "none" : ("from", $to->[$_])), "\n"
    for 0 .. $#$first;
"""


def perl(program: str) -> list[str]:
    """What a program of Perl prints, whose core knows Unicode by itself; skips where there is none."""
    if (executable := shutil.which("perl")) is None:
        pytest.skip("no perl on this machine")
    ran = subprocess.run(
        [executable, "-MUnicode::UCD=prop_invmap", "-e", program], capture_output=True, text=True, check=False
    )
    if ran.returncode != 0:
        pytest.skip("this perl has no Unicode::UCD")
    return ran.stdout.splitlines()


def version(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))


@cache
def nfkc_casefold() -> dict[str, str]:
    """The mapping of each character by Perl (DerivedNormalizationProps.txt); skips where Perl's is an older one."""
    known, *lines = perl(_PERL)
    if version(known) < version(unicodedata.unidata_version):
        pytest.skip(f"this perl knows Unicode {known} alone")
    rows = [(int(first), to) for first, *to in map(str.split, lines)]
    mapping = {}
    for (first, to), (end, _) in zip(rows, [*rows[1:], (sys.maxunicode + 1, [])], strict=True):
        for code in range(first, end):
            if to == ["none"]:
                mapped = ""
            elif to[0] == "from":
                mapped = chr(code if to[1] == "0" else int(to[1]) + code - first)
            else:
                mapped = "".join(chr(int(part)) for part in to)
            mapping[chr(code)] = mapped
    return mapping


def test_the_ignorable_characters_are_unicodes() -> None:
    """Every code point, by the property of Rust's regex engine, whose tables are of a later version than Python's."""
    has_property = SchemaValidator(core_schema.str_schema(pattern=r"\p{Default_Ignorable_Code_Point}"))
    assert {c for c in CHARACTERS if has_property.isinstance_python(c)} == IGNORABLE


def test_the_ignorable_characters_are_perls() -> None:
    """The same by an engine that is independent of both, and maybe older: the property does not change."""
    lines = perl(r'print join("\n", grep { ($_ < 0xD800 || $_ > 0xDFFF) && chr($_) =~ /\p{DI}/ } 0 .. 0x10FFFF)')
    assert {chr(int(line)) for line in lines} == IGNORABLE


def test_dropping_them_drops_nothing_else() -> None:
    """From all characters at once, and from a run of them."""
    everything = "".join(CHARACTERS)
    assert without_ignorable(everything) == "".join(c for c in CHARACTERS if c not in IGNORABLE)
    assert without_ignorable("a\u200b\u200d\ufeffb\u00ad") == "ab"


def test_what_shows_nothing_is_ignorable_a_format_or_white_space() -> None:
    """By the categories of Python, which knows no property; a blank Braille cell is a symbol by its category."""
    of_nothing = {c for c in CHARACTERS if not shows_something(c)}
    by_category = {c for c in CHARACTERS if unicodedata.category(c) in {"Cf", "Zs", "Zl", "Zp"}}
    # Some were assigned later than this Python's Unicode.
    later = {c for c in of_nothing if unicodedata.category(c) == "Cn"} - IGNORABLE
    assert of_nothing - later == by_category | IGNORABLE | {BRAILLE_BLANK}
    assert all(0x0890 <= ord(c) <= 0x0891 or 0x13430 <= ord(c) <= 0x1343F for c in later)
    assert {c for c in CHARACTERS if c.isspace() and unicodedata.category(c) != "Cc"} <= of_nothing


def test_what_shows_something_leaves_a_merchant_a_name() -> None:
    """No character that can be seen is folded away, so that no accepted name has an empty form."""
    seen = [c for c in CHARACTERS if shows_something(c) and unicodedata.category(c) not in {"Cc", "Cn", "Co"}]
    assert len(seen) > 100_000
    assert all(map(normalise_merchant, seen))


@pytest.mark.parametrize(
    ("text", "shows"),
    [
        ("", False),
        (" ", False),
        ("\u200b\u00a0\ufe0f\U000e0041", False),
        ("\u3164\uffa0\u115f", False),
        ("\u2800\u2800", False),
        ("\u202e \u2066", False),
        ("\u200b.\u200b", True),
        ("a", True),
        ("\u0301", True),
        ("\U0001f468\u200d\U0001f469", True),
        ("\u5bff\u53f8", True),
    ],
)
def test_a_text_shows_something_if_one_of_its_characters_does(text: str, *, shows: bool) -> None:
    """However many of the others stand around it."""
    assert shows_something(text) is shows


def test_each_character_is_folded_as_unicode_folds_it() -> None:
    """A merchant's name is compared by NFKC_Casefold, but for white space: each character, by Perl's tables."""
    for character, mapped in nfkc_casefold().items():
        if mapped and character in normal_characters():
            folded = unicodedata.normalize("NFC", mapped)
            assert normalise_merchant(character) == " ".join(folded.split()), f"U+{ord(character):04X}"


@cache
def normal_characters() -> frozenset[str]:
    """Those that this Python's Unicode has, and that are no surrogates."""
    return frozenset(c for c in CHARACTERS if unicodedata.category(c) != "Cn")


@given(
    st.text(
        st.characters(exclude_categories=("Cs", "Cn"))
        | st.sampled_from("\u200b\u034f\u00ad\ufeff\u0301\u0345\u03c3"),
        min_size=1,
    )
)
def test_each_name_is_folded_as_unicode_folds_it(name: str) -> None:
    """The same of names: each character is mapped, and the whole is composed (toNFKC_Casefold)."""
    mapped = unicodedata.normalize("NFC", "".join(nfkc_casefold()[c] for c in name))
    if expected := " ".join(mapped.split()):
        assert normalise_merchant(name) == expected
