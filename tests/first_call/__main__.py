"""`make first-call`: clones the repository as it is committed, runs what the README says up to the first post and its
look-ups, and tells how long that took, how large `.venv` is and how long the demo was silent. Ends with 1 when a
command fails, the post is not answered 202, or one of these is beyond its bar.

Everything is on 127.0.0.1 but the installing, for which pip and npm use what they have cached, or the network.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from requirements.install import megabytes

from tests.first_call.output import Silences, Watch
from tests.first_call.readme import ROOT, blocks, demo_command

READY_S_MAX: Final = 900.0  # the first start installs everything
END_S_MAX: Final = 60.0
VISIBLE_S_MAX: Final = 10.0
FIRST_LINE_S_MAX: Final = 5.0
SILENCE_S_MAX: Final = 15.0
VENV_MB_MAX: Final = 700
LAST_LINE: Final = "Ready. Ctrl-C"
LOOK_UPS_WORK: Final = '"transaction_id":"my-first-transaction"'


def main() -> None:
    """Do what a stranger would, and print the times."""
    parser = argparse.ArgumentParser(prog="python -m tests.first_call", description=__doc__)
    parser.add_argument("--seconds-max", type=float, default=180.0, help="from the clone to the 202")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        clone = Path(folder) / "txn-api"
        began = time.perf_counter()
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        with _demo(clone) as watch:
            _say(began, f"`{demo_command()}` is ready")
            post, look_ups = blocks("First call")
            answer = _answers(clone, post)[-1]
            posted_s = time.perf_counter() - began
            _say(began, f"posted: {answer}")
            _look_up(clone, f"{post}\n{look_ups}")
            _say(began, "looked up by id, by merchant, and as CSV")
            if not watch.wait(READY_S_MAX):
                raise SystemExit(f"the demo never said {LAST_LINE!r}")
            _say(began, "all is shown")
        _say(began, "stopped")
        size_mb = megabytes(clone / ".venv")
    _say(began, f"done: {posted_s:.0f} s from clone to a successful post, 0 dead ends")
    seemly = _seemly(watch.silences, size_mb)
    sys.exit(0 if posted_s <= arguments.seconds_max and "sequence_number" in answer and seemly else 1)


def _seemly(silences: Silences, size_mb: int) -> bool:
    """Print what the demo takes and how long it is silent; whether that is within the bars."""
    first_s, longest_s = silences.first_s or 0.0, silences.longest_s
    sys.stdout.write(
        f".venv: {size_mb} MB (at most {VENV_MB_MAX}); first line after {first_s:.1f} s (at most "
        f"{FIRST_LINE_S_MAX:.0f}), longest silence {longest_s:.1f} s (at most {SILENCE_S_MAX:.0f})\n"
    )
    return size_mb <= VENV_MB_MAX and first_s <= FIRST_LINE_S_MAX and longest_s <= SILENCE_S_MAX


def _look_up(clone: Path, script: str) -> None:
    """Look up until the index has it, which takes a moment; the post is repeated, which is safe."""
    deadline = time.perf_counter() + VISIBLE_S_MAX
    while True:
        by_id, *others = _lines(clone, script)[1:]
        if LOOK_UPS_WORK in by_id.replace(" ", "") and any(line.startswith('"my-first-') for line in others):
            return
        if time.perf_counter() > deadline:
            raise SystemExit(f"not found after {VISIBLE_S_MAX:.0f} s: {by_id}")
        time.sleep(0.5)


def _answers(clone: Path, script: str) -> list[dict[str, Any]]:
    """The JSON documents that a block prints, a line each."""
    return [json.loads(line) for line in _lines(clone, script)]


def _lines(clone: Path, script: str) -> list[str]:
    done = subprocess.run(
        ["bash", "-e", "-u", "-o", "pipefail", "-c", script],
        cwd=clone,
        env=_environment(),
        check=True,
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    return [line for line in done.stdout.splitlines() if line.strip()]


@contextmanager
def _demo(clone: Path) -> Iterator[Watch]:
    """The README's first command, until its system answers; stopped by Ctrl-C at the end."""
    path = clone.parent / "demo.log"
    with path.open("w+") as log, Watch(path, LAST_LINE) as watch:
        demo = subprocess.Popen(
            demo_command().split(), cwd=clone, env=_environment(), stdout=log, stderr=log, start_new_session=True
        )
        try:
            deadline = time.perf_counter() + READY_S_MAX
            while not (clone / ".txn/ready.json").exists():
                if demo.poll() is not None or time.perf_counter() > deadline:
                    log.seek(0)
                    raise SystemExit(f"the demo did not start:\n{log.read()[-4_000:]}")
                time.sleep(0.2)
            yield watch
        finally:
            if demo.poll() is None:
                os.killpg(demo.pid, signal.SIGINT)
            demo.wait(END_S_MAX)


def _environment() -> dict[str, str]:
    """A stranger's: nothing of the environment that runs this."""
    ours = ("TXN_", "AWS_", "PYTHON", "VIRTUAL_ENV", "MAKE", "MFLAGS")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def _say(began: float, what: str) -> None:
    sys.stdout.write(f"{time.perf_counter() - began:6.1f} s  {what}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
