"""Where a command finds its API key, and that it shows the key to nobody."""

import io
from pathlib import Path

import pytest
import typer

from txn_cli.api_client.presented_key import IN_FILE, IN_VARIABLE, KEY_CHARS_MAX, presented_key
from txn_core.exceptions import TxnError

KEY = "txn_0123456789abcdef_secret"
OTHER = "txn_fedcba9876543210_another"


def key_file(folder: Path, text: str = f"{KEY}\n", mode: int = 0o600) -> str:
    path = folder / "key"
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return str(path)


def test_a_key_comes_from_the_option_or_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Which go before the environment; the white space around it is no part of it."""
    environment = {IN_VARIABLE: OTHER}
    for api_key, file in ((KEY, None), (None, key_file(tmp_path)), (None, key_file(tmp_path, f"  {KEY}\r\n\n"))):
        assert presented_key(api_key, file, url="http://x", environment=environment) == KEY
    assert capsys.readouterr().err == ""


def test_a_key_comes_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its first line, and no more of it."""
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{KEY}\nmore\n"))
    assert presented_key(None, "-", url=None, environment={}) == KEY


def test_a_key_comes_from_the_environment_for_a_service_that_is_named(tmp_path: Path) -> None:
    """As it is, or in a file; the local stack has a key of its own."""
    for environment in ({IN_VARIABLE: KEY, IN_FILE: "nowhere"}, {IN_FILE: key_file(tmp_path)}):
        assert presented_key(None, None, url="http://x", environment=environment) == KEY
        assert presented_key(None, None, url=None, environment=environment) is None
    assert presented_key(None, None, url="http://x", environment={}) is None


def test_both_options_are_one_too_many(tmp_path: Path) -> None:
    """Neither is guessed to be meant."""
    with pytest.raises(typer.BadParameter):
        presented_key(KEY, key_file(tmp_path), url=None, environment={})


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_that_others_may_read_is_told_of(
    mode: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And read all the same: a container's secrets may be no other way."""
    assert presented_key(None, key_file(tmp_path, mode=mode), url=None, environment={}) == KEY
    told = capsys.readouterr().err
    assert "other users may read" in told
    assert KEY not in told


@pytest.mark.parametrize(
    "text", ["", " \n", f"{KEY} x", f"{KEY}\n{OTHER}", f"{KEY}\0", f"{KEY}\x1b[2J", "ключ", "x" * (KEY_CHARS_MAX + 1)]
)
def test_what_is_no_key_is_not_quoted(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be nearly one."""
    ways = [(text, None, {}), (None, key_file(tmp_path, text), {}), (None, None, {IN_VARIABLE: text})]
    if "\n" not in text.strip():
        monkeypatch.setattr("sys.stdin", io.StringIO(text))
        ways.append((None, "-", {}))
    for api_key, file, environment in ways:
        with pytest.raises(TxnError, match="holds no API key") as refused:
            presented_key(api_key, file, url="http://x", environment=environment)
        assert "secret" not in str(refused.value)


def test_a_file_that_is_not_there_is_one_clear_error(tmp_path: Path) -> None:
    with pytest.raises(TxnError, match=r"cannot read .*: No such file"):
        presented_key(None, str(tmp_path / "none"), url=None, environment={})
