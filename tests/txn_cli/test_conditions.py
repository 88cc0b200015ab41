"""Every command under every condition that keeps it from working: one line with cause and remedy, and its code.

The commands are those that the program itself has, so that a new one is not forgotten. While they run, a guard on all
sockets lets nothing but this machine be reached, with credentials of AWS in the environment.
"""

import asyncio
import io
import json
import logging
import os
import re
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final

import pytest
import structlog
import typer
import uvloop

from tests.builders import base64_key
from tests.txn_cli.api_client.test_target import READY
from txn_cli.exit_codes import CHECKING, FAMILIES, Outcome
from txn_cli.main import app_of, run
from txn_cli.output.named import ENDPOINTS
from txn_cli.simulator.simulated_rows import simulate_rows, write_rows
from txn_cli.stack import ports
from txn_cli.stack.credentials import Secrets
from txn_cli.stack.datadir import DataDir
from txn_core.loopback import is_loopback

SECONDS_MAX: Final = 60.0
ARGUMENTS: Final[dict[str, str]] = {
    "up": "--port {free}",
    "demo": "--port {free} --exit",
    "status": "--once",
    "simulate": "--rows 5",
    "load": "rows.csv",
    "verify": "rows.csv",
    "api": "",
    "insight": "--port {free}",
    "worker": "archive",
    "bootstrap": "",
    "health": "",
    "reconcile": "--since 1h",
    "generations compare": "1 2",
    "generations drop": "2 --yes",
    "keys create": "--scope admin",
    "keys revoke": "0123456789abcdef --yes",
    "keys export": "",
    "keys import": "keys.json --yes",
    "dead-letters list": "",
    "dead-letters show": "shard/1",
    "dead-letters replay": "shard/1",
    "leases reset": "both --yes",
    "cost": "--rate 100",
    "shards plan": "",
    "ingest file": "rows.csv",
    "ingest status": "",
    "lake hours": "",
    "lake curate": "",
    "lake compact": "",
    "lake files": "",
    "warehouse run": "",
    "warehouse watch": "",
    "warehouse load": "",
    "warehouse build": "",
    "warehouse check": "",
    "warehouse docs": "",
    "warehouse install": "",
    "sql": "",
    "labels load": "labels.csv --source chargeback",
    "train": "--from 2019-01-01T00:00:00Z --to 2019-02-01T00:00:00Z --out model",
    "backtest": "--model shipped --from 2019-01-01T00:00:00Z --to 2019-02-01T00:00:00Z",
    "models list": "",
    "models compare": "",
    "models activate": "shipped --yes",
    "models rollback": "--yes",
    "models sign": "model",
    "rules test": "rules.toml --from 2019-01-01T00:00:00Z --to 2019-02-01T00:00:00Z",
    "rules activate": "rules.toml --yes",
    "rules list": "",
    "features verify": "",
}
STARTS_ONE: Final = {"up", "demo"}
NEEDS_NONE: Final = {
    "health",
    "simulate",
    "cost",
    "sql",
    "models sign",
    "warehouse install",
    "warehouse build",
    "warehouse docs",
}
OF_A_SYSTEM: Final = sorted(ARGUMENTS.keys() - STARTS_ONE - NEEDS_NONE)
OF_A_SERVICE: Final = {"load", "verify", "ingest file", "labels load"}
WAITS: Final = {"worker", "warehouse watch", "insight"}
"""These wait for their stores: an outage looks like a wrong address. Their logs and their readiness tell of it."""
RULES: Final = """
[[rule]]
id = "dear"
when = "amount > 20000"
action = "review"
mode = "shadow"
owner = "ann"
expires = 2099-01-01
about = "A large purchase"
"""
AWS: Final = {"AWS_ACCESS_KEY_ID": "AKIAFAKE", "AWS_SECRET_ACCESS_KEY": "fake", "AWS_REGION": "eu-central-1"}
KEYS: Final = {
    "TXN_CARD_KEYS": json.dumps({"1": base64_key(1)}),
    **{f"TXN_{name}_KEY": base64_key(1) for name in ("IDENTITY", "CURSOR", "DEAD_LETTER", "INGEST")},
}
ON_AWS: Final = {"TXN_TARGET": "aws", "TXN_BUCKET": "ours", **KEYS}


