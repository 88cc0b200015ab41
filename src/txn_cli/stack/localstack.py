"""The whole local stack: servers, what they must hold, one worker of each kind and the API."""

import signal
from collections.abc import AsyncIterator, Callable, Collection
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, replace

from txn_cli.extras import is_installed, missing
from txn_cli.stack import foundation, ports
from txn_cli.stack.children import leftovers
from txn_cli.stack.children.child_specs import (
    api_spec,
    api_url,
    ingest_spec,
    insight_spec,
    warehouse_spec,
    worker_spec,
)
from txn_cli.stack.children.ready import Ready
from txn_cli.stack.children.stack_supervisor import supervised
from txn_cli.stack.datadir import DataDir, write_private
from txn_cli.stack.environment import account_keys, adopt, given_settings, stack_environment
from txn_cli.stack.firstmodel import ensure_model
from txn_cli.stack.foundation import Foundation
from txn_cli.stack.interruption import Interruption
from txn_cli.stack.localkey import DEFAULT_ACCOUNT, ensure_local_key
from txn_cli.stack.narrator import Narrator
from txn_cli.stack.stackports import INSIGHT, WAREHOUSE, StackPorts, metrics_of
from txn_cli.status.process import worker_says
from txn_core import drains
from txn_core.bootstrap import bootstrap
from txn_core.drains import SCORE
from txn_core.settings import Settings


@dataclass(frozen=True, slots=True)
class Extras:
    """What a stack runs or not: PostgreSQL, the warehouse every so many seconds, 0 for never, and the scorer."""

    postgres: bool = False
    warehouse_every_s: float = 0.0
    scorer: bool = True


@dataclass(frozen=True, slots=True)
class LocalStack:
    """A stack that is ready.

    Attributes:
        tell_child: signals one of its children by its name.
    """

    ready: Ready
    settings: Settings
    ports: StackPorts
    data_dir: DataDir
    tell_child: Callable[[str, signal.Signals], None]

    @property
    def links(self) -> dict[str, str]:
        """What a person may want to open: pages first."""
        api = self.ready.api_url
        warehouse = {} if self.ready.insight_url is None else {"Insight": "insight", "Explorer": "explorer"}
        pages = {**warehouse, "Transactions": "transactions", "Alerts": "alerts", "Operations": "operations"}
        return {
            "Entrance": f"{api}/",
            **{name: f"{api}/#/{view}" for name, view in pages.items()},
            "API documentation": f"{api}/docs",
            "Health": f"{api}/readyz",
            "Metrics": f"{api}/metrics",
            **{
                f"Metrics of {kind}": f"{url}/metrics"
                for kind, url in self.ports.metrics_urls().items()
                if kind in self.ready.pids
            },
            **({} if self.warehouse_url is None else {"Metrics of warehouse": f"{self.warehouse_url}/metrics"}),
            **({} if self.ready.insight_url is None else {"Metrics of insight": f"{self.ready.insight_url}/metrics"}),
        }

    @property
    def warehouse_url(self) -> str | None:
        """Where the process answers that runs the warehouse; None in a stack without one."""
        return self.ports.url(metrics_of(WAREHOUSE)) if WAREHOUSE in self.ready.pids else None


@dataclass(slots=True)
class _Publication:
    """Keeps the files that name the stack's processes true, and `ready.json` absent until the stack is ready."""

    _data_dir: DataDir
    _ready: Ready | None = None

    def pids(self, pids: dict[str, int]) -> None:
        leftovers.note(self._data_dir, pids)
        if self._ready is not None:
            self.ready(replace(self._ready, pids=pids))

    def ready(self, ready: Ready) -> None:
        self._ready = ready
        ready.write(self._data_dir)

    def withdraw(self) -> None:
        self._ready = None
        Ready.withdraw(self._data_dir)


