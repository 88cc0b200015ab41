"""The countries of ISO 3166-1."""

import zoneinfo
from importlib.resources import files
from pathlib import Path

import pytest

from txn_core.transactions.countries import COUNTRIES

TABLE = "iso3166.tab"


def installed_table() -> str | None:
    """`iso3166.tab` of the operating system, or of the package tzdata."""
    for folder in map(Path, zoneinfo.TZPATH):
        if (path := folder / TABLE).is_file():
            return path.read_text(encoding="utf-8")
    try:
        return files("tzdata.zoneinfo").joinpath(TABLE).read_text(encoding="utf-8")
    except (ImportError, FileNotFoundError):
        return None


def test_the_codes_are_those_of_the_tz_database() -> None:
    """Officially assigned ones alone, none of them missing."""
    if (table := installed_table()) is None:
        pytest.skip("no tz database is installed")
    assert {line.split("\t")[0] for line in table.splitlines() if line and not line.startswith("#")} == COUNTRIES


def test_codes_are_two_capital_letters() -> None:
    """So that none needs escaping, wherever it stands."""
    assert len(COUNTRIES) == 249
    assert all(len(code) == 2 and code.isascii() and code.isalpha() and code.isupper() for code in COUNTRIES)
