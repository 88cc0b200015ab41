"""The locks: one an extra, all on the same pins, by hash, from no index in particular."""

import re
import tomllib
from pathlib import Path
from typing import Any, Final

import pytest

from tests.first_call.readme import ROOT

FOLDER: Final = ROOT / "requirements"
LOCKS: Final = sorted(FOLDER.glob("*.txt"))
ALONE: Final = {
    "checkov",
    "contract",
    "redshift",
    "spark",
    "athena",
}  # in environments of their own (docs/dependencies.md)
_PIN: Final = re.compile(r"^([a-z0-9._-]+)(?:\[[a-z0-9, _-]+\])?==(\S+)(?: ; .*?)? \\$", re.MULTILINE)


def project() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    return table


def extras() -> dict[str, list[str]]:
    found: dict[str, list[str]] = project()["optional-dependencies"]
    return found


def pins(lock: Path) -> dict[str, str]:
    return dict(_PIN.findall(lock.read_text()))


def names(requirements: list[str]) -> set[str]:
    """The libraries of requirements; those of an extra of ours are its own."""
    found = {re.split(r"[\[=<>!~ ;]", line)[0].replace(".", "-") for line in requirements}
    nested = re.findall(r"txn-api\[(\w+)\]", " ".join(requirements))
    return (found - {"txn-api"}).union(*(names(extras()[extra]) for extra in nested))


@pytest.mark.parametrize("extra", extras())
def test_an_extra_s_lock_has_its_libraries_on_top_of_what_the_service_needs(extra: str) -> None:
    needed = names(extras()[extra])
    assert needed <= pins(FOLDER / f"{extra}.txt").keys()
    assert pins(FOLDER / "runtime.txt").items() <= pins(FOLDER / f"{extra}.txt").items()
    assert not needed & pins(FOLDER / "runtime.txt").keys()


def test_what_the_service_needs_is_locked() -> None:
    assert names(project()["dependencies"]) <= pins(FOLDER / "runtime.txt").keys()


@pytest.mark.parametrize("lock", [lock for lock in LOCKS if lock.stem not in ALONE], ids=lambda lock: lock.stem)
def test_any_locks_go_together_in_one_environment(lock: Path) -> None:
    everything = pins(FOLDER / "dev.txt")
    assert {name: pin for name, pin in pins(lock).items() if everything.get(name, pin) != pin} == {}


def test_development_has_every_extra() -> None:
    for extra in extras():
        assert pins(FOLDER / f"{extra}.txt").items() <= pins(FOLDER / "dev.txt").items()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.stem)
def test_every_pin_has_hashes_and_no_place_to_come_from(lock: Path) -> None:
    text = lock.read_text()
    for requirement in re.split(r"\n(?=\S)", text.strip()):
        assert _PIN.match(requirement), requirement.splitlines()[0]
        assert "--hash=sha256:" in requirement
    assert "://" not in text
    assert "--index" not in text


def test_the_image_s_extras_are_there() -> None:
    [default] = re.findall(r'^ARG EXTRAS="(.*)"$', (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert set(default.split()) <= extras().keys()


def test_make_lock_makes_every_extra_s_lock() -> None:
    [extras_made] = re.findall(r"^EXTRAS := (.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert sorted(extras_made.split()) == sorted(extras())