@dataclass
class Guard:
    """Addresses beyond this machine that something wanted to reach."""

    reached: list[object] = field(default_factory=list)

    def check(self, host: object) -> None:
        text = host.decode() if isinstance(host, bytes) else str(host or "localhost")
        if not is_loopback(text):
            self.reached.append(host)
            raise OSError(f"not this machine: {text}")


@pytest.fixture
def guard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Guard]:
    """No socket leaves this machine and no name is looked up elsewhere; whoever tries is written down."""
    made, resolved = Guard(), socket.getaddrinfo
    for name in ("connect", "connect_ex"):
        monkeypatch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name), made))

    def getaddrinfo(host: Any, *rest: Any, **named: Any) -> Any:
        made.check(host)
        return resolved(host, *rest, **named)

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    monkeypatch.setattr(uvloop, "new_event_loop", asyncio.new_event_loop)  # whose sockets are not Python's
    yield made
    assert made.reached == []


def _guarded(connect: Callable[..., Any], guard: Guard) -> Callable[..., Any]:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family != socket.AF_UNIX:
            guard.check(address[0])
        return connect(self, address)

    return guarded


@pytest.fixture(autouse=True)
def own_process() -> Iterator[None]:
    """Logging and handlers of signals as they were, after a command has set up its own."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    signals = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:] = handlers
    root.setLevel(level)
    for number, handler in signals.items():
        signal.signal(number, handler)


@dataclass(frozen=True)
class Ended:
    """How a command ended; `target` is its first line, where it came to name a system."""

    code: int
    line: str
    target: str
    seconds: float


@dataclass(frozen=True)
class Terminal:
    """A folder to type commands in."""

    folder: Path
    environment: pytest.MonkeyPatch
    captured: pytest.CaptureFixture[str]

    def type(self, command: str, *more: str, **variables: str) -> Ended:
        """Type a command; nothing but one line comes of it, after the one that names the target."""
        ended, others = self.type_any(command, *more, **variables)
        assert others == []
        return ended

    def type_any(self, command: str, *more: str, **variables: str) -> tuple[Ended, list[str]]:
        """Type a command; how it ended, and what else it said."""
        for name, value in variables.items():
            self.environment.setenv(name, value)
        words = [*command.split(), *ARGUMENTS[command].format(free=ports.choose()).split(), *more]
        self.captured.readouterr()
        began = time.monotonic()
        code = run(words)
        seconds = time.monotonic() - began
        *before, line = self.captured.readouterr().err.splitlines() or [""]
        targets = [each for each in before if each.startswith(("txn: target: ", '{"target": '))]
        assert line.startswith("txn: ")
        assert "Traceback" not in line
        assert "not expected" not in line, line
        others = [each for each in before if each not in targets and not each.startswith("{")]
        return Ended(code, line, targets[0] if targets else "", seconds), others


@pytest.fixture
def terminal(tmp_path: Path, own_environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Terminal:
    """A folder without a stack, a file with rows, and credentials of AWS, which nobody asked to be used."""
    own_environment.chdir(tmp_path)
    own_environment.setenv("HOME", str(tmp_path))
    for name, value in AWS.items():
        own_environment.setenv(name, value)
    own_environment.delenv("AWS_EC2_METADATA_DISABLED")
    with (tmp_path / "rows.csv").open("w") as file:
        write_rows(simulate_rows(rows=2, cards=1, seed=1), file)
    (tmp_path / "rules.toml").write_text(RULES)
    (tmp_path / "labels.csv").write_text("transaction_id,value\n00000000,fraud\n")
    return Terminal(tmp_path, own_environment, capsys)


def failed(command: str) -> int:
    return FAMILIES[command][Outcome.FAILED]


def commands_of(command: Any, words: tuple[str, ...] = ()) -> Iterator[str]:
    inner = getattr(command, "commands", None)
    if inner is None:
        yield " ".join(words)
    for name, each in (inner or {}).items():
        yield from commands_of(each, (*words, name))


def test_no_command_is_forgotten() -> None:
    """Neither here nor in the table of exit codes."""
    there = sorted(commands_of(typer.main.get_command(app_of())))
    assert there == sorted(ARGUMENTS) == sorted(FAMILIES)


def test_a_finding_is_told_from_a_failure() -> None:
    for command, codes in FAMILIES.items():
        assert codes[Outcome.DONE] == 0, command
        assert codes[Outcome.USAGE] == 2, command
        if Outcome.FINDING in codes:
            assert codes[Outcome.FINDING] == 1 < codes[Outcome.FAILED], command
    checking = {command for command, codes in FAMILIES.items() if codes is CHECKING}
    assert checking >= {"verify", "reconcile", "status"}
    assert {FAMILIES["load"][outcome] for outcome in (Outcome.REJECTED, Outcome.UNSETTLED)} == {3, 4}


@pytest.mark.parametrize("command", OF_A_SYSTEM)
def test_no_stack(terminal: Terminal, guard: Guard, command: str) -> None:
    """With credentials of AWS at hand, which is no reason to use them."""
    ended = terminal.type(command)
    assert (ended.code, ended.target) == (failed(command), "")
    assert "no stack is ready in .txn: start one with `txn up`" in ended.line
    assert ended.seconds < SECONDS_MAX


@pytest.mark.parametrize("command", OF_A_SYSTEM)
def test_no_credentials(terminal: Terminal, guard: Guard, command: str) -> None:
    """On AWS, which is named here; a service is another's affair."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        terminal.environment.delenv(name)
    more = ("--url", "http://127.0.0.1:1", "--api-key", "x") if command == "verify" else ()
    ended = terminal.type(command, *more, **ON_AWS, AWS_EC2_METADATA_DISABLED="true")
    assert ended.code == failed(command)
    says = (
        "TXN_TARGET names another system"
        if command in {"load", "labels load"}
        else "there are no AWS credentials: set AWS_PROFILE"
    )
    assert says in ended.line
    assert ended.seconds < SECONDS_MAX


