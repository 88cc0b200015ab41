"""The system of one run: the servers, a proxy before each server for each process, and our own processes."""

import os
import struct
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import aiohttp
from devkit.site import Site

from devkit.kinesis_server import KinesisServer, Options, kinesis_server
from tests.chaos import wishes
from tests.chaos.actor import Actor
from tests.chaos.proxy import Proxy, upstream
from tests.chaos.schedule import FAILOVER_S, WORKERS, Schedule
from tests.chaos.stream import Stream
from tests.chaos.traffic import Traffic
from txn_cli.stack import ports
from txn_cli.stack.children.child import ChildSpec, Probe
from txn_cli.stack.credentials import Secrets
from txn_cli.stack.datadir import DataDir
from txn_cli.stack.endpoints import Endpoints
from txn_cli.stack.environment import stack_environment
from txn_cli.stack.foundation import prepared
from txn_cli.stack.narrator import Narrator
from txn_core.aws.clients import Aws
from txn_core.bootstrap import bootstrap
from txn_core.settings import Settings
from txn_core.transactions.identity import Account

ACCOUNT: Final = Account("chaos")
CLOCK_FOLDER: Final = Path(__file__).parent / "clock"
ROOT: Final = Path(__file__).parents[2]
SERVICES: Final = ("kinesis", "dynamodb", "s3")
# Quick leases and small flushes: many protocol steps in little time.
QUICK: Final = {
    "TXN_LEASE_FAILOVER_S": str(FAILOVER_S),
    "TXN_LEASE_RENEW_S": "0.3",
    "TXN_SHARD_SYNC_S": "0.5",
    "TXN_POLL_IDLE_S": "0.25",
    "TXN_ARCHIVE_FLUSH_AGE_S": "0.5",
    "TXN_ARCHIVE_FLUSH_ROWS": "60",
    "TXN_SCORE_FLUSH_S": "0.5",
    "TXN_SCORE_FLUSH_RECORDS_MAX": "60",
    "TXN_SCORE_VERSIONS_EVERY_S": "0.5",
    "TXN_MODEL_KEYS": wishes.MODEL_KEYS,
    "TXN_REQUEST_DEADLINE_S": "3",
    "TXN_PUT_TIMEOUT_S": "2",
    "TXN_IDEMPOTENCY_TIMEOUT_S": "1.5",
    "TXN_SHUTDOWN_DEADLINE_S": "8",
    "TXN_API_KEY_CACHE_S": "1",
}
# Several subscriptions a run instead of one, and hand-overs in less than a second.
OPTIONS: Final = Options(transition_s=0.1, subscription_life_s=4.0, taken_over_after_s=0.8, heartbeat_s=1.0)


@dataclass(frozen=True, slots=True)
class Servers:
    """The servers, which all runs share."""

    actors: Mapping[str, Actor]
    endpoints: Endpoints
    secrets: Secrets

    @classmethod
    @asynccontextmanager
    async def up(cls, folder: Path) -> AsyncIterator["Servers"]:
        """Kinesalite, dynalite and SeaweedFS for the time of the block, with their data in a folder."""
        data_dir = DataDir.at(folder)
        with data_dir.locked():
            async with prepared(data_dir, Narrator()) as base, AsyncExitStack() as stack:
                actors = {spec.name: await stack.enter_async_context(Actor.up(spec)) for spec in base.servers}
                for actor in actors.values():
                    await actor.answered()
                yield cls(actors, base.endpoints, base.secrets)


@dataclass(slots=True)
class System:
    """Everything of one run. `actors` holds our processes and the servers, by name."""

    actors: dict[str, Actor]
    stream: Stream
    alerts: Stream
    settings: Settings
    api_url: str
    api_key: str
    clock: "Clock"
    logs: Path
    own: set[str] = field(default_factory=set)

    @property
    def workers(self) -> list[Actor]:
        """The workers."""
        return [self.actors[name] for name in sorted(self.own) if name != "api"]

    @classmethod
    @asynccontextmanager
    async def up(
        cls, servers: Servers, schedule: Schedule, traffic: Traffic, folder: Path
    ) -> AsyncIterator["System"]:
        """A system with a stream, tables, bucket and processes of its own, ready for load."""
        async with AsyncExitStack() as stack:
            server: KinesisServer | None = None
            if schedule.own_stream:
                server = await stack.enter_async_context(kinesis_server(seed=schedule.seed, options=OPTIONS))
            targets = _targets(servers.endpoints, server)
            given = _given(schedule, folder.name)
            direct = _endpoints(servers.secrets, targets)
            site = stack.enter_context(Site.on(direct, servers.secrets, api_port=ports.choose(), **given))
            settings = site.settings
            await bootstrap(settings)
            await wishes.begin(settings)
            client = await stack.enter_async_context(Aws(settings).kinesis())
            api_key = await site.api_key(account=ACCOUNT, name="fault suite")
            session = await stack.enter_async_context(upstream())
            clock = Clock(folder / "clock")
            system = cls(
                actors=dict(servers.actors),
                stream=Stream(settings.stream, client, server),
                alerts=Stream(settings.alerts_stream, client, server),
                settings=settings,
                api_url=f"http://{ports.HOST}:{settings.api_port}",
                api_key=api_key,
                clock=clock,
                logs=folder / "logs",
            )
            for name in ("api", *(f"{kind}-{n}" for kind, count in WORKERS.items() for n in range(1, count + 1))):
                urls = await _proxied(stack, name, targets, traffic, session)
                environment = _environment(servers.secrets, urls, settings)
                if name == schedule.clock_of:
                    environment |= clock.environment(environment)
                actor = await stack.enter_async_context(Actor.up(_spec(name, environment, settings, folder)))
                system.actors[name] = actor
                system.own.add(name)
            await system.actors["api"].answered()
            yield system


