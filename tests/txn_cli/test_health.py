"""`txn health` asks what its settings say, by HTTP or TLS, and is cheap enough to be asked often."""

import http.server
import os
import resource
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.txn_cli.certificates import Authority, Certified
from txn_cli import health
from txn_cli.health import PROCESSES, Probe, fault_of, probe_of, run
from txn_cli.stack import ports
from txn_core.settings import Settings

CPU_S_MAX = 0.2
SETTINGS = (
    *(health.API_HOST, health.API_PORT, health.INSIGHT_HOST, health.INSIGHT_PORT),
    *(health.WORKER_HOST, health.WORKER_PORT, health.CERTIFICATE, health.CLIENT_CA),
)


class Answering(http.server.BaseHTTPRequestHandler):
    """200 on /healthz and /metrics, 404 elsewhere."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path in {"/healthz", "/metrics"} else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Nothing."""


class Server(http.server.ThreadingHTTPServer):
    """Says nothing of handshakes that fail."""

    def handle_error(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def serving(shown: Certified | None = None, client_ca: Path | None = None) -> Iterator[int]:
    """A server on 127.0.0.1, with TLS where it has a certificate; its port."""
    with Server(("127.0.0.1", 0), Answering) as server:
        if shown is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(shown.certificate, shown.key)
            if client_ca is not None:
                context.verify_mode = ssl.CERT_REQUIRED
                context.load_verify_locations(client_ca)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(("name", "default"), SETTINGS)
def test_the_names_and_defaults_are_those_of_the_settings(name: str, default: str) -> None:
    field = Settings.model_fields[name.removeprefix("TXN_").lower()]
    assert default == ("" if field.default is None else str(field.default))


def test_what_is_asked_follows_from_the_environment() -> None:
    assert probe_of(None, {}) == Probe("127.0.0.1", 8080, "/healthz")
    assert probe_of(None, {"txn_api_host": "::", "TXN_API_PORT": "80"}) == Probe("::1", 80, "/healthz")
    worker = {"TXN_WORKER_METRICS_PORT": "9000", "TXN_WORKER_METRICS_HOST": "0.0.0.0"}
    assert probe_of(None, worker) == probe_of("worker", worker) == Probe("127.0.0.1", 9000, "/metrics")
    assert probe_of("api", worker) == Probe("127.0.0.1", 8080, "/healthz")
    assert probe_of("insight", worker) == Probe("127.0.0.1", 8090, "/healthz")
    tls = {"TXN_TLS_CERT_FILE": "server.pem", "TXN_TLS_CLIENT_CA_FILE": "ca.pem"}
    assert probe_of(None, tls) == Probe("127.0.0.1", 8080, "/healthz", uses_tls=True, wants_certificate=True)


def test_a_service_link_is_no_port() -> None:
    assert probe_of(None, {"TXN_API_PORT": "tcp://10.0.0.1:9"}) == Probe("127.0.0.1", 8080, "/healthz")


@pytest.mark.parametrize("environment", [{"TXN_API_PORT": "secret"}, {"TXN_WORKER_METRICS_PORT": "٣"}])
def test_a_port_that_is_no_number_is_a_fault_that_is_not_quoted(
    environment: dict[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(None, environment) == 1
    assert capsys.readouterr().err == "txn: not healthy: the port in the settings is no number\n"


def test_a_worker_without_a_port_says_what_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("worker", {}) == 1
    assert "TXN_WORKER_METRICS_PORT" in capsys.readouterr().err


def test_a_process_that_answers_is_healthy(capsys: pytest.CaptureFixture[str]) -> None:
    with serving() as port:
        assert run("api", {"TXN_API_PORT": str(port)}) == 0
        assert run(None, {"TXN_WORKER_METRICS_PORT": str(port)}) == 0
        assert fault_of(Probe("127.0.0.1", port, "/readyz")) == "the answer is 404"
        assert fault_of(Probe("127.0.0.1", port, "/healthz", uses_tls=True)) == "TLS failed (SSLError)"
    assert capsys.readouterr().out == "healthy\nhealthy\n"
    assert fault_of(Probe("127.0.0.1", port, "/healthz")) == "no answer (ConnectionRefusedError)"


def test_tls_is_spoken_whoever_the_certificate_names(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    shown = authority.client("another-name")
    with serving(shown) as port:
        assert fault_of(Probe("127.0.0.1", port, "/healthz", uses_tls=True)) is None
        assert fault_of(Probe("127.0.0.1", port, "/healthz")) is not None


def test_a_process_that_wants_a_certificate_is_healthy_when_it_shakes_hands(tmp_path: Path) -> None:
    authority = Authority(tmp_path / "authority")
    with serving(authority.server(), authority.file) as port:
        asked = Probe("127.0.0.1", port, "/healthz", uses_tls=True, wants_certificate=True)
        assert fault_of(asked) is None
        assert fault_of(asked._replace(wants_certificate=False)) is not None
    assert fault_of(asked) == "no answer (ConnectionRefusedError)"


def test_a_process_that_stands_still_is_not_healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its socket still takes connections."""
    monkeypatch.setattr(health, "ANSWER_S_MAX", 0.1)
    with Server(("127.0.0.1", 0), Answering) as server:
        for uses_tls in (False, True):
            asked = Probe("127.0.0.1", server.server_port, "/healthz", uses_tls=uses_tls, wants_certificate=uses_tls)
            assert fault_of(asked) == "no answer (TimeoutError)"


def _called(*words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "txn_cli.entry", "health", *words]
    return subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=False, timeout=60
    )


def test_the_command_costs_little() -> None:
    """The least of three, since a busy machine makes each call dearer."""

    def cpu_s() -> float:
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        called = _called(TXN_API_PORT=str(port))
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        assert (called.returncode, called.stdout, called.stderr) == (0, "healthy\n", "")
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    with serving() as port:
        assert min(cpu_s() for _ in range(3)) < CPU_S_MAX


def test_the_command_imports_neither_settings_nor_frameworks() -> None:
    script = (
        "import sys; sys.argv = ['txn', 'health', 'worker']; from txn_cli.entry import main\n"
        "try: main()\nfinally: print(*sys.modules)"
    )
    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False, timeout=60)
    modules = set(told.stdout.split())
    assert "http.client" in modules
    assert {"typer", "pydantic", "structlog", "aiobotocore", "httpx"}.isdisjoint(modules)


def test_the_processes_are_known_to_the_first_step_and_wrong_ones_to_the_help() -> None:
    for process in PROCESSES:
        called = _called(process, TXN_API_PORT=str(ports.choose()), TXN_INSIGHT_PORT=str(ports.choose()))
        assert (called.returncode, called.stdout) == (1, "")
        assert called.stderr.startswith("txn: not healthy: ")
    called = _called("nobody")
    assert called.returncode == 2
    assert "Invalid value" in called.stderr
