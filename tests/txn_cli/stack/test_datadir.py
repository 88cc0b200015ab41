"""The data directory: one holder, private files, whole documents."""

import resource
import stat
from dataclasses import replace
from pathlib import Path

import pytest

from txn_cli.stack.children.ready import Ready
from txn_cli.stack.credentials import Secrets
from txn_cli.stack.datadir import DataDir, read_json, write_private
from txn_core.exceptions import StackError


def test_a_second_holder_is_refused_in_one_line(tmp_path: Path) -> None:
    data_dir = DataDir.at(tmp_path / "stack")
    refused = pytest.raises(StackError, match=r"in use by another stack \(process \d+\): stop it, or name another")
    with data_dir.locked(), refused, data_dir.locked():
        pass
    with data_dir.locked():
        pass


def test_secrets_are_private_and_stay_the_same(tmp_path: Path) -> None:
    data_dir = DataDir.at(tmp_path)
    first = Secrets.of(data_dir)
    assert stat.S_IMODE(data_dir.secrets.stat().st_mode) == 0o600
    assert Secrets.of(data_dir) == first
    assert replace(first, api_key="key").stored(data_dir) == Secrets.of(data_dir)


def test_secrets_differ_between_data_directories_and_from_each_other(tmp_path: Path) -> None:
    one, other = (Secrets.of(DataDir.at(tmp_path / name)) for name in ("one", "other"))
    keys = [one.card_key, one.identity_key, one.cursor_key, one.dead_letter_key, one.secret_key]
    keys += [other.card_key, other.identity_key, other.cursor_key, other.dead_letter_key, other.secret_key]
    assert len(set(keys)) == len(keys)


def test_secrets_do_not_show_in_a_representation(tmp_path: Path) -> None:
    secrets = Secrets.of(DataDir.at(tmp_path))
    assert secrets.card_key not in f"{secrets!r}{secrets!s}"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"card_key": "only"}'])
def test_damaged_secrets_are_never_replaced(tmp_path: Path, text: str) -> None:
    """New keys would orphan everything that the old ones made."""
    data_dir = DataDir.at(tmp_path)
    data_dir.secrets.write_text(text)
    with pytest.raises(StackError):
        Secrets.of(data_dir)
    assert data_dir.secrets.read_text() == text


def test_a_failed_write_leaves_the_old_document_and_no_litter(tmp_path: Path) -> None:
    path = tmp_path / "document.json"
    write_private(path, {"a": 1})
    with pytest.raises(TypeError):
        write_private(path, {"a": object()})
    assert read_json(path) == {"a": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_a_write_to_a_full_disk_names_the_file(tmp_path: Path) -> None:
    """As of a disk that is full: setrlimit(2), RLIMIT_FSIZE. The error of write(2) names none."""
    path, before = tmp_path / "document.json", resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        with pytest.raises(OSError, match="File too large") as caught:
            write_private(path, {"a": 1})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.filename == str(path)
    assert list(tmp_path.iterdir()) == []


def test_ready_is_private_and_reads_back(tmp_path: Path) -> None:
    data_dir = DataDir.at(tmp_path)
    texts = ("api_url", "api_key", "kinesis_url", "dynamodb_url", "s3_url", "stream", "bucket")
    ready = Ready(**{name: name for name in (*texts, "access_key", "secret_key")}, pids={"api": 7})
    assert Ready.read(data_dir) is None
    ready.write(data_dir)
    assert stat.S_IMODE(data_dir.ready.stat().st_mode) == 0o600
    assert Ready.read(data_dir) == ready
    Ready.withdraw(data_dir)
    assert Ready.read(data_dir) is None
