"""A scorer that has nothing to do: its share of a core over a minute."""

import tempfile
import time
from pathlib import Path
from typing import Final

from devkit.running_stack import RunningStack, running_stack

from bench.process_stats import cpu_s
from bench.write_path.results import Result, at_most, compared

SETTLED_S: Final = 20.0
SECONDS: Final = 60.0
SHARE_MAX: Final = 0.01


def measure() -> list[Result]:
    """A minute of a stack that nobody posts to, once its scorer has settled."""
    with tempfile.TemporaryDirectory() as folder, running_stack(Path(folder) / "data") as stack:
        time.sleep(SETTLED_S)
        share = _share(stack)
    name = f"idle scorer: share of a core over {SECONDS:.0f} s"
    return [compared(name, [share], [SHARE_MAX], at_most(1), by="CPU")]


def _share(stack: RunningStack) -> float:
    pid = stack.ready["pids"]["score"]
    began_s, before = time.perf_counter(), cpu_s(pid)
    time.sleep(SECONDS)
    return (cpu_s(pid) - before) / (time.perf_counter() - began_s)
