"""Every process that stays sets up its log before anything else runs: JSON lines, behind the bounded queue."""

import os
import socket
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.builders import base64_key
from txn_cli import api_process
from txn_cli.commands import processes, warehouse
from txn_cli.commands.drain_names import OneWorker
from txn_cli.commands.questions import insight_command
from txn_core.settings import Settings

Said = list[tuple[str, Any]]
SETTINGS = Settings.model_validate(
    {
        **{f"{name}_endpoint_url": "http://127.0.0.1:1" for name in ("kinesis", "dynamodb", "s3")},
        "card_keys": {1: base64_key(1)},
        "identity_key": base64_key(2),
        "insight_port": 0,
    }
)


@pytest.fixture
def said(own_environment: pytest.MonkeyPatch) -> Said:
    """What a command does, in its order: setting up the log, and running."""
    found: Said = []

    def note(what: str) -> Callable[..., Any]:
        def noted(*given: object, **named: object) -> None:
            for listener in (*given, *named.values()):
                if isinstance(listener, socket.socket):
                    listener.close()
            found.append((what, named.get("process")))

        return noted

    async def run(*_: object) -> None:
        found.append(("run", None))

    system = SimpleNamespace(settings=SETTINGS, where="here", stack=SimpleNamespace(api_url="http://127.0.0.1:1"))
    for module in (processes, warehouse, insight_command, api_process):
        own_environment.setattr(module, "configure_logging", note("log"))
    own_environment.setattr(processes, "system_of", lambda *_, **__: system)
    own_environment.setattr(insight_command, "system_of", lambda *_, **__: system)
    own_environment.setattr(warehouse, "system_at", lambda *_, **__: system)
    own_environment.setattr(Settings, "from_environment", lambda: SETTINGS)
    own_environment.setattr("txn_cli.api_process.confine", lambda: None)
    for name in (
        "txn_cli.api_process.serve_api",
        "txn_server.processes.supervisor.supervise",
        "insight.serving.serve",
    ):
        own_environment.setattr(name, note("run"))
    for name in (
        *("workers.hosts.process.run", "workers.ingest.ingest_process.run"),
        "txn_cli.warehouse_watch.watch_process.watch",
    ):
        own_environment.setattr(name, run)
    return found


def api_member() -> None:
    """One of several processes of a port."""
    with socket.socket() as listener:
        api_process.main(str(os.dup(listener.fileno())), "/nonexistent")


COMMANDS: dict[str, Callable[[], None]] = {
    "api": lambda: processes.api(None),
    "worker-index": lambda: processes.worker(OneWorker("index")),
    "worker-archive": lambda: processes.worker(OneWorker("archive")),
    "worker-score": lambda: processes.worker(OneWorker("score")),
    "worker-ingest": lambda: processes.worker(OneWorker("ingest")),
    "insight": lambda: insight_command.insight(None, data_dir=Path("/nonexistent")),
    "warehouse": lambda: warehouse.watch(every=None, metrics_port=None, data_dir=Path("/nonexistent")),
}


@pytest.mark.parametrize("process", COMMANDS)
def test_a_process_sets_up_its_log_before_it_runs(process: str, said: Said) -> None:
    """Its lines say which kind of process it is."""
    COMMANDS[process]()
    assert said == [("log", process), ("run", None)]


def test_so_does_one_of_several_processes_of_a_port(said: Said) -> None:
    """Each has a log of its own, and so has what keeps them."""
    api_member()
    assert said == [("log", "api"), ("run", None)]
