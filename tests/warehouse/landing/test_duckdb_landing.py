"""What DuckDB alone has: a file that one process holds, and no way out of it for SQL."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.landing.commits import adverse_commits, batch_of
from txn_core.exceptions import WarehouseBusyError, WarehouseError
from warehouse.landing.duckdb_landing import DuckDbLanding

HOLDER = """
import duckdb, sys
connection = duckdb.connect(sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


def test_a_file_that_another_process_holds_is_waited_for_in_bounds(tmp_path: Path) -> None:
    path = tmp_path / "landing.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdin is not None
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(WarehouseBusyError, match="another run holds"):
            DuckDbLanding(path, wait_s=0.2).open()
        holder.stdin.close()
        DuckDbLanding(path, wait_s=60).open().close()


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "landing.duckdb").write_bytes(b"something else" * 1_000)
    with pytest.raises(WarehouseError, match="DuckDB refuses"):
        DuckDbLanding(tmp_path / "landing.duckdb").open()


def test_a_table_of_an_earlier_version_gets_the_columns_that_it_lacks(tmp_path: Path) -> None:
    path, (first, second) = tmp_path / "landing.duckdb", adverse_commits()[:2]
    landing = DuckDbLanding(path).open()
    landing.load(batch_of([first]))
    landing.close()
    with duckdb.connect(path) as connection:
        connection.execute("alter table landing.landing.positions drop column category")
    landing = DuckDbLanding(path).open()
    landing.load(batch_of([second]))
    landing.close()
    with duckdb.connect(path, read_only=True) as connection:
        counts = "select commit_number, count(category) from landing.landing.positions group by 1 order by 1"
        found = connection.execute(counts).fetchall()
    assert found == [(1, 0), (2, second.rows.num_rows - second.rows["category"].null_count)]


def test_a_landing_that_is_not_open_says_so(tmp_path: Path) -> None:
    with pytest.raises(WarehouseError, match="not open"):
        DuckDbLanding(tmp_path / "landing.duckdb").loaded()