@asynccontextmanager
async def local_stack(
    data_dir: DataDir, api_port: int, narrator: Narrator, interruption: Interruption, extras: Extras
) -> AsyncIterator[LocalStack]:
    """The stack for the time of the block, supervised, with the extras; nothing of it runs afterwards.

    Raises:
        StackError: the folder is in use, something does not start, or a child cannot stay up.
    """
    with data_dir.locked():
        publication = _Publication(data_dir)
        publication.withdraw()
        given, file_keys = given_settings(), account_keys()
        write_private(data_dir.document("settings"), given)
        async with (
            foundation.prepared(data_dir, narrator, postgres=extras.postgres) as base,
            _api_port(api_port, base, narrator) as port,
            supervised(narrator, publication.pids) as supervisor,
        ):
            interruption.when_forced(supervisor.kill)
            adopt(stack_environment(base.secrets, base.endpoints, api_port=port, given=given))  # wrong ones show now
            servers = "Kinesis, DynamoDB, S3 and PostgreSQL" if extras.postgres else "Kinesis, DynamoDB and S3"
            with narrator.step(f"Starting {servers} on this machine"):
                await base.start(supervisor, narrator)
            environment = stack_environment(base.secrets, base.endpoints, api_port=port, given=given)
            settings = adopt(environment)
            kinds = _kinds(extras, narrator)
            with narrator.step("Making stream, tables, bucket and API key"):
                await bootstrap(settings)
                api_key = await ensure_local_key(settings, data_dir, base.secrets)
                if SCORE.name in kinds:
                    await ensure_model(settings, narrator)
            insight_url = base.ports.url(INSIGHT) if extras.warehouse_every_s else None
            with narrator.step("Starting the workers and the API"):
                workers = [worker_spec(kind, settings, data_dir, base.ports, environment) for kind in kinds]
                keys = {DEFAULT_ACCOUNT: api_key, **file_keys}
                ingest = [ingest_spec(settings, data_dir, base.ports, environment, keys)]
                await supervisor.start(
                    workers,
                    [api_spec(settings, data_dir, environment, insight_url=insight_url)],
                    ingest if settings.ingest_bucket is not None else [],
                )
            await _warn_of_waiting(base, kinds, narrator)
            ready = _ready(base, settings, api_key, supervisor.pids)
            publication.ready(ready)
            try:
                if extras.warehouse_every_s:  # once others can find the stack, as the warehouse's runs do
                    every_s = extras.warehouse_every_s
                    runs = warehouse_spec(settings, data_dir, base.ports, environment, every_s)
                    answers = insight_spec(settings, data_dir, base.ports, environment)
                    with narrator.step("Starting what runs the warehouse and answers questions to it"):
                        await supervisor.start([runs], [answers])
                    ready = replace(ready, pids=supervisor.pids, insight_url=insight_url)
                    publication.ready(ready)
                yield LocalStack(ready, settings, base.ports, data_dir, supervisor.send)
            finally:
                publication.withdraw()


def _kinds(extras: Extras, narrator: Narrator) -> list[str]:
    """The drains that the stack runs: all but those whose extra is not installed, and the scorer if not wanted."""
    kinds = [drain for drain in drains.REGISTRY.values() if extras.scorer or drain is not SCORE]
    lacking = {drain.extra for drain in kinds if drain.extra is not None and not is_installed(drain.extra)}
    for extra in sorted(lacking):
        names = ", ".join(drain.name for drain in kinds if drain.extra == extra)
        narrator.warn(f"Runs without {names}: {missing(extra, 'what it needs is')}")
    return [drain.name for drain in kinds if drain.extra not in lacking]


async def _warn_of_waiting(base: Foundation, kinds: Collection[str], narrator: Narrator) -> None:
    """Tell of workers that run and wait for somebody to do something."""
    urls = base.ports.metrics_urls()
    for kind in kinds:
        said = await worker_says(kind, urls[kind])
        if said.ready is not None and not said.ready.ready:
            narrator.warn(f"The {kind} worker waits: {said.ready.why}")


@asynccontextmanager
async def _api_port(wanted: int, base: Foundation, narrator: Narrator) -> AsyncIterator[int]:
    """A port that no other stack takes while the API is started again."""
    port = ports.next_free(wanted, avoid=base.ports.owned)
    if port != wanted:
        narrator.warn(f"Port {wanted} is taken; the API gets {port}")
    try:
        yield port
    finally:
        ports.release([port])


def _ready(base: Foundation, settings: Settings, api_key: str, pids: dict[str, int]) -> Ready:
    return Ready(
        **asdict(base.endpoints),
        api_url=api_url(settings),
        api_key=api_key,
        stream=settings.stream,
        bucket=settings.lake_bucket,
        pids=pids,
    )