HttpReply = tuple[int, bytes]


class Server(ThreadingHTTPServer):
    """Says nothing of clients that went away in the middle."""

    def handle_error(self, *_: object) -> None:
        """Nothing."""


@contextmanager
def answering(answer_to: Callable[[Message], HttpReply]) -> Iterator[str]:
    """A server that answers each request by its head alone; its address."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            self._read()
            status, body = answer_to(self.headers)
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def _read(self) -> None:
            if self.headers.get("Expect") == "100-continue":  # as of a put to S3, which else waits
                self.wfile.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            if self.headers.get("Transfer-Encoding") == "chunked":
                while size := int(self.rfile.readline(), 16):
                    self.rfile.read(size + 2)
                self.rfile.readline()
            else:
                self.rfile.read(int(self.headers.get("Content-Length") or 0))

        do_GET = do_POST = do_PUT = do_HEAD = _answer  # noqa: N815 - the names that the server looks for

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def refusal(head: Message) -> HttpReply:
    """What Kinesis and DynamoDB, S3, and the API say to whom they do not know."""
    if "X-Amz-Target" in head:
        return 400, b'{"__type": "UnrecognizedClientException", "message": "9000"}'
    if "X-Amz-Date" in head:
        return 403, b"<Error><Code>InvalidAccessKeyId</Code><Message>9000</Message></Error>"
    return 401, b'{"status": 401, "code": "api_key_invalid", "title": "The key is not valid"}'


@pytest.mark.parametrize("command", sorted({*OF_A_SYSTEM} - {"warehouse watch", "warehouse check", "insight"}))
def test_wrong_key(terminal: Terminal, guard: Guard, command: str) -> None:
    """Of the stores, or of the service."""
    with answering(refusal) as url:
        stack_at(terminal.folder, url)
        ended = terminal.type(command, TXN_LEASE_FAILOVER_S="1", TXN_LEASE_RENEW_S="0.3")
    assert ended.code == failed(command)
    assert "target" in ended.target
    assert re.search(
        r"does not know these credentials: set AWS_PROFILE|401 api_key_invalid .*--api-key-file|`txn keys create`",
        ended.line,
    )
    assert "9000" not in ended.line
    assert ended.seconds < SECONDS_MAX


@pytest.mark.parametrize("command", sorted({*OF_A_SYSTEM} - WAITS - {"warehouse check"}))
def test_wrong_port(terminal: Terminal, guard: Guard, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """As of a stack that was killed and left its papers, or that lost a child."""
    monkeypatch.setattr("operations.patience.PATIENCE_S", 0.1)
    monkeypatch.setattr("ingest.api_client.client.REACH_S_MAX", 0.3)
    stack_at(terminal.folder, url := f"http://127.0.0.1:{ports.choose()}")
    ended = terminal.type(command)
    assert ended.code == failed(command)
    assert f"no answer from {url} (" in ended.line
    assert "`txn up` starts a local stack" in ended.line


@pytest.mark.parametrize("command", ["api", "worker"])
def test_a_port_that_somebody_has(terminal: Terminal, guard: Guard, command: str) -> None:
    stack_at(terminal.folder, f"http://127.0.0.1:{ports.choose()}")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        DataDir.at(Path(".txn")).document("settings").write_text(
            json.dumps({"TXN_WORKER_METRICS_PORT": port, "TXN_API_PROCESSES": "2"})
        )
        ended = terminal.type(command, *(("--port", port) if command == "api" else ()))
    assert ended.code == failed(command)
    assert re.search(r"[Aa]ddress already in use.*: name another|; name another", ended.line)


@pytest.mark.parametrize("command", sorted(ARGUMENTS.keys() - NEEDS_NONE))
def test_a_folder_that_is_a_file(terminal: Terminal, guard: Guard, command: str) -> None:
    (terminal.folder / "file").write_text("a file")
    ended = terminal.type(command, "--data-dir", "file")
    assert ended.code == failed(command)
    assert re.search(
        r"file(/lock)? is no folder: name|cannot open \S+/file as a folder: Not a directory; name", ended.line
    )
    assert (terminal.folder / "file").read_text() == "a file"


@pytest.mark.parametrize("command", sorted(ARGUMENTS.keys() - NEEDS_NONE))
def test_a_folder_that_cannot_be_written(terminal: Terminal, guard: Guard, command: str) -> None:
    """No user may make one there, root included."""
    more = ("--url", "http://127.0.0.1:1", "--api-key", "x") if command in OF_A_SERVICE else ()
    ended = terminal.type(command, "--data-dir", "/proc/self/stack", *more)
    assert ended.code == failed(command)
    assert re.search(r"--data-dir|no answer from", ended.line)


@pytest.mark.parametrize("command", OF_A_SYSTEM)
def test_a_folder_that_is_closed(
    terminal: Terminal, guard: Guard, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To anybody but root, who may read any: the framework's own check is not to answer, but the command."""
    (terminal.folder / "closed").mkdir()
    monkeypatch.setattr(os, "access", lambda *_, **__: False)
    ended = terminal.type(command, "--data-dir", "closed")
    assert ended.code == failed(command)
    assert "no stack is ready in closed: start one" in ended.line


