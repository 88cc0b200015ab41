"""Measures three drains on one shard with the limits of AWS, into bench/results/fan-out.json.

The shard takes in 0.9 MB/s. Once all three poll: together they want 2.7 of the 2 MB/s that the shard gives to all who
poll it. Once each is pushed to, by a registered consumer. Our Kinesis server is a process of its own and pushes 70 ms
after an arrival at the latest, as AWS does on average. Each drain runs in its real host, with leases in the local
DynamoDB, and notes when it was handed a record; time counts from the answer of PutRecords, on which the API's 202
follows at once. What a view then needs to write it is the same for both, and is not in it.
"""

import argparse
import asyncio
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from devkit.local_servers import servers_running
from devkit.site import Site

from bench.fan_out.noting import DRAINS, Handed, registered
from bench.write_path import results, servers
from bench.write_path.results import Result, at_most, counted, none_of, tell
from txn_cli.stack import ports
from txn_cli.stack.datadir import DataDir
from txn_cli.status.drain import Status
from txn_cli.status.observer import Observer
from txn_cli.status.process_urls import ProcessUrls
from txn_core.aws.clients import Aws
from txn_core.bootstrap import bootstrap
from txn_core.drains import REGISTRY
from txn_core.settings import Settings
from workers.hosts.process import work

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

RESULTS: Final = Path(__file__).parents[1] / "results" / "fan-out.json"
BYTES_PER_S: Final = 900_000
PUTS_PER_S: Final = 20
RECORD: Final = bytes(9_000)
BEHIND_S: Final = 1.0  # who has not been handed what was put so long ago has fallen behind
STARTING_S_MAX: Final = 60.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What a run came to: the delays of each drain, how far it was behind at the end, and what status said of it."""

    delays_s: Mapping[str, list[float]]
    behind_s: Mapping[str, float]
    held_up: Mapping[str, list[str]]


def main() -> None:
    """Run both, print the table, write the file."""
    parser = argparse.ArgumentParser(prog="python -m bench.fan_out", description=__doc__)
    parser.add_argument("--seconds", type=float, default=120.0, help="of each run")
    arguments = parser.parse_args()
    found = asyncio.run(_measure(arguments.seconds))
    print(results.table(found))
    results.write(found, RESULTS)
    sys.exit(0 if all(result.ok for result in found) else 1)


async def _measure(seconds: float) -> list[Result]:
    seen = {}
    with tempfile.TemporaryDirectory() as folder, registered():
        async with servers_running(DataDir.at(Path(folder) / "data")) as endpoints:
            for name, fan_out in (("polled", ""), ("pushed", ",".join(DRAINS))):
                tell(f"measuring: {name}")
                with (
                    servers.kinesis("--shards", "1", "--limits", "real", "--push-ms", "70") as url,
                    Site.on(replace(endpoints, kinesis_url=url), TXN_TABLE_PREFIX=name, TXN_FAN_OUT=fan_out) as site,
                ):
                    seen[name] = await _run(site.settings, seconds)
    return list(_results(seen["polled"], seen["pushed"]))


def _results(polled: Seen, pushed: Seen) -> list[Result]:
    late = [name for name in DRAINS if pushed.behind_s[name] > BEHIND_S]
    unsaid = [name for name in DRAINS if not polled.held_up[name]]
    lags = sorted(polled.behind_s.values())
    medians = {
        name: (statistics.median(pushed.delays_s[name]), statistics.median(polled.delays_s[name])) for name in DRAINS
    }
    return [
        *(
            Result(
                f"fan-out against polling: acknowledged to handed over, p50 of drain {name}, s",
                ours,
                peer,
                ours / peer,
                str(at_most(0.5)),
                at_most(0.5).holds(ours / peer),
            )
            for name, (ours, peer) in medians.items()
        ),
        none_of("fan-out: drains that fell behind", len(late), by="clock"),
        counted("polling: longest lag at the end against the shortest, s", lags[-1], lags[0], at_most(1.3)),
        none_of("polling: drains of which txn status does not say why they fall behind", len(unsaid), by="clock"),
    ]


async def _run(settings: Settings, seconds: float) -> Seen:
    await bootstrap(settings)
    metrics = {name: ports.choose() for name in DRAINS}
    urls = ProcessUrls(workers={name: f"http://{ports.HOST}:{port}" for name, port in metrics.items()})
    handed, stopping = {name: Handed() for name in DRAINS}, asyncio.Event()
    async with AsyncExitStack() as stack:
        kinesis = await stack.enter_async_context(Aws(settings).kinesis(validate=False))
        observer = await stack.enter_async_context(Observer.open(settings, urls))
        tasks = await stack.enter_async_context(asyncio.TaskGroup())
        for definition, port in zip(REGISTRY.values(), metrics.values(), strict=True):
            own = settings.model_copy(update={"worker_metrics_port": port})
            tasks.create_task(work(definition, own, stopping, handed[definition.name].open))
        await _leased(observer)
        acked = await _put(kinesis, settings.stream, seconds)
        status, ended_s = await observer.look(), time.monotonic()
        stopping.set()
    return _seen(acked, handed, status, ended_s)


async def _leased(observer: Observer) -> None:
    """Wait until each drain has the lease of the shard."""
    async with asyncio.timeout(STARTING_S_MAX):
        while not all(worker.leases for worker in (await observer.look()).workers):  # noqa: ASYNC110 - others do it
            await asyncio.sleep(observer.pause_s)


async def _put(kinesis: "KinesisClient", stream: str, seconds: float) -> dict[str, float]:
    """Put records evenly for so long; gives by sequence number when each was acknowledged."""
    records: Any = [{"Data": RECORD, "PartitionKey": "k"}] * (BYTES_PER_S // PUTS_PER_S // len(RECORD))
    acked: dict[str, float] = {}
    began_s = time.monotonic()
    for number in itertools.count():
        due_s = began_s + number / PUTS_PER_S
        if due_s >= began_s + seconds:
            return acked
        await asyncio.sleep(due_s - time.monotonic())
        answer = await kinesis.put_records(StreamName=stream, Records=records)
        now_s = time.monotonic()
        acked |= {record["SequenceNumber"]: now_s for record in answer["Records"] if "SequenceNumber" in record}
    raise AssertionError("counting has no end")


def _seen(acked: Mapping[str, float], handed: Mapping[str, Handed], status: Status, ended_s: float) -> Seen:
    delays_s, behind_s = {}, {}
    for name, drain in handed.items():
        known = {number: at_s for number, at_s in drain.at_s.items() if number in acked}
        delays_s[name] = [max(0.0, at_s - acked[number]) for number, at_s in known.items()]
        oldest_s = min((at_s for number, at_s in acked.items() if number not in drain.at_s), default=ended_s)
        behind_s[name] = ended_s - oldest_s
    held_up = {worker.kind: [str(limit) for limit in worker.held_up] for worker in status.workers}
    for worker in status.workers:
        tell(f"{worker.kind}: {behind_s[worker.kind]:.1f} s behind at the end, held up by {held_up[worker.kind]}")
    return Seen(delays_s, behind_s, held_up)


if __name__ == "__main__":
    main()
