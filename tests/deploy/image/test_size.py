"""The sizes of the image by what is installed here, so that a package that grows is noticed without a build."""

import re
import sysconfig
from dataclasses import replace
from importlib.metadata import distribution
from pathlib import Path
from typing import Final

import pytest
from deploy.image.build_image import VARIANTS, Variant
from deploy.image.trim import RULES, files_of, unneeded

ROOT = Path(__file__).parents[3]
SITE_PACKAGES = Path(sysconfig.get_path("purelib"))
STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib"))
BYTECODE: Final = 1.3
"""Bytes of bytecode for a byte of Python, measured over 2,000 modules."""
_PIN: Final = re.compile(r"^([a-z0-9._-]+)==\S+(?: ; ([^\\\n]*))?", re.MULTILINE)
_FOREIGN: Final = "win32"


def _pinned(lock: str) -> list[str]:
    """The distributions of a lock that Linux installs."""
    found = _PIN.findall((ROOT / "requirements" / f"{lock}.txt").read_text())
    return [name for name, marker in found if _FOREIGN not in marker]


def _files(variant: Variant) -> set[Path]:
    """What the variant installs, without what is trimmed. The image has no DuckDB, whatever is installed here."""
    rules = tuple(replace(rule, unless=None) for rule in RULES)
    trimmed = {file for path in unneeded(SITE_PACKAGES, rules) for file in files_of(path)}
    locks = ["runtime", *variant.extras.split()]
    names = {name for lock in locks for name in _pinned(lock)}
    listed = {Path(str(file.locate())) for name in names for file in distribution(name).files or ()}
    return {file for file in listed | set(files_of(ROOT / "src")) if "__pycache__" not in file.parts} - trimmed


def _mb(variant: Variant) -> float:
    sizes = {file: file.stat().st_size for file in _files(variant) if file.is_file()}
    python = sum(size for file, size in sizes.items() if file.suffix == ".py")
    [left_out] = re.findall(r"compileall .*-x '([^']+)'", (ROOT / "Dockerfile").read_text())
    compiled = (file for file in STANDARD_LIBRARY.rglob("*.py") if not re.search(left_out, str(file)))
    standard = sum(file.stat().st_size for file in compiled)
    return (sum(sizes.values()) + BYTECODE * (python + standard)) / 1e6


@pytest.mark.parametrize("variant", VARIANTS, ids=lambda variant: variant.tag)
def test_what_is_installed_fits_the_bound(variant: Variant) -> None:
    assert 50 < _mb(variant) <= variant.mb_max