@pytest.mark.parametrize("command", OF_A_SYSTEM)
@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n\x00", b"[1]", b'{"api_url": 1}'], ids=["image", "list", "other"]
)
def test_a_file_of_another_kind(terminal: Terminal, guard: Guard, command: str, content: bytes) -> None:
    """In the place of what says where the stack is."""
    stack_at(terminal.folder, "http://127.0.0.1:1")
    (terminal.folder / ".txn" / "ready.json").write_bytes(content)
    ended = terminal.type(command)
    assert ended.code == failed(command)
    assert "ready.json is damaged: it is not what `txn up` wrote; put it back" in ended.line


@pytest.mark.parametrize("command", ["load", "verify"])
def test_rows_of_another_kind(terminal: Terminal, guard: Guard, command: str) -> None:
    (terminal.folder / "rows.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    with answering(refusal) as url:
        stack_at(terminal.folder, url)
        ended = terminal.type(command)
    assert ended.code == failed(command)
    assert "cannot read rows.csv: " in ended.line


@contextmanager
def full_disk() -> Iterator[None]:
    """No file can be written in the block, as on a disk that is full (setrlimit(2), RLIMIT_FSIZE)."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


@pytest.mark.parametrize("command", ["up", "demo", "simulate"])
def test_a_full_disk(terminal: Terminal, guard: Guard, command: str) -> None:
    more = ("--out", "made.csv") if command == "simulate" else ()
    with full_disk():
        ended = terminal.type(command, *more)
    assert ended.code == failed(command)
    assert re.search("File too large.*make room|cannot write made.csv: File too large", ended.line)
    assert [*terminal.folder.rglob("*.json")] == [], "nothing is half there"


@pytest.mark.parametrize("command", ["simulate", "keys create"])
def test_a_full_disk_under_the_output(
    terminal: Terminal, guard: Guard, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a command that did what it was told to, and cannot say so."""
    with answering(lambda _: (200, b"{}")) as url, Path("/dev/full").open("w") as full:
        stack_at(terminal.folder, url)
        monkeypatch.setattr(sys, "stdout", full)
        ended, _ = terminal.type_any(command)
        assert ended.code == failed(command)
        assert "No space left on device" in ended.line


def stack_at(folder: Path, url: str) -> None:
    """The papers of a stack, all of whose servers are at one address."""
    data_dir = DataDir.at(folder / ".txn")
    data_dir.create()
    Secrets.of(data_dir)
    replace(READY, api_url=url, kinesis_url=url, dynamodb_url=url, s3_url=url).write(data_dir)


@pytest.mark.parametrize("command", ["generations drop", "keys revoke"])
def test_what_destroys_on_aws_wants_a_yes(
    terminal: Terminal, guard: Guard, command: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is there to be asked; nothing is called."""
    monkeypatch.setattr(sys, "stdin", io.StringIO(""))
    monkeypatch.setitem(ARGUMENTS, command, ARGUMENTS[command].removesuffix(" --yes"))
    ended, _ = terminal.type_any(command, "--aws")
    assert ended.code == failed(command)
    assert (
        ended.target
        == "txn: target: AWS, region eu-central-1 (stream txn-transactions, tables txn-*, bucket not set)"
    )
    assert ended.line.endswith("nothing was done: confirm it, or say --yes")


def test_verify_of_a_service_elsewhere_takes_no_lake_for_its_own(terminal: Terminal, guard: Guard) -> None:
    """Neither the API of the stack beside it nor one on AWS, with all that it takes in the environment."""
    stack_at(terminal.folder, "http://127.0.0.1:1")
    ended = terminal.type("verify", "--url", "https://api.example", "--api-key", "x", TXN_BUCKET="ours")
    assert (ended.code, ended.target) == (failed("verify"), "")
    assert "the lake of that service is not known: say --aws with TXN_BUCKET" in ended.line


@pytest.mark.parametrize(
    ("named", "says"),
    [({"TXN_TARGET": "aws"}, "TXN_TARGET"), (dict.fromkeys(ENDPOINTS, "http://127.0.0.1:2"), ENDPOINTS[0])],
)
def test_rows_do_not_go_to_a_stack_while_another_system_is_named(
    terminal: Terminal, guard: Guard, named: dict[str, str], says: str
) -> None:
    stack_at(terminal.folder, "http://127.0.0.1:1")
    ended = terminal.type("load", **named)
    assert f"{says} names another system than the stack in .txn: give --url, or --data-dir" in ended.line
