"""Whether a stack runs the warehouse: an option goes before the setting, and what is not installed is one line."""

from pathlib import Path

import pytest

from tests.txn_cli.stack.told_children import Told
from txn_cli.warehouse_watch import installation
from txn_cli.warehouse_watch.installation import EVERY_S, lacking, wanted_every_s
from txn_core.exceptions import StackError


@pytest.mark.parametrize(
    ("asked", "by_default", "setting", "every_s"),
    [
        (None, False, None, 0.0),
        (None, True, None, EVERY_S),
        (True, False, None, EVERY_S),
        (False, True, None, 0.0),
        (None, False, "5", 5.0),
        (None, True, "0", 0.0),
        (True, False, "0", EVERY_S),
        (True, False, "5", 5.0),
        (False, True, "5", 0.0),
    ],
)
def test_an_option_goes_before_the_setting(
    own_environment: pytest.MonkeyPatch,
    monkeypatch: pytest.MonkeyPatch,
    *,
    asked: bool | None,
    by_default: bool,
    setting: str | None,
    every_s: float,
) -> None:
    monkeypatch.setattr(installation, "lacking", lambda dbt: None)
    if setting is not None:
        own_environment.setenv("TXN_WAREHOUSE_EVERY_S", setting)
    assert wanted_every_s(Told().narrator, asked=asked, by_default=by_default) == every_s


def test_what_is_not_installed_is_told_in_one_line_and_refused_only_where_it_was_asked_for(
    own_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    own_environment.setenv("TXN_WAREHOUSE_DBT", str(tmp_path / "nowhere"))
    told = Told()
    assert wanted_every_s(told.narrator, asked=None, by_default=True) == 0
    assert told.text.startswith("Without the warehouse: TXN_WAREHOUSE_DBT names ")
    assert told.text.count("\n") == 1
    with pytest.raises(StackError, match="TXN_WAREHOUSE_DBT names "):
        wanted_every_s(told.narrator, asked=True, by_default=True)
    assert wanted_every_s(told.narrator, asked=False, by_default=True) == 0


def test_an_engine_that_is_not_installed_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "find_spec", lambda module: None if module == "duckdb" else object())
    said = lacking()
    assert said is not None
    assert said.startswith("duckdb is not installed, which the extra `warehouse` brings: pip install ")


def test_a_dbt_that_is_not_installed_names_the_command(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("sys.prefix", str(tmp_path))
    assert "`txn warehouse install`" in (lacking() or "")
