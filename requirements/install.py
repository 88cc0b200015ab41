"""Installs locks of this folder and the project itself into an environment, and shows that it goes on.

Pip says nothing while it unpacks, which takes most of the time. So what pip says is passed on in short, and when pip
is silent for some seconds the size of the environment is told. Only the standard library is there at this time.
"""

import argparse
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final

FOLDER: Final = Path(__file__).parent
SILENCE_S_MAX: Final = 5.0
_TOLD: Final = re.compile(r"\s*((?:Downloading|Using cached) \S+ \(.*MB\)|Installing collected packages)")


def main() -> None:
    """Install what the command line names; the exit code comes from the step that failed, if any."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("sets", nargs="+", metavar="SET", help="locks to install: requirements/SET.txt")
    parser.add_argument("--into", type=Path, required=True, help="the environment, which is made if it is not there")
    parser.add_argument("--about", default="", help="what it will take, in words")
    arguments = parser.parse_args()
    began_s = time.monotonic()
    say(
        f"Installing {' and '.join(arguments.sets)} into {arguments.into}{arguments.about and f': {arguments.about}'}"
    )
    for step in steps(arguments.into, arguments.sets):
        if code := run(step, arguments.into):
            sys.exit(code)
    say(f"Installed: {megabytes(arguments.into)} MB in {arguments.into} after {time.monotonic() - began_s:.0f} s")


def steps(venv: Path, sets: Sequence[str]) -> Iterator[Sequence[str]]:
    """The commands: an environment if there is none, what the locks pin, and our own code as it stands here.

    Modules are compiled when they are first used: most never are, and all of them would take 45 MB.
    """
    if not (venv / "bin/pip").exists():  # which comes last, so that one cut off half-way is made again
        yield (sys.executable, "-m", "venv", str(venv))
    pip = (str(venv / "bin/python"), "-m", "pip", "install", "--no-compile", "--progress-bar", "off")
    locks = (option for name in sets for option in ("-r", str(FOLDER / f"{name}.txt")))
    yield (*pip, "--require-hashes", *locks)
    yield (*pip, "--no-deps", "--no-build-isolation", "--editable", str(FOLDER.parent))


def run(command: Sequence[str], venv: Path, silence_s_max: float = SILENCE_S_MAX) -> int:
    """Run a command and tell its news, or the environment's size when there is none; the command's exit code."""
    lines: SimpleQueue[str | None] = SimpleQueue()
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, errors="replace") as process:
        Thread(target=_read, args=(process, lines), daemon=True).start()
        told_s = time.monotonic()
        while True:
            try:
                line = lines.get(timeout=max(0.0, told_s + silence_s_max - time.monotonic()))
            except Empty:
                say(f"  {megabytes(venv)} MB so far, going on")
            else:
                if line is None:
                    return process.wait()
                if (news := _TOLD.match(line)) is None:
                    continue
                say(f"  {news[1]}")
            told_s = time.monotonic()


def megabytes(folder: Path) -> int:
    """The disk space of a folder in MiB, as `du -sm` counts it; files that vanish meanwhile do not count."""
    blocks: dict[int, int] = {}
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            try:
                found = os.lstat(Path(parent, name))
            except FileNotFoundError:
                continue
            blocks[found.st_ino] = found.st_blocks
    return -(-sum(blocks.values()) * 512 >> 20)


def say(line: str) -> None:
    """Say a line at once, also where standard output is a pipe."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _read(process: subprocess.Popen[str], lines: SimpleQueue[str | None]) -> None:
    for line in process.stdout or ():
        lines.put(line)
    lines.put(None)


if __name__ == "__main__":
    main()
