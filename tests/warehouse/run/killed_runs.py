"""Runs as processes, killed where a seed says."""

import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from warehouse.dbt.environment import dbt_program

NODES: Final = 30
"""Models of a build."""
PAUSE_S: Final = 0.005

Way = Literal["in load", "in build", "in publish", "two at once", "to its end"]
WAYS: Final[tuple[Way, ...]] = (
    "in load",
    "in build",
    "in build",
    "in build",
    "in publish",
    "two at once",
    "to its end",
)


@dataclass(frozen=True)
class Runs:
    """The runs of a seed: in a folder, and on PostgreSQL where there is an address."""

    seed: int
    folder: Path
    url: str

    def run(self, rng: random.Random, numbers: Sequence[int], way: Way) -> None:
        """Run once, in one of the ways."""
        if way == "two at once":
            half = len(numbers) // 2
            for process in (self._begun(numbers[:half]), self._begun(numbers[half:])):
                _ended(process)
            return
        process, done = self._begun(numbers), self._models_built()
        if way == "to its end":
            _ended(process)
            return
        _until(process, "load" if way == "in load" else "build")
        if way == "in build":
            wanted = done + rng.randrange(NODES)
            _wait_for(process, lambda: self._models_built() >= wanted)
        elif way == "in publish":
            _wait_for(process, lambda: self._models_built() >= done + NODES)
        time.sleep(rng.random() * 0.05)
        process.kill()
        process.communicate()

    def _begun(self, numbers: Sequence[int]) -> "subprocess.Popen[str]":
        arguments = (str(self.seed), str(self.folder), str(dbt_program()), self.url, *map(str, numbers))
        command = (sys.executable, "-m", "tests.warehouse.run.one_run", *arguments)
        return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)

    def _models_built(self) -> int:
        """Models of all builds so far."""
        logs = self.folder.glob("work/*/logs/dbt.log")
        return sum(log.read_text(errors="replace").count(" OK created ") for log in logs)


def plan(rng: random.Random, numbers: Sequence[int]) -> Iterator[tuple[Sequence[int], Way]]:
    """Commits in random order, one to five a run, in random ways; at the end a run of all.

    Every other seed begins with a run before there is any commit.
    """
    if rng.random() < 0.5:
        yield (), "to its end"
    left = rng.sample(numbers, len(numbers))
    while left:
        part, left = left[: (count := rng.randrange(1, 6))], left[count:]
        yield part, rng.choice(WAYS)
    yield numbers, "to its end"


def short_plan(numbers: Sequence[int]) -> Iterator[tuple[Sequence[int], Way]]:
    """One run that is killed in its build, and one that loads the rest."""
    yield numbers[::2], "in build"
    yield numbers, "to its end"


def _wait_for(process: "subprocess.Popen[str]", condition: Callable[[], bool]) -> None:
    while process.poll() is None and not condition():
        time.sleep(PAUSE_S)


def _until(process: "subprocess.Popen[str]", step: str) -> None:
    assert process.stdout is not None
    while (line := process.stdout.readline()) and line != f"{step}\n":
        pass


def _ended(process: "subprocess.Popen[str]") -> None:
    process.communicate()
    assert process.returncode == 0
