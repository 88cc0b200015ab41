"""What a run does with the deployed system: rows in, a task killed, every view compared.

The commands are those of `txn`, on this machine, with the user's credentials and the keys that the stacks drew. The
API that takes the rows runs here, too, so that the run needs no certificate and no way into the VPC. The service of
the API on ECS is judged by its health check.
"""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from deploy.smoke.stacks import PAUSE_S, SmokeError

TXN: Final = (sys.executable, "-m", "txn_cli.main")
COMMAND_S_MAX: Final = 900.0
HEALTHY_S_MAX: Final = 900.0
START_S_MAX: Final = 60.0
SERVICES: Final = ("api", "index", "archive")
KEY_SECRETS: Final = {
    "TXN_CARD_KEYS": "card-keys",
    "TXN_IDENTITY_KEY": "identity-key",
    "TXN_CURSOR_KEY": "cursor-key",
    "TXN_DEAD_LETTER_KEY": "dead-letter-key",
}

Client = Callable[[str], Any]
Runner = Callable[..., "subprocess.CompletedProcess[str]"]


def names_of(prefix: str, account: str, region: str) -> dict[str, str]:
    """Settings that name the system of a prefix, as the templates name it."""
    return {
        "TXN_TARGET": "aws",
        "TXN_AWS_REGION": region,
        "TXN_STREAM": f"{prefix}-transactions",
        "TXN_ALERTS_STREAM": f"{prefix}-alerts",
        "TXN_TABLE_PREFIX": prefix,
        "TXN_BUCKET": f"{prefix}-lake-{account}-{region}",
        "TXN_BUCKET_OWNER": account,
    }


def keys_of(prefix: str, client: Client) -> dict[str, str]:
    """The keys that the data stack drew, as settings. They stay in the environment of child processes."""
    secrets = client("secretsmanager")
    return {
        setting: secrets.get_secret_value(SecretId=f"{prefix}/{name}")["SecretString"]
        for setting, name in KEY_SECRETS.items()
    }


@dataclass(frozen=True, slots=True)
class System:
    """The deployed system as this machine reaches it."""

    prefix: str
    environment: Mapping[str, str]
    client: Client
    say: Callable[[str], None]
    run: Runner = subprocess.run
    sleep: Callable[[float], None] = time.sleep

    def bootstrap(self) -> None:
        """Note how the index is laid out; a worker of the index that starts before ends at once.

        Raises:
            SmokeError: a store cannot be used.
        """
        self._txn("bootstrap")

    def check(self, rows: int) -> None:
        """Send rows, kill a task of the index meanwhile, and compare everything.

        Raises:
            SmokeError: a row is missing anywhere, or a step failed.
        """
        self.wait_healthy()
        with tempfile.TemporaryDirectory(prefix="txn-smoke-") as folder:
            file, key = Path(folder) / "rows.csv", Path(folder) / "key"
            self._txn("simulate", "--rows", str(rows), "--out", str(file))
            key.touch(0o600)
            key.write_text(self._txn("keys", "create", *_scopes(), "--name", "smoke").splitlines()[0])
            with self._api() as url:
                asked = ("--url", url, "--api-key-file", str(key))
                self._txn("load", str(file), *asked)
                self.kill_task("index")
                self._txn("status", "--wait-caught-up", "--timeout", str(int(COMMAND_S_MAX)))
                self._txn("verify", str(file), *asked)
            self._txn("reconcile", "--since", "1h")
        self.wait_healthy()

    def wait_healthy(self) -> None:
        """Return once every service has a task whose health check answers.

        Raises:
            SmokeError: one has none in time.
        """
        for service in SERVICES:
            self.say(f"waiting for a healthy task of {service}")
            for _ in range(int(HEALTHY_S_MAX / PAUSE_S)):
                if any(task.get("healthStatus") == "HEALTHY" for task in self._tasks(service)):
                    break
                self.sleep(PAUSE_S)
            else:
                raise SmokeError(f"{service} has no healthy task after {HEALTHY_S_MAX:.0f} s")

    def kill_task(self, service: str) -> None:
        """Stop a task of a service; ECS starts another one."""
        task = self._tasks(service)[0]["taskArn"]
        self.say(f"stopping a task of {service}")
        self.client("ecs").stop_task(cluster=self.prefix, task=task, reason="txn-api's smoke test")

    def _tasks(self, service: str) -> list[Any]:
        ecs = self.client("ecs")
        arns = ecs.list_tasks(cluster=self.prefix, serviceName=f"{self.prefix}-{service}")["taskArns"]
        return list(ecs.describe_tasks(cluster=self.prefix, tasks=arns)["tasks"]) if arns else []

    def _txn(self, *arguments: str) -> str:
        self.say(f"txn {' '.join(arguments[:2])}")
        ended = self.run(
            [*TXN, *arguments],
            env=dict(self.environment),
            capture_output=True,
            text=True,
            check=False,
            timeout=2 * COMMAND_S_MAX,
        )
        if ended.returncode != 0:
            raise SmokeError(f"txn {arguments[0]} ended with {ended.returncode}: {_last_line(ended.stderr)}")
        return str(ended.stdout)

    @contextmanager
    def _api(self) -> Iterator[str]:
        """An API on this machine, on the deployed stores; its URL."""
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        environment = {**self.environment, "TXN_API_PORT": str(port)}
        process = subprocess.Popen([*TXN, "api"], env=environment, stderr=subprocess.DEVNULL)
        try:
            for _ in range(int(START_S_MAX)):
                asked = self.run(
                    [*TXN, "health", "api"], env=environment, capture_output=True, check=False, timeout=30
                )
                if asked.returncode == 0:
                    break
                if process.poll() is not None:
                    raise SmokeError(f"txn api ended with {process.returncode}")
                self.sleep(1.0)
            else:
                raise SmokeError("txn api did not start")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait()


def environment_of(names: Mapping[str, str], keys: Mapping[str, str]) -> dict[str, str]:
    """The environment of child processes: this one's, without settings of another system."""
    own = {name: value for name, value in os.environ.items() if not name.startswith("TXN_")}
    return {**own, **names, **keys}


def _scopes() -> Iterator[str]:
    for scope in ("transactions:write", "transactions:read", "customer:read", "cards:lookup"):
        yield from ("--scope", scope)


def _last_line(text: str) -> str:
    return (text.strip().splitlines() or ["no word"])[-1]
