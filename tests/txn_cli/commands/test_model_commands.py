"""`txn train`, `txn backtest` and `txn models`, from a file to the registry."""

import asyncio
import json
from collections.abc import Callable, Coroutine
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("lightgbm", reason="the extra `train`")

from fraud.model.loading import MANIFEST, SIGNATURE, TREES, load_model
from fraud.model.shipped import KEYS_FILE, SHIPPED_KEY, SHIPPED_KEYS, shipped_files
from fraud.registry.model_registry import MODELS_PREFIX
from tests.support.memory_versions import MemoryVersions
from txn_cli.commands import models_command
from txn_cli.fraud import model_keys
from txn_cli.fraud.ship import note_key
from txn_cli.main import run
from txn_cli.simulator.simulated_rows import simulate_rows, write_rows
from txn_core.aws.clients import Aws

ROWS = 3_000
_WANTS_NOTHING = {"champion": None, "challenger": None, "rules": None}


@pytest.fixture(name="home", autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of the user's own, and no stack anywhere."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))
    for name in ("TXN_MODEL_SIGNING_KEY", "TXN_MODEL_KEYS", "TXN_DATA_DIR", "TXN_TARGET"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path / "home"


@pytest.fixture(name="rows", scope="module")
def _rows(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Rows of 42 days, with frauds among those that grow trees, calibrate and judge."""
    file = tmp_path_factory.mktemp("rows") / "rows.csv"
    with file.open("w", encoding="utf-8", newline="") as text:
        write_rows(simulate_rows(rows=ROWS, cards=35, seed=9), text)
    return file


def _json(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    assert run([*arguments, "--json"]) == 0, capsys.readouterr().err
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_a_file_becomes_a_model_and_the_same_backtest_twice(
    rows: Path, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "model"
    report = _json(capsys, "train", "--file", str(rows), "--out", str(out))
    assert {path.name for path in out.iterdir()} == {MANIFEST, SIGNATURE, TREES, "report.json"}
    assert json.loads((out / "report.json").read_bytes()) == report
    assert (report["training"]["rows"], report["rejected"]) == (ROWS, 0)
    assert (home / "txn" / "model-signing-key").stat().st_mode & 0o777 == 0o600
    one = _json(
        capsys, "backtest", "--model", str(out), "--file", str(rows), "--score-from", report["training"]["test"]
    )
    two = _json(
        capsys, "backtest", "--model", str(out), "--file", str(rows), "--score-from", report["training"]["test"]
    )
    assert one == two
    found = one["backtests"][0]
    assert found["model"] == report["model"]
    # The report's figures come from matrices, the backtest's from serving row by row.
    assert {name: found[name] for name in ("rows", "frauds", "average_precision")} == {
        name: report["metrics"]["seen"][name] for name in ("rows", "frauds", "average_precision")
    }
    assert run(["train", "--file", str(rows), "--out", str(out)]) == 1
    assert "holds a model already" in capsys.readouterr().err
    (out / SIGNATURE).unlink()
    assert run(["backtest", "--model", str(out), "--file", str(rows)]) == 1
    assert "not signed" in capsys.readouterr().err
    assert run(["models", "sign", str(out)]) == 0
    assert "Signed" in capsys.readouterr().out
    assert _json(capsys, "backtest", "--model", str(out), "--file", str(rows))["backtests"][0]["rows"] == ROWS


def test_a_backtest_says_what_it_left_out_and_that_nothing_could_be_measured(
    rows: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    header, *lines = rows.read_text(encoding="utf-8").splitlines()
    few = tmp_path / "few.csv"
    few.write_text("\n".join([header, *(line for line in lines[:30] if line.endswith(",0")), "1,damaged"]) + "\n")
    assert run(["backtest", "--model", "shipped", "--file", str(few)]) == 0
    said = capsys.readouterr().out
    assert "nothing to measure: no frauds are known among these rows" in said
    assert "average precision" not in said, "0.000 would look like a bad model"
    assert "1 row of the file was damaged and not used" in said
    assert _json(capsys, "backtest", "--model", "shipped", "--file", str(few))["rejected"] == 1


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (["train", "--out", "m"], 2, "--file"),
        (["train", "--file", "x.csv", "--from", "30d", "--out", "m"], 2, "--file"),
        (["train", "--file", "x.csv", "--delay", "soon", "--out", "m"], 2, "duration"),
        (["train", "--file", "nothing.csv", "--out", "m"], 1, "nothing.csv"),
        (["backtest", "--model", "nothing", "--file", "x.csv"], 1, "nothing is no folder"),
        (["backtest", "--file", "x.csv"], 2, "--rules"),
        (["backtest", "--rules", "nowhere.toml", "--file", "x.csv"], 1, "cannot read nowhere.toml"),
        (["backtest", "--model", "shipped", "--file", "x.csv", "--to", "1d"], 2, "--to goes with"),
        (["models", "list"], 1, "no stack"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    arguments: list[str], code: int, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == code
    assert why in capsys.readouterr().err.replace("\n", " ")


def test_a_users_key_is_made_once_and_one_that_is_none_is_refused(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert model_keys.users_key() is None
    made = model_keys.training_key(None)
    assert made == model_keys.training_key(None) == model_keys.users_key()
    assert [path.name for path in (home / "txn").iterdir()] == ["model-signing-key"]
    (home / "txn" / "model-signing-key").write_text("rubbish")
    assert run(["models", "sign", "m"]) == 1
    assert "32 bytes in base64" in capsys.readouterr().err


def test_the_shipped_model_is_signed_by_the_key_that_is_shipped() -> None:
    assert load_model(shipped_files(), [SHIPPED_KEY]).manifest.training.source.startswith("txn simulate")


def test_the_keys_of_former_shipped_models_stay_trusted(tmp_path: Path) -> None:
    file = tmp_path / KEYS_FILE
    for key in (b"1" * 32, b"2" * 32):
        note_key(file, key)
    assert file.read_text().split() == [(b"2" * 32).hex(), (b"1" * 32).hex()]
    assert len(SHIPPED_KEYS) > 1
    assert set(SHIPPED_KEYS) <= set(model_keys.signing_keys(tmp_path))


def test_on_aws_the_credentials_say_who_asks_and_two_persons_have_to(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    bucket = MemoryVersions("lake")
    system = SimpleNamespace(
        is_local=False, where="AWS", settings=SimpleNamespace(signs_models=None, model_keys=(), lake_bucket="lake")
    )
    callers = iter(["user/ann", "assumed-role/Fraud/ann", "assumed-role/Fraud/bob"])

    async def caller(_: Aws) -> str:
        return f"arn:aws:sts::000000000000:{next(callers)}"

    def at(_: object, work: Callable[[MemoryVersions], Coroutine[Any, Any, Any]]) -> Any:
        return asyncio.run(work(bucket))

    monkeypatch.setattr(Aws, "caller", caller)
    monkeypatch.setattr(models_command, "system_at", lambda *_, **__: system)
    monkeypatch.setattr(models_command, "_at", at)
    ask = ["models", "activate", "shipped", "--yes"]
    assert run([*ask, "--by", "bob"]) == 2
    assert "only a local stack takes a name" in " ".join(capsys.readouterr().err.split())
    assert _json(capsys, "models", "list") == {"models": [], "wanted": _WANTS_NOTHING, "proposal": None}
    for _ in range(2):
        assert run(ask) == 0
        assert "until a second person" in capsys.readouterr().out
        assert _json(capsys, "models", "list")["proposal"]["who"] == "ann"
    assert run(ask) == 0
    assert "scores from now on" in capsys.readouterr().out
    assert _json(capsys, "models", "list")["proposal"] is None
    (decides,) = {key.split("/")[2] for key in bucket.objects if key.startswith(MODELS_PREFIX)}
    bucket.objects = {key: each for key, each in bucket.objects.items() if not key.startswith(MODELS_PREFIX)}
    assert run(["models", "list"]) == 0
    assert capsys.readouterr().out == f"{decides}  is wanted, and refused: it is not there\n"
