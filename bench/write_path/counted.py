"""The counted measures, in a process of their own: they stop its clocks and its garbage collector."""

import subprocess
import sys
from typing import Final

from pydantic import TypeAdapter

from bench.write_path.results import Result

RUN_S_MAX: Final = 600
_RESULTS: Final = TypeAdapter(list[Result])


def measure(name: str) -> list[Result]:
    """What `python -m bench.counted NAME` finds."""
    command = [sys.executable, "-m", "bench.counted", name, "--json"]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=RUN_S_MAX, check=True)
    return _RESULTS.validate_json(done.stdout)
