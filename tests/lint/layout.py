"""The rules of layout: folders that can be looked over, and one name for each module of a package."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath
from typing import Final

MODULES_MAX: Final = 20
"""Modules that a folder of a package holds at most, `__init__.py` apart."""

PACKAGES: Final = ("src/", "tests/", "bench/", "devkit/")


def crowded(files: Iterable[str]) -> Iterator[str]:
    """Folders of packages with more modules than can be looked over; `files` are named from the root on."""
    modules = [PurePosixPath(file) for file in files if file.startswith(PACKAGES) and file.endswith(".py")]
    counts = Counter(module.parent for module in modules if module.stem != "__init__")
    for folder, count in sorted(counts.items()):
        if count > MODULES_MAX:
            yield f"{folder} holds {count} modules: at most {MODULES_MAX}"


def namesakes(files: Iterable[str]) -> Iterator[str]:
    """Modules of one name within one package below `src/`."""
    found: dict[tuple[str, str], list[str]] = {}
    for file in files:
        path = PurePosixPath(file)
        if path.parts[0] == "src" and path.suffix == ".py" and not path.stem.startswith("__"):
            found.setdefault((path.parts[1], path.stem), []).append(file)
    for places in found.values():
        if len(places) > 1:
            yield f"{', '.join(sorted(places))}: one name for each module of a package"
