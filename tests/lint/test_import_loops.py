"""No module of ours is part of a loop, and a loop would be found."""

import sys
import tomllib
from itertools import pairwise
from pathlib import Path

import pytest

from tests.lint.import_loops import imports_of, loops

PYPROJECT = Path(__file__).parents[2] / "pyproject.toml"


def test_no_modules_import_each_other_in_a_loop() -> None:
    """In source packages, tests and measurements, imports for types and those inside functions included."""
    packages = tomllib.loads(PYPROJECT.read_text())["tool"]["importlinter"]["root_packages"]
    found = imports_of([*packages, "bench", "devkit", "tests"])
    assert {"bench.counted.loop", "devkit.site", "tests.lint.import_loops"} < found.keys()
    assert loops(found) == []


def test_loops_through_types_and_functions_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two modules by an import for types, three by one inside a function; one that only imports them is in none."""
    texts = {
        "__init__": "",
        "first": "from looped import second\n",
        "second": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from looped.first import Name\n",
        "third": "import looped.fourth\nimport looped.first\n",
        "fourth": "def late():\n    from looped import fifth\n",
        "fifth": "from looped import third\n",
        "sixth": "from looped import third, first\n",
    }
    folder = tmp_path / "looped"
    folder.mkdir()
    for name, text in texts.items():
        (folder / f"{name}.py").write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    found = loops(imports_of(["looped"]))
    monkeypatch.delitem(sys.modules, "looped", raising=False)
    names = [{module.removeprefix("looped.") for module in loop} for loop in found]
    assert sorted(names, key=len) == [{"first", "second"}, {"third", "fourth", "fifth"}]
    assert all(loop[0] == loop[-1] for loop in found)


def test_a_loop_reads_in_the_direction_of_its_imports() -> None:
    (loop,) = loops({"a": {"b"}, "b": {"c"}, "c": {"a"}})
    following = {"a": "b", "b": "c", "c": "a"}
    assert all(following[one] == other for one, other in pairwise(loop))
