"""Which warehouse a command works on when it needs no lake, and what it says before there is one."""

from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.txn_cli.api_client.test_target import READY
from tests.txn_cli.stack.told_children import Told, wait_until
from txn_cli.commands import warehouse as command
from txn_cli.main import app_of
from txn_cli.stack import narrator
from txn_cli.stack.credentials import Secrets
from txn_cli.stack.datadir import DataDir
from txn_cli.warehouse.engines import Engine
from txn_cli.warehouse.warehouse_place import settings_of
from txn_core.exceptions import WarehouseError
from warehouse.dbt.environment import DbtEnvironment, DbtError
from warehouse.dbt.environment import own_environment as dbt_environment

OF_STACK, NAMED = "postgresql://stack@127.0.0.1:1/txn", "postgresql://named@127.0.0.1:2/txn"


@pytest.fixture
def stack(tmp_path: Path, own_environment: pytest.MonkeyPatch) -> Path:
    """The papers of a stack with a PostgreSQL."""
    data_dir = DataDir.at(tmp_path)
    data_dir.create()
    Secrets.of(data_dir)
    replace(READY, postgres_url=OF_STACK).write(data_dir)
    return tmp_path


def url_of(engine: Engine, folder: Path) -> str | None:
    url = settings_of(engine, folder).warehouse_postgres_url
    return None if url is None else url.get_secret_value()


def test_without_a_name_the_postgresql_is_the_one_of_the_stack(stack: Path) -> None:
    assert url_of(Engine.POSTGRES, stack) == OF_STACK


def test_a_postgresql_that_is_named_is_taken(stack: Path, own_environment: pytest.MonkeyPatch) -> None:
    own_environment.setenv("TXN_WAREHOUSE_POSTGRES_URL", NAMED)
    assert url_of(Engine.POSTGRES, stack) == NAMED


def test_without_a_stack_nothing_is_named(tmp_path: Path, own_environment: pytest.MonkeyPatch) -> None:
    assert url_of(Engine.POSTGRES, tmp_path) is None
    assert url_of(Engine.DUCKDB, tmp_path) is None


def test_docs_before_the_first_run_say_so(tmp_path: Path, own_environment: pytest.MonkeyPatch) -> None:
    """And not what dbt makes of missing files."""
    if not dbt_environment().is_current:
        pytest.skip("dbt is not installed: make setup")
    asked = ["warehouse", "docs", str(tmp_path / "docs.html"), "--data-dir", str(tmp_path)]
    error = CliRunner().invoke(app_of("warehouse"), asked).exception
    assert isinstance(error, WarehouseError)
    assert str(error) == "there is no warehouse yet: run `txn warehouse run`"


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Told:
    """What is told of an install into an empty folder, again and again while it runs."""
    told = Told()
    monkeypatch.setattr("warehouse.dbt.environment.own_environment", lambda: DbtEnvironment(tmp_path))
    monkeypatch.setattr(command, "Narrator", lambda: told.narrator)
    monkeypatch.setattr(narrator, "SILENCE_S_MAX", 0.01)
    return told


def test_an_install_is_told_of_while_it_goes_on(told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes a minute on a slow disk, and `make demo` waits for it."""
    doing = f"Installing dbt into {tmp_path}"
    monkeypatch.setattr(DbtEnvironment, "install", lambda _: wait_until(lambda: told.text.count(f"{doing} ... ") > 2))
    assert CliRunner().invoke(app_of("warehouse"), ["warehouse", "install"]).exit_code == 0
    assert told.text.splitlines()[-1].startswith(f"{doing}: done in ")


def test_an_install_that_fails_is_not_called_done(told: Told, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: DbtEnvironment) -> None:
        raise DbtError("no index")

    monkeypatch.setattr(DbtEnvironment, "install", fails)
    assert isinstance(CliRunner().invoke(app_of("warehouse"), ["warehouse", "install"]).exception, DbtError)
    assert "done" not in told.text
