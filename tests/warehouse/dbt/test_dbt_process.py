"""dbt as a child: what it is given, and what is said when it fails."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from warehouse.dbt.dbt_process import PROJECT, Dbt
from warehouse.dbt.environment import DbtError

FAILED_MODEL = {
    "data": {"node_info": {"unique_id": "model.txn_warehouse.fact_transactions"}, "status": "error"},
    "info": {"level": "error"},
}
SAID = {"data": {"msg": "Runtime Error in model fact_transactions\n  Out of Memory Error: could not take '4000'"}}
FAILED_TEST = {
    "data": {"node_info": {"unique_id": "test.txn_warehouse.a_test.1f"}, "status": "fail", "num_failures": 3}
}


def program(folder: Path, body: str) -> Path:
    """A program in the place of dbt."""
    path = folder / "dbt"
    path.write_text(f"#!{sys.executable}\nimport json, os, sys\n{body}\n")
    path.chmod(0o700)
    return path


async def test_the_child_has_nothing_of_ours_but_what_it_is_given(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No key and no credential gets into dbt, and dbt calls nobody."""
    monkeypatch.setenv("TXN_IDENTITY_KEY", "a-secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "a-secret")
    fake = program(tmp_path, "json.dump([sys.argv[1:], dict(os.environ)], open('seen', 'w'))")
    await Dbt(fake, tmp_path / "work", "duckdb", {"WAREHOUSE_FOLDER": "x"}).run("build", "--full-refresh")
    arguments, environment = json.loads((tmp_path / "work/seen").read_text())
    assert environment["DO_NOT_TRACK"] == "1"
    assert environment["DBT_SEND_ANONYMOUS_USAGE_STATS"] == "false"
    assert environment["WAREHOUSE_FOLDER"] == "x"
    assert "a-secret" not in environment.values()
    assert ["build", "--full-refresh", "--project-dir", str(PROJECT)] == arguments[6:10]
    assert str(tmp_path / "work/target") in arguments


@pytest.mark.parametrize(
    ("events", "told"),
    [
        ((FAILED_MODEL, SAID), "the model fact_transactions of the warehouse failed, Out of Memory Error (see"),
        ((FAILED_TEST, FAILED_MODEL), "the test a_test of the warehouse found 3 rows (see"),
        ((), "dbt ended with code 1 before it built anything (see"),
        (("no event",), "dbt ended with code 1 before it built anything (see"),
    ],
)
async def test_a_failure_is_one_line_without_values(tmp_path: Path, events: tuple[object, ...], told: str) -> None:
    """The name of the model or test, the kind of error, the log, a remedy; what the database said may hold values."""
    lines = "\n".join(map(json.dumps, events))
    fake = program(tmp_path, f"sys.stdout.write({lines!r})\nsys.exit(1)")
    with pytest.raises(DbtError) as caught:
        await Dbt(fake, tmp_path / "work", "duckdb", {}).run("build")
    assert str(caught.value).startswith(told)
    assert str(caught.value).endswith("dbt.log): run `txn warehouse run`, or with --full")
    assert "4000" not in str(caught.value)


async def test_an_interrupted_run_ends_its_child(tmp_path: Path) -> None:
    """Ctrl-C leaves no dbt behind that holds the files."""
    fake = program(tmp_path, "open('pid', 'w').write(str(os.getpid()))\nos.rename('pid', 'there')\n" + SLEEP)
    run = asyncio.create_task(Dbt(fake, tmp_path / "work", "duckdb", {}).run("build"))
    there = tmp_path / "work/there"
    while not there.exists():  # noqa: ASYNC110 - another process makes it
        await asyncio.sleep(0.005)
    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    with pytest.raises(ProcessLookupError):
        os.kill(int(there.read_text()), 0)


SLEEP = "import time\ntime.sleep(600)"
PARENT = """
import asyncio, sys
from pathlib import Path
from warehouse.dbt.dbt_process import Dbt
asyncio.run(Dbt(Path(sys.argv[1]), Path(sys.argv[2]), "duckdb", {}).run("build"))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="prctl(2) is Linux's")
def test_a_killed_run_takes_its_child_along(tmp_path: Path) -> None:
    """SIGKILL of a run frees its files: a build that went on would hold them."""
    fake = program(tmp_path, "open('pid', 'w').write(str(os.getpid()))\nos.rename('pid', 'there')\n" + SLEEP)
    parent = subprocess.Popen((sys.executable, "-c", PARENT, fake, tmp_path / "work"))
    there = tmp_path / "work/there"
    while not there.exists():
        assert parent.poll() is None
        time.sleep(0.005)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    child = int(there.read_text())
    while _runs(child):
        time.sleep(0.005)


def _runs(pid: int) -> bool:
    """Whether a process is there and no zombie, which a container without an init keeps."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
