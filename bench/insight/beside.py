"""Posts beside queries: p99 at half of the API's maximum, with and without 50 queries at once, in alternating rounds.

Three arrangements of the same processes on two cores:

- `same core`: the insight service has the API's core alone; load and stream have the other.
- `both cores`: the system places the insight service, as it does beside an API on a small machine.
- `apart`: the insight service has a core of its own; API, load and stream share the other.

The queries begin with a file that is new, so that nothing is kept. The endless one is among them in each round. A
latency counts from the moment at which its post was due. Load, stream and stores stand for other machines: where the
system permits it they go before the API and the insight service, and who asks the queries goes behind all.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bench.insight.endless import asked
from bench.insight.queries import QUERIES, Answers, choices, labels_of
from bench.insight.rounds import WARM_UP_S, Scene
from bench.insight.service import insight, niceness, peak_mib
from bench.process_stats import pinned, prioritise
from bench.write_path import servers
from bench.write_path.load import wrk
from bench.write_path.load.open_loop import posts
from bench.write_path.percentiles import percentile
from bench.write_path.posts import CONNECTIONS
from bench.write_path.results import Result, at_least, at_most, compared, counted, none_of, tell
from bench.write_path.servers import LOAD_CORE, MEASURED_CORE, Served
from bench.write_path.stage import Stage
from txn_cli.stack import ports

P99_RATIO_MAX: Final = 2.0
APART_RATIO_MAX: Final = 1.25
"""What is unchanged differs by this from one round to the next on a machine that others use, too."""
NICE: Final = 10
MEMORY_MIB_MAX: Final = 1_942.0
"""What the process is bound to: 500 MB for a query and two cubes each, and 512 MiB beside them."""
ELSEWHERE: Final = -10
"""The niceness of what stands for other machines."""
ENDLESS_INSIGHT: Final = ("bench.insight.endless",)


@dataclass(frozen=True, slots=True)
class Arrangement:
    """The cores of the API and of the insight service, and what the ratio of p99 is held to; the load's is one."""

    api: int
    insight: int | str
    ratio_max: float


ARRANGEMENTS: Final = {
    "same core": Arrangement(MEASURED_CORE, MEASURED_CORE, P99_RATIO_MAX),
    "both cores": Arrangement(MEASURED_CORE, servers.BOTH_CORES, P99_RATIO_MAX),
    "apart": Arrangement(LOAD_CORE, MEASURED_CORE, APART_RATIO_MAX),
}


@dataclass
class Rounds:
    """What rounds came to: p99 in seconds of the posts beside queries and alone, and what else was seen."""

    rate_per_s: float
    beside_s: list[float] = field(default_factory=list)
    alone_s: list[float] = field(default_factory=list)
    failures: int = 0
    answers: Answers = field(default_factory=Answers)
    peak_mib: float = 0.0
    nice: int = 0


def measure(stage: Stage, folder: Path, rounds: int, seconds: int, only: Sequence[str]) -> list[Result]:
    """All arrangements, or those that are named, one after the other."""
    found: list[Result] = []
    for name in only or ARRANGEMENTS:
        found += _results(name, ARRANGEMENTS[name].ratio_max, _measured(stage, folder, name, rounds, seconds))
    return found


def _measured(stage: Stage, folder: Path, name: str, rounds: int, seconds: int) -> Rounds:
    where, port, environment = ARRANGEMENTS[name], ports.choose(), stage.environment
    prioritise(0)
    with (
        servers.api(environment, where.api) as api,
        insight(
            environment, folder, port=port, origin=api.base, cores=where.insight, module=ENDLESS_INSIGHT
        ) as service,
        pinned(LOAD_CORE),
    ):
        prioritise(ELSEWHERE)
        requests = list(posts(f"{api.base}/transactions", stage.headers, stage.bodies()))
        scene = Scene(api, requests, service, stage.headers, folder)
        labels = labels_of(folder)
        seen = Rounds(_maximum_per_s(api, stage, seconds) / 2)
        tell(f"{name}: {seen.rate_per_s:,.0f} posts/s; load of the machine {os.getloadavg()[0]:.1f}")
        for number in range(rounds):
            chosen = choices(labels, QUERIES - len(asked()), seed=number)
            for queries in (False, True) if number % 2 else (True, False):
                replies = scene.posted(seen.rate_per_s, seconds, chosen if queries else (), seen.answers)
                latencies = [reply.latency_s for reply in replies]
                (seen.beside_s if queries else seen.alone_s).append(percentile(latencies, 99))
                seen.failures += sum(reply.status != 202 for reply in replies)
                tell(
                    f"{name} round {number + 1} {'beside' if queries else 'alone':6} of {len(replies):,} posts "
                    f"p50 {percentile(latencies, 50) * 1000:6.1f} ms, p99 {percentile(latencies, 99) * 1000:6.1f} ms"
                )
        seen.peak_mib, seen.nice = peak_mib(service.pid), niceness(service.pid)
    tell(f"{name}: {dict(seen.answers.outcomes)}, the last good answer after {seen.answers.longest_s:.1f} s")
    return seen


def _maximum_per_s(api: Served, stage: Stage, seconds: int) -> float:
    """The posts a second that the API takes at most where it is, after a run that does not count."""
    loads = [
        wrk.run(
            f"{api.base}/transactions", stage.script("POST"), core=LOAD_CORE, connections=CONNECTIONS, seconds=each
        )
        for each in (WARM_UP_S, seconds)
    ]
    return loads[-1].requests_per_s


def _results(name: str, ratio_max: float, seen: Rounds) -> list[Result]:
    outcomes = seen.answers.outcomes
    good = outcomes["200"] / outcomes.total()
    return [
        compared(
            f"{name}: p99 seconds of {seen.rate_per_s:,.0f} posts/s beside {QUERIES} queries at once, against none",
            seen.beside_s,
            seen.alone_s,
            at_most(ratio_max),
        ),
        none_of(f"{name}: posts that were not answered 202", seen.failures),
        none_of(f"{name}: wrong answers to queries {sorted(seen.answers.wrong)[:3]}", len(seen.answers.wrong)),
        counted(f"{name}: queries answered, of all ({said(seen.answers)})", good, 1, None),
        counted(f"{name}: niceness of the insight service", seen.nice, NICE, at_least(1)),
        compared(
            f"{name}: peak memory of the insight service, MiB, against its bound",
            [seen.peak_mib], [MEMORY_MIB_MAX], at_most(1), by="memory",
        ),
    ]  # fmt: skip


def said(answers: Answers) -> str:
    """What came how often."""
    return ", ".join(f"{count} of {outcome}" for outcome, count in sorted(answers.outcomes.items()))
