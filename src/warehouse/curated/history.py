"""From one snapshot of the curated table to a later one: a pure function that holds commits to the table's rules."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

from txn_core.exceptions import StoreError
from txn_core.transactions.instants import Instant, datetime_of
from warehouse.curated.table import Append, Commit, DataFile, Snapshot

GRACE: Final = timedelta(hours=1)
"""How long a removed file stays for readers of older snapshots."""


def advanced(snapshot: Snapshot, commits: Iterable[tuple[Commit, str]]) -> Snapshot:
    """The snapshot after further commits, each with the digest of its object.

    Raises:
        StoreError: a commit is missing, takes a raw object again, removes what is not there, or loses rows.
    """
    number = snapshot.number
    appends, files, vault = dict(snapshot.appends), dict(snapshot.files), dict(snapshot.vault)
    raw, removed = dict(snapshot.raw), dict(snapshot.removed)
    latest: Instant | None = None
    for commit, digest in commits:
        number += 1
        if commit.number != number:
            raise StoreError(f"commit {number} of the curated table is missing")
        if commit.kind == "append":
            rows = sum(each.rows for each in commit.raw)
            appends[number] = Append(number, rows, commit.committed_at, digest)
        _check(commit, raw, files, vault)
        raw |= {each.key: each.rows for each in commit.raw}
        for key in commit.removed:
            files.pop(key, None)
            vault.pop(key, None)
            removed[key] = commit.committed_at
        files |= {each.key: each for each in commit.data}
        vault |= {each.key: each for each in commit.vault}
        latest = commit.committed_at
    if latest is not None:
        removed = {key: at for key, at in removed.items() if not is_over(at, latest)}
    return Snapshot(number, appends, files, vault, raw, removed)


def is_over(removed_at: Instant, now: Instant) -> bool:
    """Whether nobody may still read a file that was removed at a moment."""
    return datetime_of(now) - datetime_of(removed_at) > GRACE


def _check(
    commit: Commit, raw: Mapping[str, int], files: Mapping[str, DataFile], vault: Mapping[str, DataFile]
) -> None:
    keys = [each.key for each in commit.raw]
    if len(set(keys)) != len(keys) or not raw.keys().isdisjoint(keys):
        raise StoreError(f"commit {commit.number} of the curated table takes a raw object again")
    if not all(key in files or key in vault for key in commit.removed):
        raise StoreError(f"commit {commit.number} of the curated table removes files that are not there")
    before = sum(each.rows for each in commit.raw) + sum(files[key].rows for key in commit.removed if key in files)
    if before != sum(each.rows for each in commit.data):
        raise StoreError(f"commit {commit.number} of the curated table does not keep the number of rows")
