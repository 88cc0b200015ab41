"""Lists of a hundred transactions: requests a second on one core against the plain way, round by round."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlencode

from bench.process_stats import cpu_s
from bench.reads.site import MERCHANT, PURCHASE, REFUNDS, Index, plain, site
from bench.write_path import servers
from bench.write_path.load import wrk
from bench.write_path.results import Result, at_least, at_most, compared, none_of, tell
from bench.write_path.servers import Served

CONNECTIONS: Final = 32
LIMIT: Final = 100
WARM_UP_S: Final = 2
OURS: Final = "ours"
PEERS: Final = ("aioboto3", "boto3")
BAR: Final = 3
RELATED_BAR: Final = 1.5
_SCRIPT: Final = """\
wrk.headers["Authorization"] = "Bearer {key}"
local paths, requests, next = {{ {paths} }}, {{}}, 0
function init(args)
  for number, path in ipairs(paths) do requests[number] = wrk.format("GET", path) end
end
function request()
  next = next % #requests + 1
  return requests[next]
end
"""


def measure(rounds: int, seconds: int) -> list[Result]:
    """By card (one query of the index) and by merchant (one of each write shard)."""
    found: list[Result] = []
    with site() as stage, TemporaryDirectory() as folder, ExitStack() as stack:
        served = {name: stack.enter_context(_served(name, stage)) for name in (OURS, *PEERS)}
        paths = {
            "card": [_path(card_id=card_id) for card_id in stage.card_ids],
            "merchant": [_path(merchant_name=MERCHANT)],
        }
        for subject, asked in paths.items():
            script = Path(folder) / f"{subject}.lua"
            script.write_text(_SCRIPT.format(key=stage.key, paths=", ".join(f'"{path}"' for path in asked)))
            found += _compared(subject, served, script, rounds, seconds)
        found += _related(served[OURS], stage.key, Path(folder), rounds, seconds)
    return found


def _related(served: Served, key: str, folder: Path, rounds: int, seconds: int) -> list[Result]:
    """The refunds of a purchase against the look-up of the purchase itself, which sums them up."""
    paths = {"by_id": f"/transactions/{PURCHASE}", "related": f"/transactions/{PURCHASE}/related"}
    runs: dict[str, list[_ListRun]] = {name: [] for name in paths}
    for number in range(-1, rounds):
        for name, path in paths.items():
            script = folder / f"{name}.lua"
            script.write_text(_SCRIPT.format(key=key, paths=f'"{path}"'))
            run = _run(served, script, seconds if number >= 0 else WARM_UP_S)
            tell(f"{name} round {number + 1} {run.requests_per_s:6.0f}/s, CPU {run.cpu_us:6.0f} us each")
            if number >= 0:
                runs[name].append(run)
    what = f"GET of what refers to a purchase with {REFUNDS} refunds"
    costs = {name: [run.cpu_us for run in ran] for name, ran in runs.items()}
    rates = {name: [run.requests_per_s for run in ran] for name, ran in runs.items()}
    return [
        compared(
            f"{what}, CPU us against a look-up by id",
            costs["related"],
            costs["by_id"],
            at_most(RELATED_BAR),
            by="CPU",
        ),
        compared(
            f"{what}, requests/s against a look-up by id", rates["related"], rates["by_id"], at_least(1 / RELATED_BAR)
        ),
        none_of(f"{what} that failed", sum(run.failures for ran in runs.values() for run in ran)),
    ]


@dataclass(frozen=True, slots=True)
class _ListRun:
    """One timed run. CPU time says the same as requests/s where a process has its core to itself, and still something
    where it has not.
    """

    requests_per_s: float
    cpu_us: float
    failures: int


def _compared(subject: str, served: dict[str, Served], script: Path, rounds: int, seconds: int) -> list[Result]:
    runs: dict[str, list[_ListRun]] = {name: [] for name in served}
    for number in range(-1, rounds):
        for name, one in served.items():
            run = _run(one, script, seconds if number >= 0 else WARM_UP_S)
            tell(f"{subject} round {number + 1} {name:8} {run.requests_per_s:6.0f}/s, CPU {run.cpu_us:6.0f} us each")
            if number >= 0:
                runs[name].append(run)
    what = f"GET of {LIMIT} transactions of a {subject}"
    rates = {name: [run.requests_per_s for run in ran] for name, ran in runs.items()}
    costs = {name: [run.cpu_us for run in ran] for name, ran in runs.items()}
    return [
        *(compared(f"{what}, requests/s against {peer}", rates[OURS], rates[peer], at_least(BAR)) for peer in PEERS),
        *(
            compared(f"{what}, CPU us against {peer}", costs[OURS], costs[peer], at_most(1 / BAR), by="CPU")
            for peer in PEERS
        ),
        none_of(f"{what} that failed", sum(run.failures for run in runs[OURS])),
    ]


def _run(served: Served, script: Path, seconds: int) -> _ListRun:
    before = cpu_s(served.pid)
    load = wrk.run(served.base, script, core=servers.LOAD_CORE, connections=CONNECTIONS, seconds=seconds)
    used_s = cpu_s(served.pid) - before
    if not load.requests_per_s:
        raise RuntimeError("nothing was answered")
    return _ListRun(load.requests_per_s, used_s / (load.requests_per_s * seconds) * 1e6, load.failures)


@contextmanager
def _served(name: str, stage: Index) -> Iterator[Served]:
    with servers.api(stage.environment) if name == OURS else plain(name, stage) as served:
        yield served


def _path(**selector: str) -> str:
    return "/transactions?" + urlencode({**selector, "limit": LIMIT})
