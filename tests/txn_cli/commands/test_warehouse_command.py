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
from txn_cli.warehouse.warehouse_place import command_of, settings_of, target_of
from txn_core.exceptions import WarehouseError
from txn_core.settings import Settings
from warehouse.dbt.environment import DbtEnvironment, DbtError
from warehouse.dbt.environment import own_environment as dbt_environment
from warehouse.run.folder import WarehouseFolder
from warehouse.run.spark_target import SCRIPT

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


@pytest.mark.parametrize("command", ["run", "load", "build", "check", "docs"])
def test_athena_is_refused_with_what_there_is(command: str, tmp_path: Path) -> None:
    asked = CliRunner().invoke(app_of("warehouse"), ["warehouse", command, "--target", "athena"])
    assert asked.exit_code == 2
    said = " ".join(asked.output.replace("│", " ").split())
    assert "Athena is no target" in said
    assert "docs/lake.md" in said


def test_an_engine_that_is_none_is_refused_with_those_that_are() -> None:
    asked = CliRunner().invoke(app_of("warehouse"), ["warehouse", "run", "--target", "oracle"])
    assert asked.exit_code == 2
    assert "duckdb, postgres, redshift, spark" in " ".join(asked.output.replace("│", " ").split())


@pytest.mark.parametrize("engine", ["redshift", "spark"])
def test_sql_asks_no_engine_that_it_cannot_read(engine: str) -> None:
    """And never PostgreSQL in its place."""
    asked = CliRunner().invoke(app_of("sql"), ["sql", "select 1", "--target", engine])
    assert asked.exit_code == 2
    assert "asks DuckDB and PostgreSQL alone" in " ".join(asked.output.replace("│", " ").split())


def test_spark_without_its_environment_or_java_names_the_remedy(
    tmp_path: Path, own_environment: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "bin/python"
    settings = Settings(warehouse_spark_python=python)
    with pytest.raises(DbtError, match=r"make .venv/spark/.installed"):
        command_of(Engine.SPARK, settings)
    python.parent.mkdir()
    python.with_name("dbt").touch()
    own_environment.setenv("PATH", str(tmp_path))
    own_environment.delenv("JAVA_HOME", raising=False)
    with pytest.raises(DbtError, match="Java 17"):
        command_of(Engine.SPARK, settings)
    own_environment.setenv("JAVA_HOME", str(tmp_path))
    assert command_of(Engine.SPARK, settings) == (str(python), *SCRIPT)


def test_the_tables_of_spark_lie_in_the_warehouses_folder_or_where_they_are_named(tmp_path: Path) -> None:
    def address(settings: Settings) -> str:
        target = target_of(Engine.SPARK, settings, WarehouseFolder(tmp_path))
        return target.environment["WAREHOUSE_SPARK_FOLDER"]

    assert address(Settings()) == str(tmp_path / "spark")
    assert address(Settings(warehouse_spark_folder=str(tmp_path / "other"))) == str(tmp_path / "other")


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
