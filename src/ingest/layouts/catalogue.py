"""The layouts that come along, and those of users' own files."""

import re
import tomllib
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Final

from pydantic import ValidationError

from ingest.files.file_errors import cannot_read
from ingest.layouts.layout_errors import LayoutError
from ingest.layouts.model import Layout

# In the order in which a file's header is held against them.
PACKAGED: Final = ("kaggle", "sparkov", "bank")
FILE_BYTES_MAX: Final = 64 << 10

_Table = dict[str, object]


@lru_cache(1)
def packaged_layouts() -> tuple[Layout, ...]:
    """The layouts that come along."""
    return tuple(_layout(_packaged(name), name) for name in PACKAGED)


def layout_named(name: str) -> Layout:
    """A layout that comes along, by its name, or the one in a TOML file, by its path.

    Raises:
        LayoutError: there is none, or the file holds none.
    """
    for layout in packaged_layouts():
        if layout.name == name:
            return layout
    path = Path(name)
    if path.suffix != ".toml":
        raise LayoutError(
            f"there is no layout {name}: {', '.join(PACKAGED)}, or the path of a file that ends in .toml"
        )
    try:
        with path.open("rb") as file:
            content = file.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise LayoutError(cannot_read(f"the layout {name}", error)) from None
    if len(content) > FILE_BYTES_MAX:
        raise LayoutError(f"the layout {name} is longer than {FILE_BYTES_MAX >> 10} KiB")
    try:
        table = tomllib.loads(content.decode())
    except ValueError as error:  # of TOML as of UTF-8
        reason = error if isinstance(error, tomllib.TOMLDecodeError) else "not UTF-8"
        raise LayoutError(f"the layout {name} is not TOML: {reason}") from None
    return _layout({"name": re.sub(r"[^A-Za-z0-9_.-]", "-", path.stem)[:64]} | table, name)


def _packaged(name: str) -> _Table:
    return tomllib.loads(files("ingest.layouts").joinpath(f"{name}.toml").read_text("utf-8"))


def _layout(table: _Table, source: str) -> Layout:
    try:
        return Layout.model_validate(_extended(table, source))
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place = ".".join(map(str, first["loc"])) or "the layout"
        message = first["msg"].removeprefix("Value error, ")
        raise LayoutError(f"the layout {source} does not fit: {place}: {message}") from None


def _extended(table: _Table, source: str) -> _Table:
    """A table with all that it takes over from the layout that it extends."""
    table = dict(table)
    if (base := table.pop("extends", None)) is None:
        return table
    if base not in PACKAGED:
        raise LayoutError(f"the layout {source} does not fit: extends: must be one of {', '.join(PACKAGED)}")
    return _merged(_extended(_packaged(str(base)), source), table)


def _merged(base: Mapping[str, object], over: Mapping[str, object]) -> _Table:
    """The tables as one: what stands in both is taken from `over`, tables in it again part by part."""
    merged = dict(base)
    for name, value in over.items():
        below = merged.get(name)
        if isinstance(value, dict) and below is not None and not _is_tables(below):
            # A column that is given by its name alone.
            below = below if isinstance(below, dict) else {"column": below}
            if "value" in value:
                below = {key: part for key, part in below.items() if key != "column"}
            elif "column" in value:
                below = {key: part for key, part in below.items() if key != "value"}
            merged[name] = _merged(below, value)
        elif isinstance(value, str) and isinstance(below, dict):
            merged[name] = {key: part for key, part in below.items() if key != "value"} | {"column": value}
        else:
            merged[name] = value
    return merged


def _is_tables(value: object) -> bool:
    """Whether it is a list of tables, which is taken or replaced as a whole."""
    return isinstance(value, list) and any(isinstance(part, dict) for part in value)