@dataclass(frozen=True, slots=True)
class Clock:
    """The clocks of one process, set from here through a file that it has mapped."""

    file: Path

    def environment(self, outer: Mapping[str, str]) -> dict[str, str]:
        """What makes a process's clocks these."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.set(0.0, 0.0)
        path = os.pathsep.join([str(CLOCK_FOLDER), outer["PYTHONPATH"]])
        return {"PYTHONPATH": path, "CHAOS_CLOCK": str(self.file)}

    def set(self, wall_s: float, monotonic_s: float) -> None:
        """Set by how much the wall clock is off, and the monotonic clock ahead."""
        mode = "r+b" if self.file.exists() else "wb"  # in place: it is mapped
        with self.file.open(mode) as file:
            file.write(struct.pack("dd", wall_s, monotonic_s))


def _targets(endpoints: Endpoints, server: KinesisServer | None) -> dict[str, str]:
    kinesis = endpoints.kinesis_url if server is None else server.url
    return {"kinesis": kinesis, "dynamodb": endpoints.dynamodb_url, "s3": endpoints.s3_url}


def _given(schedule: Schedule, name: str) -> dict[str, str]:
    """The settings of one run."""
    return QUICK | {
        "TXN_STREAM": name,
        "TXN_ALERTS_STREAM": f"{name}-alerts",
        "TXN_TABLE_PREFIX": name,
        "TXN_BUCKET": name,
        "TXN_STREAM_SHARDS": str(schedule.shards),
        "TXN_FAN_OUT": ",".join(WORKERS) if schedule.fan_out else "",
    }


def _environment(secrets: Secrets, urls: Mapping[str, str], settings: Settings) -> dict[str, str]:
    given = {name: os.environ[name] for name in os.environ if name.startswith("TXN_")}
    environment = stack_environment(secrets, _endpoints(secrets, urls), api_port=settings.api_port, given=given)
    inherited = os.environ.get("PYTHONPATH", "").split(os.pathsep)
    path = dict.fromkeys([str(ROOT / "src"), *filter(None, inherited)])
    return environment | {"PYTHONPATH": os.pathsep.join(path)}


def _endpoints(secrets: Secrets, urls: Mapping[str, str]) -> Endpoints:
    return Endpoints(
        kinesis_url=urls["kinesis"],
        dynamodb_url=urls["dynamodb"],
        s3_url=urls["s3"],
        access_key=secrets.access_key,
        secret_key=secrets.secret_key,
    )


async def _proxied(
    stack: AsyncExitStack,
    sender: str,
    targets: Mapping[str, str],
    traffic: Traffic,
    session: aiohttp.ClientSession,
) -> dict[str, str]:
    urls: dict[str, str] = {}
    for service in SERVICES:
        proxy = Proxy(sender, service, targets[service], traffic, session)
        urls[service] = (await stack.enter_async_context(proxy.listening())).url
    return urls


def _spec(name: str, environment: Mapping[str, str], settings: Settings, folder: Path) -> ChildSpec:
    kind = name.partition("-")[0]
    command = ("api",) if kind == "api" else ("worker", kind)
    return ChildSpec(
        name=name,
        argv=(sys.executable, "-m", "txn_cli.main", *command),
        environment=environment,
        log=folder / "logs" / f"{name}.log",
        probes=(Probe(f"http://{ports.HOST}:{settings.api_port}/healthz", status=200),) if kind == "api" else (),
        stop_deadline_s=settings.shutdown_deadline_s + 4.0,
    )


def card_key_of(settings: Settings) -> bytes:
    """The key under which card numbers become ids."""
    return settings.card_keys[1].get_secret_value()
