"""Where dbt lives, and what is said where it does not."""

import sys
import venv
from importlib import metadata
from pathlib import Path

import pytest

from warehouse.dbt import environment
from warehouse.dbt.environment import SHARED, DbtEnvironment, DbtError, dbt_program


def test_a_lock_of_another_version_asks_for_an_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An upgrade of the project that pins other packages is noticed before a build fails in the middle."""
    found = DbtEnvironment(tmp_path)
    assert not found.is_current
    (tmp_path / "installed").write_text(environment._digest_of_lock())
    assert found.is_current
    lock = tmp_path / "requirements.txt"
    lock.write_bytes(environment.LOCK.read_bytes() + b"# more\n")
    monkeypatch.setattr(environment, "LOCK", lock)
    assert not found.is_current


def test_dbt_that_is_missing_is_said_with_the_remedy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "prefix", str(tmp_path))
    with pytest.raises(DbtError, match="txn warehouse install"):
        dbt_program()
    with pytest.raises(DbtError, match="TXN_WAREHOUSE_DBT"):
        dbt_program(tmp_path / "nothing")


def test_duckdb_is_shared_and_not_copied(tmp_path: Path) -> None:
    """The 58 MB of DuckDB lie on the disk once: the environment has further names of the same files."""
    venv.EnvBuilder(with_pip=False, symlinks=True).create(tmp_path)
    found = DbtEnvironment(tmp_path)
    found._share(SHARED)
    found._share(SHARED)  # what is there already stays
    site = found._site_packages()
    ours = metadata.distribution(SHARED)
    library = next(file for file in ours.files or () if file.name.startswith("_duckdb") and file.suffix == ".so")
    shared, own = site / library, Path(str(ours.locate_file(library)))
    assert shared.stat().st_size == own.stat().st_size
    assert shared.samefile(own) or shared.stat().st_dev != own.stat().st_dev
    assert not (site / "pydantic").exists()


def test_the_lock_has_hashes_and_the_version_of_duckdb_that_we_have() -> None:
    lock = environment.LOCK.read_text()
    assert f"{SHARED}=={metadata.version(SHARED)} \\" in lock
    assert lock.count("==") <= lock.count("--hash=sha256:")
    assert "dbt-core==1.11.16 " in lock
