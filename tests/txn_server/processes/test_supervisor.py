"""Several processes behind one port: they are kept running, end in order, and never outlive their supervisor."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.txn_cli.stack.told_children import until, wait_until
from txn_cli.stack import ports
from txn_cli.stack.children.leftovers import ProcessMark
from txn_core.exceptions import ServingError
from txn_server.http.listener import listening
from txn_server.processes.restarts import RestartPolicy
from txn_server.processes.supervisor import Fleet

MEMBER = """
import asyncio, os, signal, socket, sys
from pathlib import Path
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from txn_api.process_metrics import ProcessMetrics
from txn_server.http.server import serve
from txn_core.settings import Settings
stopping = asyncio.Event()
process_metrics, registry = ProcessMetrics(Path(sys.argv[2])), CollectorRegistry()
in_flight = Gauge("in_flight", "Requests in flight", registry=registry)
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        async with process_metrics.told(registry):
            await send({"type": "lifespan.startup.complete"})
            await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    body = b"ok"
    if scope["path"] == "/metrics":
        body = generate_latest(await process_metrics.metrics(registry))
    if scope["path"] == "/slow":
        with in_flight.track_inprogress():
            await stopping.wait()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})
serve(app, Settings(shutdown_deadline_s=5), on_stop=stopping.set, listener=socket.socket(fileno=int(sys.argv[1])))
"""
STUCK = """
import signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print("deaf", flush=True)
while True: signal.pause()
"""
SERVES_AND_CRASHES = """
import os, pathlib, signal, sys
folder = pathlib.Path(sys.argv[2])
folder.joinpath(f"{os.getpid()}.sock").touch()
with folder.joinpath("starts").open("a") as starts:
    starts.write("x")
raise SystemExit(1)
"""
FIRST_STAYS = """
try:
    folder.joinpath("first").touch(exist_ok=False)
    signal.pause()
except FileExistsError:
    pass
"""
SUPERVISOR = """
import sys
from txn_server.processes import supervisor
from txn_cli.output.failure import one_error
from txn_core.settings import Settings
supervisor.END_SLACK_S = float(sys.argv[3])
settings = Settings(api_port=int(sys.argv[2]), api_processes=2, shutdown_deadline_s=float(sys.argv[3]))
with one_error():
    supervisor.supervise(settings, (sys.executable, "-c", sys.argv[1]))
"""


@dataclass
class Served:
    """A supervisor and its processes."""

    process: "subprocess.Popen[bytes]"
    port: int
    log: Path

    def get(self, path: str) -> str:
        """The answer of whichever process takes the connection."""
        with urllib.request.urlopen(f"http://{ports.HOST}:{self.port}{path}", timeout=60) as answer:
            text: str = answer.read().decode()
            return text

    def pids(self) -> set[int]:
        """The processes whose metrics are told."""
        return {int(pid) for pid in re.findall(r'in_flight{process="(\d+)"}', self.get("/metrics"))}

    def stop(self) -> int:
        """End it in order, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def until_all_serve(self, *gone: int) -> list[ProcessMark]:
        """Wait until two serve, none of which is among the gone."""
        wait_until(lambda: len(self.pids() - {*gone}) == 2)
        marks = [ProcessMark.of(pid) for pid in self.pids()]
        return [mark for mark in marks if mark is not None]


