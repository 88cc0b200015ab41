"""Our own processes on the stack: the API and one worker of each kind, as children."""

import json
import sys
from collections.abc import Mapping

from txn_cli.stack.children.child import ChildSpec, Probe
from txn_cli.stack.datadir import DataDir
from txn_cli.stack.environment import ACCOUNT_KEYS, KEYS
from txn_cli.stack.ports import HOST
from txn_cli.stack.stackports import INGEST, INSIGHT, WAREHOUSE, StackPorts, metrics_of
from txn_core.settings import Settings
from workers.leases.belonging import RESET_COMMAND

API = "api"
SIGNING_KEY = "TXN_IDENTITY_KEY"
"""The key from which the secrets of signed requests follow."""
STOP_SLACK_S = 5.0
"""What a process gets to end in, on top of its own deadline for draining."""


def api_spec(
    settings: Settings, data_dir: DataDir, environment: Mapping[str, str], *, insight_url: str | None
) -> ChildSpec:
    """The API; it answers once it reaches everything it needs. `insight_url` is for its pages, if there is one."""
    insight = {} if insight_url is None else {"TXN_INSIGHT_URL": insight_url}
    return ChildSpec(
        name=API,
        argv=_txn("api"),
        environment={**insight, **environment},
        log=data_dir.log(API),
        probes=(Probe(f"{api_url(settings)}/readyz", status=200),),
        stop_deadline_s=settings.shutdown_deadline_s + STOP_SLACK_S,
    )


def worker_spec(
    kind: str, settings: Settings, data_dir: DataDir, ports: StackPorts, environment: Mapping[str, str]
) -> ChildSpec:
    """One worker; it answers once it reaches all that it needs and looks after leases.

    Or once it says that its leases are another stream's: they are reset at a stack that runs.
    """
    name = metrics_of(kind)
    return ChildSpec(
        name=kind,
        argv=_txn("worker", kind),
        environment={**environment, "TXN_WORKER_METRICS_PORT": str(ports.of[name])},
        log=data_dir.log(kind),
        probes=(Probe(f"{ports.url(name)}/readyz", status=200, waits=RESET_COMMAND),),
        stop_deadline_s=settings.shutdown_deadline_s + STOP_SLACK_S,
    )


def ingest_spec(
    settings: Settings,
    data_dir: DataDir,
    ports: StackPorts,
    environment: Mapping[str, str],
    keys: Mapping[str, str],
) -> ChildSpec:
    """The worker that takes in clients' files, with API keys by account; it answers once it sees their bucket."""
    name = metrics_of(INGEST)
    return ChildSpec(
        name=INGEST,
        argv=_txn("worker", INGEST),
        environment={
            **environment,
            "TXN_WORKER_METRICS_PORT": str(ports.of[name]),
            "TXN_INGEST_API_URL": api_url(settings),
            ACCOUNT_KEYS: json.dumps(dict(keys)),
        },
        log=data_dir.log(INGEST),
        probes=(Probe(f"{ports.url(name)}/readyz", status=200),),
        stop_deadline_s=settings.shutdown_deadline_s + STOP_SLACK_S,
    )


def warehouse_spec(
    settings: Settings, data_dir: DataDir, ports: StackPorts, environment: Mapping[str, str], every_s: float
) -> ChildSpec:
    """What runs the warehouse; it answers at once, also when a run fails, and nothing else waits for it."""
    name = metrics_of(WAREHOUSE)
    where = ("--data-dir", str(data_dir.root), "--metrics-port", str(ports.of[name]))
    return ChildSpec(
        name=WAREHOUSE,
        argv=_txn("warehouse", "watch", *where, "--every", str(every_s)),
        environment=environment,
        log=data_dir.log(WAREHOUSE),
        probes=(Probe(f"{ports.url(name)}/readyz"),),
        stop_deadline_s=settings.shutdown_deadline_s + STOP_SLACK_S,
        essential=False,
    )


def insight_spec(
    settings: Settings, data_dir: DataDir, ports: StackPorts, environment: Mapping[str, str]
) -> ChildSpec:
    """What answers questions to the warehouse; nothing waits for it, and of all keys it has the one for signatures.

    It answers at once, also before the first run of the warehouse has published anything.
    """
    return ChildSpec(
        name=INSIGHT,
        argv=_txn("insight"),
        environment={
            "TXN_INSIGHT_ORIGIN": api_url(settings),
            "TXN_WAREHOUSE_FOLDER": str(data_dir.root.absolute() / "warehouse"),
            **{name: value for name, value in environment.items() if name not in KEYS - {SIGNING_KEY}},
            "TXN_INSIGHT_PORT": str(ports.of[INSIGHT]),
        },
        log=data_dir.log(INSIGHT),
        probes=(Probe(f"{ports.url(INSIGHT)}/healthz", status=200),),
        stop_deadline_s=settings.shutdown_deadline_s + STOP_SLACK_S,
        essential=False,
    )


def api_url(settings: Settings) -> str:
    """Where clients of the stack find the API."""
    return f"http://{HOST}:{settings.api_port}"


def _txn(*arguments: str) -> tuple[str, ...]:
    return (sys.executable, "-m", "txn_cli.main", *arguments)
