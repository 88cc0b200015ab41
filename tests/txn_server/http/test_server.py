"""The HTTP server bounds heads, drains at SIGTERM, and ends with a code that tells how it went."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.txn_cli.stack.told_children import wait_until
from txn_cli.stack import ports
from txn_server.http.head import HEAD_BYTES_MAX

APP = """
import asyncio, sys
from txn_api.edge.buffered_request import enter
from txn_server.http import connection as http_connection
from txn_server.http import server
from txn_core.settings import Settings
http_connection.HEAD_DEADLINE_S = float(sys.argv[2])
http_connection.LOOKS_EVERY_S = http_connection.HEAD_DEADLINE_S / 2
http_connection.KEEP_ALIVE_S = http_connection.HEAD_DEADLINE_S * 2
http_connection.LIFE_S_MAX = http_connection.HEAD_DEADLINE_S * 5
stopping = asyncio.Event()
class Buffering:
    def take(self, request):
        if request.scope["path"] == "/offered":
            print("offered", request.buffered_body(), flush=True)
            request.write(request.rendered(200, [], b"taken"))
            return True
        return False
    def knows(self, scope):
        return True
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        enter(Buffering(), scope)
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["path"] == "/until-stopped":
        print("begun", flush=True)
        await stopping.wait()
    if scope["path"] == "/slow":
        print("begun", flush=True)
        await asyncio.sleep(1.0)
    while scope["path"] == "/read" and (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})
