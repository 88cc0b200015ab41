"""Loads in processes of their own, ended by SIGKILL before each of their statements: `python -m ... ENGINE=WHERE`.

A process of its own forks the loaders of all engines: what they need is imported once, and nothing in it runs threads
that a fork would lose. Prints as JSON, by engine, for each kill, what the ledger held afterwards.
"""

import json
import os
import random
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Self

import duckdb
from pyarrow.parquet import ParquetWriter

from tests.warehouse.landing.commits import MadeCommit, adverse_commits, batch_of
from tests.warehouse.landing.landings import (
    LEDGER,
    POSITIONS,
    LandingUnderTest,
    OnDuckDb,
    OnFiles,
    OnOltp,
    OnPostgres,
)
from warehouse.postgres.session import PostgresSession

COMMITS_A_LOAD = 2
STATEMENTS_MAX = 100
KILL_STRIDE = int(os.environ.get("KILL_STRIDE", "12"))
"""How many statements lie between two kills; `make kills` takes each."""


class Countdown:
    """Ends this process before its nth statement."""

    def __init__(self, left: int) -> None:
        self.left = left

    def tick(self) -> None:
        """Count a statement."""
        self.left -= 1
        if self.left < 0:
            os.kill(os.getpid(), signal.SIGKILL)


def counted(call: Callable[..., Any], countdown: Countdown) -> Callable[..., Any]:
    """The call behind a tick."""

    def ticking(*arguments: Any, **options: Any) -> Any:
        countdown.tick()
        return call(*arguments, **options)

    return ticking


class CountedConnection:
    """A connection to DuckDB whose statements are counted."""

    def __init__(self, connection: Any, countdown: Countdown) -> None:
        self._connection, self._countdown = connection, countdown

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._connection, name)
        return counted(call, self._countdown) if name in {"execute", "begin", "commit"} else call

    def cursor(self) -> "CountedConnection":
        return CountedConnection(self._connection.cursor(), self._countdown)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()


def stride_of(engine: str) -> int:
    """How many statements lie between two kills. A landing of files has few steps: each is one to be killed at."""
    return 1 if engine == "files" else KILL_STRIDE


def kill_at(statement: int) -> None:
    """Have this process end at a statement, or at a step of files, on either engine."""
    countdown = Countdown(statement)
    for name in ("execute", "rows", "append"):
        setattr(PostgresSession, name, counted(getattr(PostgresSession, name), countdown))
    for owner, name in ((Path, "replace"), (Path, "mkdir"), (ParquetWriter, "write_table")):
        setattr(owner, name, counted(getattr(owner, name), countdown))
    connect = duckdb.connect

    def connected(*arguments: Any, **options: Any) -> Any:
        return CountedConnection(connect(*arguments, **options), countdown)

    duckdb.connect = connected


def in_a_child(work: Callable[[], None]) -> int:
    """The process id of a child that does some work; it ends with 0 when that is done."""
    if pid := os.fork():
        return pid
    try:
        work()
        os._exit(0)
    finally:
        os._exit(1)


def load_all(place: LandingUnderTest, commits: list[MadeCommit]) -> None:
    """Everything in loads of a few commits."""
    landing = place.landing().open()
    for at in range(0, len(commits), COMMITS_A_LOAD):
        landing.load(batch_of(commits[at : at + COMMITS_A_LOAD]))
    landing.close()


def killed_at_each_statement(place: LandingUnderTest, stride: int) -> Iterator[tuple[list[Any], int]]:
    """The ledger and the count of rows behind a kill at each statement of opening and of the next load."""

    def one_load(statement: int) -> None:
        kill_at(statement)
        landing = place.landing().open()
        there = landing.loaded()
        missing = [each for each in adverse_commits() if each.append.name not in there]
        landing.load(batch_of(missing[:COMMITS_A_LOAD]))

    for statement in range(stride - 1, STATEMENTS_MAX, stride):
        _, status = os.waitpid(in_a_child(lambda n=statement: one_load(n)), 0)  # type: ignore[misc]
        ledger: list[Any] = []
        rows = 0
        with suppress(Exception):  # there may be no landing yet
            ledger, rows = place.rows(LEDGER), len(place.rows(POSITIONS))
        yield ledger, rows
        if not os.WIFSIGNALED(status):
            assert os.waitstatus_to_exitcode(status) == 0
            return
    raise AssertionError("a load has more statements than were tried")


def at_once(place: LandingUnderTest, loaders: int) -> list[int]:
    """Exit codes of loaders that bring in everything at once, each in its own order."""

    def load(seed: int) -> None:
        load_all(place, random.Random(seed).sample(adverse_commits(), len(adverse_commits())))

    pids = [in_a_child(lambda seed=seed: load(seed)) for seed in range(loaders)]  # type: ignore[misc]
    return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]


def place_of(engine: str, where: str) -> LandingUnderTest:
    """The landing of an engine."""
    of: dict[str, Callable[[], LandingUnderTest]] = {
        "duckdb": lambda: OnDuckDb(Path(where)),
        "postgres": lambda: OnPostgres(where),
        "files": lambda: OnFiles(Path(where)),
        "oltp": lambda: OnOltp(where),
    }
    return of[engine]()


def seen_at(engine: str, where: str) -> dict[str, Any]:
    """What was seen of a landing: kills of loads, and the ends of several that load what is left."""
    place = place_of(engine, where)
    kills = list(killed_at_each_statement(place, stride_of(engine)))
    return {"kills": kills, "exits": at_once(place, 2)}


def main(*places: str) -> None:
    """Kill loads of each engine; print what was seen."""
    adverse_commits()
    parted = (place.partition("=") for place in places)
    json.dump({engine: seen_at(engine, where) for engine, _, where in parted}, sys.stdout)


if __name__ == "__main__":
    main(*sys.argv[1:])
