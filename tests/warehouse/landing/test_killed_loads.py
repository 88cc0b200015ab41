"""A load that is killed at any statement brought in all or nothing, and loaders in several processes agree."""

import json
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from typing import Any

import pytest
from devkit.postgres_server import PostgresServer

from tests.warehouse.landing.commits import adverse_commits, expected_ledger, expected_rows
from tests.warehouse.landing.killed_loads import place_of, stride_of
from tests.warehouse.landing.landings import LEDGER, POSITIONS, ledger_of
from tests.warehouse.oltp import fold


@dataclass(frozen=True, slots=True)
class Killed:
    """Where each engine's landing is, and what the process that killed loads saw of it."""

    places: dict[str, str]
    seen: dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def killed(postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory) -> Killed:
    """One process for all engines: most of its CPU time is what it imports."""
    databases = {engine: postgres_server.new_database() for engine in ("postgres", "oltp")}
    folder = tmp_path_factory.mktemp("killed")
    places = {"duckdb": str(folder / "work/landing.duckdb"), "files": str(folder / "spark"), **databases}
    command = (sys.executable, "-m", "tests.warehouse.landing.killed_loads", *map("=".join, places.items()))
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    assert done.returncode == 0, done.stderr
    return Killed(places, json.loads(done.stdout))


@pytest.mark.parametrize("engine", ["duckdb", "files", "postgres", "oltp"])
def test_a_killed_load_is_whole_or_absent(engine: str, killed: Killed) -> None:
    place, seen = place_of(engine, killed.places[engine]), killed.seen[engine]
    sizes = [len(ledger) for ledger, _ in seen["kills"]]
    assert sizes == sorted(sizes)
    assert sizes[-1] == 2, "only the load that nobody killed came in"
    steps = 6 if engine == "files" else 12
    assert sizes.count(0) * stride_of(engine) >= steps, "opening and a load have at least so many statements"
    for ledger, rows in seen["kills"]:
        assert rows == contents_of(engine, {name for name, *_ in ledger}).total()

    assert seen["exits"] == [0, 0]
    everything = {each.append.name for each in adverse_commits()}
    assert ledger_of(place.rows(LEDGER)) == expected_ledger(adverse_commits())
    found = place.rows(POSITIONS)
    assert Counter(row if engine == "oltp" else row[:-1] for row in found) == contents_of(engine, everything)


def contents_of(engine: str, names: set[str]) -> Counter[tuple[object, ...]]:
    """What an engine holds when some commits are in: their rows, or their transactions."""
    commits = [each for each in adverse_commits() if each.append.name in names]
    if engine == "oltp":
        return Counter((account, transaction_id) for account, transaction_id, *_ in fold.transactions(commits))
    return Counter(expected_rows(commits))