server.serve(app, Settings(api_port=int(sys.argv[1]), shutdown_deadline_s=5), on_stop=stopping.set)
"""


class Served:
    """A server in a process of its own."""

    def __init__(self, head_deadline_s: float, log: Path) -> None:
        self.port = ports.choose()
        self._log = log.open("wb")
        self.log = log
        self.process = subprocess.Popen(
            [sys.executable, "-c", APP, str(self.port), str(head_deadline_s)],
            stdout=self._log,
            stderr=subprocess.STDOUT,
        )
        wait_until(lambda: self.process.poll() is not None or not ports.is_free(self.port))

    def connect(self) -> socket.socket:
        return socket.create_connection((ports.HOST, self.port), timeout=60)

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._log.close()


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    server = Served(30, tmp_path / "log")
    yield server
    server.close()


@pytest.fixture
def impatient(tmp_path: Path) -> Iterator[Served]:
    server = Served(0.5, tmp_path / "log")
    yield server
    server.close()


def answer(client: socket.socket) -> bytes:
    """All that the server sends until it closes."""
    pieces = b""
    while piece := client.recv(65_536):
        pieces += piece
    return pieces


def test_a_head_that_never_ends_is_refused(served: Served) -> None:
    with served.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: ")
        client.sendall(b"4" * 2 * HEAD_BYTES_MAX)
        received = answer(client)
        assert received.startswith(b"HTTP/1.1 431 ")
        assert b"application/problem+json" in received
        assert b"4444" not in received


def test_a_head_that_is_too_large_is_refused_though_it_is_whole(served: Served) -> None:
    """Its last piece brings it over the bound and ends it."""
    with served.connect() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + b"4" * (HEAD_BYTES_MAX - 4_096))
        time.sleep(0.2)
        client.sendall(b"4" * 8_192 + b"\r\n\r\n")
        received = answer(client)
    assert received.startswith(b"HTTP/1.1 431 ")
    assert received.endswith(b"}")
    assert b"4444" not in received


def test_a_large_body_behind_a_small_head_is_no_large_head(served: Served) -> None:
    with served.connect() as client:
        large = b"x" * (2 * HEAD_BYTES_MAX)
        client.sendall(
            b"POST /read HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(large) + large
        )
        assert answer(client).startswith(b"HTTP/1.1 200 ")


def test_a_head_that_comes_too_slowly_is_cut_off(impatient: Served) -> None:
    with impatient.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\n")
        assert answer(client) == b""


def test_a_connection_without_a_word_is_cut_off(impatient: Served) -> None:
    with impatient.connect() as client:
        assert answer(client) == b""


def test_a_second_head_on_a_connection_is_bounded_as_well(impatient: Served) -> None:
    with impatient.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        received = b""
        while not received.endswith(b"ok"):
            received += client.recv(65_536)
        client.sendall(b"GET / HTTP/1.1\r\n")
        assert answer(client) == b""


def test_a_slow_answer_outlasts_the_deadline_of_its_head(impatient: Served) -> None:
    with impatient.connect() as client:
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert answer(client).endswith(b"ok")


def test_a_body_that_trickles_behind_its_answer_is_cut_off(impatient: Served) -> None:
    """Whoever was refused before his body was read does not hold the connection with the rest of it."""
    with impatient.connect() as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000\r\n\r\n")
        received, cut = b"", False
        client.settimeout(0.02)
        while not cut:
            try:
                client.sendall(b"x")
                piece = client.recv(65_536)
            except TimeoutError:
                continue
            except ConnectionError:
                break
            received, cut = received + piece, not piece
        assert received.endswith(b"ok")


def test_a_connection_that_is_never_idle_comes_to_an_end_as_well(impatient: Served) -> None:
    """With an answer that says so, not by cutting a request off."""
    with impatient.connect() as client:
        received = b""
        while b"connection: close" not in received:
            client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            received = b""
            while not received.endswith(b"ok"):
                received += client.recv(65_536)
        assert client.recv(65_536) == b""


def test_a_connection_for_which_there_is_no_room_is_told_when_to_come_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As any other overload: nothing was stored, and the connection does not stay in the way."""
    monkeypatch.setenv("TXN_API_CONCURRENCY_MAX", "1")
    server = Served(30, tmp_path / "log")
    with server.connect() as first, server.connect() as second:
        first.sendall(b"GET /until-stopped HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: "begun" in server.log.read_text())
        second.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        refused = answer(second)
    server.close()
    assert refused.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 1" in refused
    assert b'"code":"overloaded"' in refused


def test_bytes_that_are_not_http_are_answered_without_a_word_of_them(served: Served) -> None:
    with served.connect() as client:
        client.sendall(b"4111111111111111\r\n\r\n")
        refused = answer(client)
    assert refused.startswith(b"HTTP/1.1 400 ")
    assert b"malformed_http" in refused
    assert b"4111" not in refused
    assert "4111" not in served.log.read_text()


def test_the_server_does_not_name_itself(served: Served) -> None:
    with served.connect() as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert b"server:" not in answer(client).lower()


def test_sigterm_answers_what_is_in_flight_and_ends_with_zero(served: Served) -> None:
    with served.connect() as client:
        client.sendall(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: "begun" in served.log.read_text())
        served.process.send_signal(signal.SIGTERM)
        assert answer(client).endswith(b"ok")
    assert served.process.wait(60) == 0


def test_a_taken_port_ends_the_process_with_a_code(served: Served, tmp_path: Path) -> None:
    second = subprocess.run(
        [sys.executable, "-c", APP, str(served.port), "30"], capture_output=True, timeout=60, check=False
    )
    assert second.returncode != 0


def test_what_goes_on_by_itself_is_told_to_stop(served: Served) -> None:
    """An upload would otherwise run until the shutdown deadline and be cut."""
    with served.connect() as client:
        client.sendall(b"GET /until-stopped HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: "begun" in served.log.read_text())
        served.process.send_signal(signal.SIGTERM)
        assert answer(client).endswith(b"ok")
    assert served.process.wait(60) == 0


def test_an_application_that_enters_itself_at_its_start_is_offered_requests_from_the_first_on(served: Served) -> None:
    """In whatever packets a request comes; one that it does not take goes ASGI's own way."""
    with served.connect() as client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in (b"POST /offered HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n", b"ab", b"cde"):
            client.sendall(piece)
        assert client.recv(65_536).endswith(b"\r\n\r\ntaken")
        client.sendall(b"POST /read HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 2\r\n\r\nab")
        assert answer(client).endswith(b"\r\n\r\nok")
    assert "offered b'abcde'" in served.log.read_text()
