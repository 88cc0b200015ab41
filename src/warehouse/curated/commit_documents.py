"""Commits and snapshots as the JSON of their objects, and back.

Keys of raw objects share their folder and differ in 30 digits, so a snapshot holds them by folder, and is compressed.
"""

import gzip
import hashlib
import json
import zlib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from typing import Any, Final

from txn_core.exceptions import StoreError
from txn_core.transactions.instants import Instant
from warehouse.curated.table import Append, Commit, DataFile, RawObject, Snapshot

FORMAT: Final = 1


def commit_bytes(commit: Commit) -> bytes:
    """A commit as its object."""
    return _json({"format": FORMAT, **asdict(commit)}).encode()


def commit_of(data: bytes, key: str = "a commit") -> Commit:
    """The commit of an object, whose key stands in the text of the error.

    Raises:
        StoreError: it is none, or one of a later version of us.
    """
    with _told(key, "put it back from a backup, or from an earlier version of the object"):
        document = _document(data)
        return Commit(
            raw=tuple(RawObject(**each) for each in document.pop("raw")),
            data=tuple(_file(each) for each in document.pop("data")),
            vault=tuple(_file(each) for each in document.pop("vault")),
            removed=tuple(document.pop("removed")),
            **document,
        )


def digest_of(data: bytes) -> str:
    """The digest of a commit's object, 64 hex digits."""
    return hashlib.sha256(data).hexdigest()


def snapshot_bytes(snapshot: Snapshot) -> bytes:
    """A snapshot as its object: the same bytes for the same snapshot."""
    folders: defaultdict[str, dict[str, int]] = defaultdict(dict)
    for key, rows in sorted(snapshot.raw.items()):
        folder, _, name = key.rpartition("/")
        folders[folder][name] = rows
    document = {
        "format": FORMAT,
        "number": snapshot.number,
        "appends": [asdict(each) for each in snapshot.appends.values()],
        "data": [asdict(each) for each in snapshot.files.values()],
        "vault": [asdict(each) for each in snapshot.vault.values()],
        "raw": folders,
        "removed": snapshot.removed,
    }
    return gzip.compress(_json(document).encode(), mtime=0)


def snapshot_of(data: bytes, key: str = "a snapshot") -> Snapshot:
    """The snapshot of an object, whose key stands in the text of the error.

    Raises:
        StoreError: it is none, or one of a later version of us.
    """
    with _told(key, "delete it: the commits say the same, and a later run writes a snapshot again"):
        document = _document(gzip.decompress(data))
        folders = document["raw"].items()
        return Snapshot(
            number=document["number"],
            appends={each["number"]: Append(**each) for each in document["appends"]},
            files={each["key"]: _file(each) for each in document["data"]},
            vault={each["key"]: _file(each) for each in document["vault"]},
            raw={f"{folder}/{name}": rows for folder, names in folders for name, rows in names.items()},
            removed={key: Instant(at) for key, at in document["removed"].items()},
        )


@contextmanager
def _told(key: str, remedy: str) -> Iterator[None]:
    """Say of an object that is no document of ours that it is none, and what to do.

    Raises:
        StoreError: it is none.
    """
    try:
        yield
    except (ValueError, KeyError, TypeError, AttributeError, EOFError, OSError, zlib.error) as error:
        raise StoreError(f"{key} is damaged ({type(error).__name__}): {remedy}") from None


def _document(data: bytes) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(data)
    if (version := document.pop("format", None)) != FORMAT:
        raise StoreError(
            f"the curated table has commits of format {version}, and this version knows {FORMAT}: update"
        )
    return document


def _file(document: dict[str, Any]) -> DataFile:
    return replace(DataFile(**document), appends=tuple(document["appends"]))


def _json(document: object) -> str:
    return json.dumps(document, separators=(",", ":"))
