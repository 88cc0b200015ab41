"""The digest of the models: tables that were built by others are built whole again."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Final

from warehouse.dbt.dbt_process import PROJECT

SUFFIXES: Final = frozenset({".sql", ".yml", ".csv"})


@cache
def models_digest(project: Path = PROJECT) -> str:
    """32 hex digits that follow from the names and bytes of all files that decide what is built."""
    digest = hashlib.blake2b(digest_size=16)
    for path in sorted(project.rglob("*")):
        if path.suffix in SUFFIXES:
            body = path.read_bytes()
            digest.update(f"{path.relative_to(project).as_posix()} {len(body)}\n".encode() + body)
    return digest.hexdigest()
