"""A load that is killed at any statement brought in all or nothing, and loaders in several processes agree."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.warehouse.landing.commits import adverse_commits, expected_ledger, expected_rows, sorted_rows
from tests.warehouse.landing.landings import LEDGER, POSITIONS, LandingUnderTest, OnDuckDb, OnPostgres, ledger_of


@pytest.mark.parametrize("engine", ["duckdb", "postgres"])
def test_a_killed_load_is_whole_or_absent(engine: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    path = tmp_path / "work/landing.duckdb"
    where = str(path) if engine == "duckdb" else request.getfixturevalue("postgres_url")
    place: LandingUnderTest = OnDuckDb(path) if engine == "duckdb" else OnPostgres(where)

    command = (sys.executable, "-m", "tests.warehouse.landing.killed_loads", engine, where)
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    seen = json.loads(done.stdout)

    expected = expected_ledger(adverse_commits())
    sizes = [len(ledger) for ledger, _ in seen["kills"]]
    assert sizes == sorted(sizes)
    assert sizes[-1] == 2, "only the load that nobody killed came in"
    assert sum(size == 0 for size in sizes) > 9, "a load has about ten statements"
    for ledger, rows in seen["kills"]:
        assert rows == sum(expected[name][0] for name, *_ in ledger)

    assert seen["exits"] == [0, 0, 0]
    assert ledger_of(place.rows(LEDGER)) == expected
    assert sorted_rows(row[:-1] for row in place.rows(POSITIONS)) == expected_rows(adverse_commits())
