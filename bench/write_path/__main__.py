"""Measures single posts side by side, in interleaved rounds, and writes `bench/results/latest.json`.

Every application stands on the same server on one core; wrk and the Kinesis server have the other. Production
defaults are on for ours: authentication, limits, request ids, metrics. Ratios are medians over the rounds.
"""

import argparse
import asyncio
import json
import os
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from bench.write_path import bodies, servers, wrk
from bench.write_path.wrk import Load
from txn_cli.stack.datadir import DataDir
from txn_cli.stack.foundation import servers_running
from txn_core.api_keys import SCOPES, ApiKeyTable, mint
from txn_core.aws import Aws
from txn_core.bootstrap import bootstrap
from txn_core.dynamodb.tables import TableNames
from txn_core.identity import Account
from txn_core.settings import Settings

ROUNDS: Final = 7
SECONDS: Final = 5
WARM_UP_S: Final = 2
CONNECTIONS: Final = 256
BODIES: Final = 10_000
SHARDS: Final = 4
RESULTS: Final = Path(__file__).parents[1] / "results" / "latest.json"
NAMES: Final = ("ours", "bare", "hello", "put_record", "aiokpl")


@dataclass(frozen=True, slots=True)
class Result:
    """One measure against its bar."""

    measure: str
    ours: float
    peer: float
    ratio: float
    bar: str
    ok: bool


@dataclass(frozen=True, slots=True)
class Stage:
    """What stands ready for the rounds: the stream, the environment of our API, a key for it, and the bodies."""

    kinesis_url: str
    environment: dict[str, str]
    key: str
    lines: Path


def main() -> None:
    """Run everything, print the table, write the file."""
    parser = argparse.ArgumentParser(prog="python -m bench.write_path", description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=int, default=SECONDS, help="of each run")
    arguments = parser.parse_args()
    missing = [tool for tool in ("wrk", "taskset") if shutil.which(tool) is None]
    if missing:
        parser.exit(
            2, f"missing: {', '.join(missing)}; install wrk and util-linux from the distribution's packages\n"
        )
    results = asyncio.run(_measure(arguments.rounds, arguments.seconds))
    _print(results)
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps([asdict(result) for result in results], indent=1) + "\n")
    sys.exit(0 if all(result.ok for result in results) else 1)


async def _measure(rounds: int, seconds: int) -> list[Result]:
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        lines = work / "bodies.ndjson"
        bodies.write_lines(lines, BODIES)
        # Only DynamoDB of these is used: it holds the API key and the tables that the API opens.
        async with servers_running(DataDir.at(work / "servers")) as endpoints:
            with servers.kinesis("--shards", str(SHARDS), "--keep-records", "0") as kinesis_url:
                environment = _environment(kinesis_url, endpoints.dynamodb_url, endpoints.s3_url)
                environment |= {
                    "AWS_ACCESS_KEY_ID": endpoints.access_key,
                    "AWS_SECRET_ACCESS_KEY": endpoints.secret_key,
                    "AWS_DEFAULT_REGION": "us-east-1",
                }
                os.environ.update(environment)
                key = await _prepared(Settings.from_environment())
                stage = Stage(kinesis_url, environment, key, lines)
                return await asyncio.to_thread(_rounds, stage, rounds, seconds)


def _environment(kinesis_url: str, dynamodb_url: str, s3_url: str) -> dict[str, str]:
    keys = dict.fromkeys(("TXN_IDENTITY_KEY", "TXN_CURSOR_KEY", "TXN_DEAD_LETTER_KEY"), "a2V5" * 11)
    return dict(os.environ) | {
        **keys,
        "TXN_CARD_KEYS": json.dumps({"1": "a2V5" * 11}),
        "TXN_KINESIS_ENDPOINT_URL": kinesis_url,
        "TXN_DYNAMODB_ENDPOINT_URL": dynamodb_url,
        "TXN_S3_ENDPOINT_URL": s3_url,
    }


async def _prepared(settings: Settings) -> str:
    await bootstrap(settings)
    kept, presented = mint(account=Account("bench"), scopes=SCOPES)
    async with Aws(settings).dynamodb() as dynamodb:
        await ApiKeyTable(dynamodb, TableNames(settings.table_prefix).api_keys).put(kept)
    return presented


def _rounds(stage: Stage, rounds: int, seconds: int) -> list[Result]:
    loads: dict[str, list[Load]] = {name: [] for name in NAMES}
    with ExitStack() as stack:
        bases = {name: stack.enter_context(_served(name, stage)) for name in NAMES}
        scripts = {method: stage.lines.with_name(f"{method}.lua") for method in ("GET", "POST")}
        for method, script in scripts.items():
            bodies.write_script(script, method=method, key=stage.key, lines=stage.lines)
        for number in range(-1, rounds):
            for name in NAMES:
                script = scripts["GET" if name == "hello" else "POST"]
                duration = seconds if number >= 0 else WARM_UP_S
                load = wrk.run(
                    bases[name] + "/transactions",
                    script,
                    core=servers.LOAD_CORE,
                    connections=CONNECTIONS,
                    seconds=duration,
                )
                if number >= 0:
                    loads[name].append(load)
                    print(
                        f"round {number + 1} {name:11} {load.requests_per_s:8,.0f}/s p99 {load.p99_s * 1000:7.1f} ms "
                        f"{load.failures} failed",
                        file=sys.stderr,
                        flush=True,
                    )
    return _results(loads)


@contextmanager
def _served(name: str, stage: Stage) -> Iterator[str]:
    with servers.api(stage.environment) if name == "ours" else servers.peer(name, stage.kinesis_url) as base:
        yield base


def _results(loads: dict[str, list[Load]]) -> list[Result]:
    def rate(peer: str, at_least: float) -> Result:
        return _result(
            f"POST/s against {peer}", "requests_per_s", peer, lambda ratio: ratio >= at_least, f">= {at_least}"
        )

    def _result(measure: str, figure: str, peer: str, holds: Callable[[float], bool], bar: str) -> Result:
        ours, theirs = ([getattr(load, figure) for load in loads[name]] for name in ("ours", peer))
        ratio = statistics.median(a / b for a, b in zip(ours, theirs, strict=True))
        return Result(measure, statistics.median(ours), statistics.median(theirs), ratio, bar, holds(ratio))

    failures = sum(load.failures for load in loads["ours"])
    return [
        rate("put_record", 10),
        rate("aiokpl", 4),
        rate("hello", 1.25),
        rate("bare", 0.40),
        _result("p99 latency against put_record", "p99_s", "put_record", lambda ratio: ratio <= 0.2, "<= 0.2"),
        Result("failed requests of ours", failures, 0, 0, "0", failures == 0),
    ]


def _print(results: list[Result]) -> None:
    print("| Measure | Ours | Peer | Ratio | Bar | |\n|---|---|---|---|---|---|")
    for result in results:
        mark = "ok" if result.ok else "missed"
        figures = f"{result.ours:,.4g} | {result.peer:,.4g} | {result.ratio:.2f}"
        print(f"| {result.measure} | {figures} | {result.bar} | {mark} |")


if __name__ == "__main__":
    main()
