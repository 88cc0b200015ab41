"""From a 202 to the alert by GET on a local stack with 50 single posts a second."""

import asyncio
import tempfile
from pathlib import Path
from typing import Final

from devkit.running_stack import RunningStack, percentiles, running_stack

from bench.drains.posting import Load
from bench.scorer.alert_probes import PAUSE_S, activate_rule, alerted_s
from bench.write_path.results import Result, at_most, compared, none_of, tell

RATE: Final = 50.0
PROBES: Final = 150
WARM_UP_S: Final = 5.0
P50_S_MAX: Final = 1.0
P99_S_MAX: Final = 3.0


def measure() -> list[Result]:
    """One stack, one run."""
    with tempfile.TemporaryDirectory() as folder, running_stack(Path(folder) / "data") as stack:
        activate_rule(stack, Path(folder))
        return asyncio.run(_measure(stack))


async def _measure(stack: RunningStack) -> list[Result]:
    load = Load(stack)
    loading = asyncio.create_task(load.run(RATE, PROBES * PAUSE_S + 6 * WARM_UP_S, probing=False))
    await asyncio.sleep(WARM_UP_S)
    seconds = await alerted_s(stack, "alert", PROBES)
    load.stop()
    run = await loading
    p50, p99 = percentiles(seconds)
    tell(f"latency: {len(seconds)} alerts, p50 {p50:.2f} s, p99 {p99:.2f} s, beside {run.accepted} posts")
    return [
        compared(f"202 to the alert by GET at {RATE:.0f} posts/s, p50, s", [p50], [P50_S_MAX], at_most(1)),
        compared("the same, p99, s", [p99], [P99_S_MAX], at_most(1)),
        none_of("posts meanwhile that were not accepted", run.refused),
    ]
