"""Lists of a hundred transactions: requests a second on one core against the plain way, round by round."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from urllib.parse import urlencode

from bench.process_stats import cpu_s
from bench.reads.site import MERCHANT, Site, plain, site
from bench.write_path import servers, wrk
from bench.write_path.results import Result, at_least, compared, none_of, tell
from bench.write_path.servers import Served
from bench.write_path.wrk import Load

CONNECTIONS: Final = 32
LIMIT: Final = 100
WARM_UP_S: Final = 2
OURS: Final = "ours"
PEERS: Final = ("aioboto3", "boto3")
BAR: Final = at_least(3)
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
    return found


def _compared(subject: str, served: dict[str, Served], script: Path, rounds: int, seconds: int) -> list[Result]:
    loads: dict[str, list[Load]] = {name: [] for name in served}
    for number in range(-1, rounds):
        for name, one in served.items():
            load = _loaded(one, script, seconds if number >= 0 else WARM_UP_S, f"{subject} round {number + 1} {name}")
            if number >= 0:
                loads[name].append(load)
    rates = {name: [load.requests_per_s for load in ran] for name, ran in loads.items()}
    return [
        *(
            compared(
                f"GET of {LIMIT} transactions of a {subject}, requests/s against {peer}",
                rates[OURS],
                rates[peer],
                BAR,
            )
            for peer in PEERS
        ),
        none_of(f"look-ups by {subject} that failed", sum(load.failures for load in loads[OURS])),
    ]


def _loaded(served: Served, script: Path, seconds: int, what: str) -> Load:
    before = cpu_s(served.pid)
    load = wrk.run(served.base, script, core=servers.LOAD_CORE, connections=CONNECTIONS, seconds=seconds)
    used = cpu_s(served.pid) - before
    cost_us = used / (load.requests_per_s * seconds) * 1e6
    figures = f"{load.requests_per_s:7.0f}/s, core {used / seconds:4.0%}, {cost_us:6.0f} us each"
    tell(f"{what:28} {figures}, {load.failures} failed")
    return load


@contextmanager
def _served(name: str, stage: Site) -> Iterator[Served]:
    with servers.api(stage.environment) if name == OURS else plain(name, stage) as served:
        yield served


def _path(**selector: str) -> str:
    return "/transactions?" + urlencode({**selector, "limit": LIMIT})
