"""Runs seeds and says what was survived: `python -m tests.chaos --seeds 50`, or `--seeds first-last`.

Ends with 1 when a promise was broken. A failing seed keeps its schedule and its processes' logs in a folder.
"""

import argparse
import asyncio
import shutil
import sys
import tempfile
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.chaos.judging.tally import Tally
from tests.chaos.run import Report, run
from tests.chaos.schedule import LOAD_S, Schedule
from tests.chaos.system import Servers

SURVIVED_LEAST: Final = 10  # of each kind, in a run of fifty seeds
FULL_RUN: Final = 50


def main() -> None:
    """Run the seeds that are asked for."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seeds", type=seeds, default=seeds("50"), help="N for 0 to N-1, or FIRST-LAST")
    parser.add_argument("--load-s", type=float, default=LOAD_S, help="seconds of load a seed")
    parser.add_argument("--keep", type=Path, default=Path(".chaos"), help="where failing seeds leave their logs")
    parser.add_argument("--fan-out", action="store_true", help="let the drains read by enhanced fan-out")
    arguments = parser.parse_args()
    schedules = [Schedule.of(seed, arguments.load_s, fan_out=arguments.fan_out) for seed in arguments.seeds]
    sys.exit(0 if asyncio.run(_run_all(schedules, arguments.keep)) else 1)


def seeds(text: str) -> range:
    """The seeds of a count or of a range."""
    first, _, last = text.partition("-")
    return range(int(first), int(last) + 1) if last else range(int(first))


async def _run_all(chosen: Sequence[Schedule], keep: Path) -> bool:
    total, failed = Tally(), list[int]()
    with tempfile.TemporaryDirectory(prefix="txn-chaos-") as name:
        folder = Path(name)
        async with Servers.up(folder / "servers") as servers:
            for schedule in chosen:
                seed = schedule.seed
                report = await _run(servers, schedule, folder / f"chaos-{seed}")
                total.add(report.tally)
                _say(report)
                if report.failures:
                    failed.append(seed)
                    _keep(report, folder / f"chaos-{seed}", keep / f"seed-{seed}")
    print("\n".join(["", f"{len(chosen)} seeds", *total.lines()]))
    if len(chosen) >= FULL_RUN and not chosen[0].fan_out and (rare := total.short_of(SURVIVED_LEAST)):
        print("\n".join([f"met less often than {SURVIVED_LEAST} times:", *rare]))
    print(total.upshot())
    print(f"failed: {failed}" if failed else "No promise was broken.")
    return not failed


async def _run(servers: Servers, schedule: Schedule, folder: Path) -> Report:
    """A run. One that does not come to its end has failed, and the others go on."""
    try:
        return await run(servers, schedule, folder)
    except Exception:  # noqa: BLE001 - the outermost of the runner: whatever it was is told
        return Report(schedule, failures=traceback.format_exc().splitlines())


def _say(report: Report) -> None:
    seed, tally = report.schedule.seed, report.tally
    counts = (
        f"{tally.compared['acknowledged']:,} acknowledged, {tally.compared['refused']:,} refused, "
        f"{tally.compared['left in doubt']:,} left in doubt; {tally.kills.total()} kills, "
        f"{tally.zombies.total()} zombies ({tally.overtaken.total()} overtaken), "
        f"{tally.changes['shard split'] + tally.changes['shards merged']} reshards, "
        f"{tally.injected.total()} injected errors"
    )
    verdict = "FAILED" if report.failures else "passed"
    print(f"seed {seed} {verdict} in {report.seconds:.0f} s: {counts}", flush=True)
    if report.failures:
        print("\n".join(f"    {failure}" for failure in report.failures))
        fan_out = " --fan-out" if report.schedule.fan_out else ""
        print(f"    again: python -m tests.chaos --seeds {seed}-{seed}{fan_out}", flush=True)


def _keep(report: Report, folder: Path, kept: Path) -> None:
    shutil.rmtree(kept, ignore_errors=True)
    shutil.copytree(folder, kept)
    (kept / "schedule.txt").write_text("\n".join([*report.schedule.lines(), "", *report.failures, ""]))


if __name__ == "__main__":
    main()
