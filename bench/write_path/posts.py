"""Single posts at 256 connections: requests a second and p99 against the peers and the limits of the server."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from bench.write_path import servers
from bench.write_path.load import wrk
from bench.write_path.load.wrk import Load
from bench.write_path.results import Bar, Result, at_least, at_most, compared, none_of, tell
from bench.write_path.servers import Served
from bench.write_path.stage import Plan, Stage

WARM_UP_S: Final = 2
CONNECTIONS: Final = 256
NAMES: Final = ("ours", "bare", "hello", "put_record", "aiokpl")


def measure(stage: Stage, plan: Plan) -> list[Result]:
    """All applications in turn, round by round, after a round that does not count."""
    loads: dict[str, list[Load]] = {name: [] for name in NAMES}
    with ExitStack() as stack:
        bases = {name: stack.enter_context(_served(name, stage)) for name in NAMES}
        for number in range(-1, plan.rounds):
            for name in NAMES:
                seconds, method = plan.seconds if number >= 0 else WARM_UP_S, "GET" if name == "hello" else "POST"
                load = _post(bases[name], stage, seconds, method)
                if number >= 0:
                    loads[name].append(load)
                    tell(f"posts round {number + 1} {name:11} {load}")
    return _results(loads)


def maximum_per_s(served: Served, stage: Stage, plan: Plan) -> float:
    """The posts a second that our API takes at most, after a run that does not count."""
    loads = (_post(served.base, stage, seconds) for seconds in (WARM_UP_S, plan.seconds))
    _, rate_per_s = (load.requests_per_s for load in loads)
    tell(f"at most {rate_per_s:,.0f} posts/s")
    return rate_per_s


def _post(base: str, stage: Stage, seconds: int, method: str = "POST") -> Load:
    return wrk.run(
        base + "/transactions",
        stage.script(method),
        core=servers.LOAD_CORE,
        connections=CONNECTIONS,
        seconds=seconds,
    )


@contextmanager
def _served(name: str, stage: Stage) -> Iterator[str]:
    with servers.api(stage.environment) if name == "ours" else servers.peer(name, stage.kinesis_url) as served:
        yield served.base


def _results(loads: dict[str, list[Load]]) -> list[Result]:
    def rate(peer: str, bar: Bar) -> Result:
        ours, theirs = ([load.requests_per_s for load in loads[name]] for name in ("ours", peer))
        return compared(f"POST/s at {CONNECTIONS} connections against {peer}", ours, theirs, bar)

    return [
        rate("put_record", at_least(10)),
        rate("aiokpl", at_least(4)),
        rate("hello", at_least(1.25)),
        rate("bare", at_least(0.40)),
        compared(
            f"p99 seconds of a POST at {CONNECTIONS} connections against put_record",
            [load.p99_s for load in loads["ours"]],
            [load.p99_s for load in loads["put_record"]],
            at_most(0.2),
        ),
        none_of("failed requests of ours in all rounds", sum(load.failures for load in loads["ours"])),
    ]