@pytest.fixture(autouse=True)
def temporary(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files with a short name, gone with whatever a killed supervisor leaves in it."""
    with tempfile.TemporaryDirectory() as made:
        monkeypatch.setenv("TMPDIR", made)
        yield Path(made)


@contextmanager
def supervised(log: Path, port: int, member: str = MEMBER, deadline_s: float = 5) -> Iterator[Served]:
    """A supervisor in a process of its own; nothing of it is left afterwards."""
    command = [sys.executable, "-c", SUPERVISOR, member, str(port), str(deadline_s)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, stdout=output, stderr=output)
    try:
        yield Served(process, port, log)
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """Two processes that serve."""
    with supervised(tmp_path / "log", ports.choose()) as served:
        wait_until(lambda: served.process.poll() is not None or not ports.is_free(served.port))
        yield served


def test_sigterm_answers_what_every_process_has_in_flight(served: Served) -> None:
    """The supervisor ends with zero once all have drained, and nobody can connect any more."""
    marks = served.until_all_serve()
    answers: list[str] = []
    clients = [threading.Thread(target=lambda: answers.append(served.get("/slow"))) for _ in range(20)]
    for client in clients:
        client.start()
    wait_until(lambda: sum(map(float, re.findall(r"in_flight{.*} (\S+)", served.get("/metrics")))) == len(clients))
    served.process.send_signal(signal.SIGTERM)
    for client in clients:
        client.join()
    assert answers == ["ok"] * len(clients)
    assert served.process.wait(60) == 0
    assert not any(mark.is_running() for mark in marks)
    assert ports.is_free(served.port)


def test_a_process_that_ends_is_replaced(served: Served) -> None:
    """Killed, or told to end by somebody else; the other one goes on."""
    killed, told = served.until_all_serve()
    killed.send(signal.SIGKILL)
    wait_until(lambda: not killed.is_running())
    assert told.pid in {mark.pid for mark in served.until_all_serve(killed.pid)}
    told.send(signal.SIGTERM)
    wait_until(lambda: not told.is_running())
    served.until_all_serve(killed.pid, told.pid)
    assert served.process.poll() is None


def test_nothing_outlives_a_supervisor_that_is_killed(served: Served, temporary: Path, tmp_path: Path) -> None:
    """Neither a process nor the port; the folder of sockets goes with the next start."""
    marks = served.until_all_serve()
    served.process.kill()
    wait_until(lambda: not any(mark.is_running() for mark in marks))
    wait_until(lambda: ports.is_free(served.port))  # the kernel takes its time with the sockets of a killed process
    (left,) = temporary.iterdir()
    with supervised(tmp_path / "next", served.port) as following:
        wait_until(lambda: "serving" in following.log.read_text())
        assert left not in {*temporary.iterdir()}
        assert following.stop() == 0
    assert not {*temporary.iterdir()}


def test_a_busy_port_is_one_clear_error(tmp_path: Path) -> None:
    """Said by `txn api` itself, before any process is started."""
    keys = {f"TXN_{name}_KEY": f"{'A' * 43}=" for name in ("IDENTITY", "CURSOR", "DEAD_LETTER")}
    own = {name: value for name, value in os.environ.items() if not name.startswith(("TXN_", "AWS_"))}
    environment = {**own, **keys, "TXN_CARD_KEYS": f'{{"1": "{"A" * 43}="}}', "TXN_API_PROCESSES": "2"}
    environment |= {"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
    with socket.create_server((ports.HOST, 0)) as taken:
        port = taken.getsockname()[1]
        command = [sys.executable, "-m", "txn_cli.main", "api", "--port", str(port)]
        refused = subprocess.run(command, env=environment, capture_output=True, timeout=60, text=True, check=False)
    assert (refused.returncode, refused.stdout) == (1, "")
    target, line = refused.stderr.splitlines()
    assert json.loads(target)["target"].startswith("AWS, region eu-central-1 ")
    assert line == f"txn: cannot listen on 127.0.0.1:{port}: Address already in use; name another with --port"


def test_processes_that_cannot_start_end_the_supervisor(tmp_path: Path) -> None:
    """Each start would fail in the same way."""
    with supervised(tmp_path / "log", ports.choose(), "raise SystemExit('no table')") as served:
        assert served.process.wait(60) == 1
        assert "does not start" in served.log.read_text()


QUICK = RestartPolicy(crashes_max=3, pause_s_first=0.01, pause_s_max=0.01)


async def test_processes_that_cannot_stay_up_end_the_fleet(temporary: Path) -> None:
    """After as many starts as the policy allows; whoever watches the supervisor learns of it."""
    with listening(ports.HOST, 0) as listener:
        fleet = Fleet((sys.executable, "-I", "-c", SERVES_AND_CRASHES), listener, temporary, 5.0, QUICK)
        with pytest.raises(ServingError, match=r"stay up \(exit code 1\): its log says why"):
            await fleet.run(1)
    assert (temporary / "starts").read_text() == "xxx"


async def test_a_process_that_cannot_stay_up_does_not_take_the_others_along(temporary: Path) -> None:
    """It is started again, at the longest pause, for as long as another serves."""
    code = SERVES_AND_CRASHES.replace("with folder", FIRST_STAYS + "with folder")
    with listening(ports.HOST, 0) as listener:
        fleet = Fleet((sys.executable, "-I", "-c", code), listener, temporary, 5.0, QUICK)
        running = asyncio.create_task(fleet.run(2))
        await until(lambda: running.done() or len(read(temporary / "starts")) > QUICK.crashes_max + 2)
        assert not running.done()
        fleet._take(signal.SIGTERM)
        with suppress(ServingError):  # the signal may meet a process that is just crashing once more
            await running


def read(path: Path) -> str:
    """What is written so far."""
    return path.read_text() if path.exists() else ""


def test_a_process_that_does_not_drain_is_killed_at_the_deadline(tmp_path: Path) -> None:
    """And the supervisor says so by its exit code."""
    with supervised(tmp_path / "log", ports.choose(), STUCK, deadline_s=0.1) as served:
        wait_until(lambda: served.log.read_text().count("deaf") == 2)
        assert served.stop() == 1
        assert "was killed" in served.log.read_text()
