"""The API's port speaks TLS when it has a certificate, and asks for clients' when it has an authority for them."""

import hashlib
import os
import socket
import ssl
import subprocess
import sys
from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.txn_cli.certificates import Authority, Certified
from tests.txn_cli.stack.told_children import wait_until
from txn_cli.health import Probe, fault_of
from txn_cli.stack import ports
from txn_core.exceptions import SettingsError
from txn_core.settings import Settings
from txn_server.http.tls import context_factory, server_context

ENDS_S_MAX = 20.0  # of the 25 s that a stopping process has, and of the 30 s that asyncio waits for a farewell
APP = """
import sys
from txn_api.access.client_certificates import client_certificate_sha256
from txn_server.http import server
from txn_server.http.listener import listening
from txn_core.settings import Settings
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    shown = client_certificate_sha256(scope) or "none"
    body = (shown if scope["path"] == "/certificate" else scope["scheme"]).encode()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})
settings = Settings()
shared = listening(settings.api_host, settings.api_port) if sys.argv[1] == "shared" else None
server.serve(app, settings, on_stop=lambda: None, listener=shared)
"""


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("tls") / "ca")


@pytest.fixture(scope="module")
def server(authority: Authority) -> Certified:
    return authority.server()


@pytest.fixture(scope="module")
def open_port(server: Certified) -> Iterator[int]:
    """A server that any client may connect to."""
    with _serving("alone", server) as port:
        yield port


@pytest.fixture(scope="module")
def guarded_port(server: Certified, authority: Authority) -> Iterator[int]:
    """One that takes only clients with a certificate, on a socket that it could share with others."""
    with _serving("shared", server, authority.file) as port:
        yield port


@contextmanager
def _serving(how: str, server: Certified, clients: Path | None = None) -> Iterator[int]:
    port = ports.choose()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TXN_")} | {
        "TXN_API_PORT": str(port),
        "TXN_TLS_CERT_FILE": str(server.certificate),
        "TXN_TLS_KEY_FILE": str(server.key),
        **({"TXN_TLS_CLIENT_CA_FILE": str(clients)} if clients else {}),
    }
    process = subprocess.Popen([sys.executable, "-c", APP, how], env=environment)
    try:
        wait_until(lambda: process.poll() is not None or not ports.is_free(port))
        yield port
    finally:
        process.terminate()
        process.wait(ENDS_S_MAX)


def _get(port: int, context: ssl.SSLContext, path: str = "/") -> str:
    with httpx.Client(verify=context, trust_env=False, timeout=60) as client:
        return client.get(f"https://{ports.HOST}:{port}{path}").raise_for_status().text


def test_a_request_over_tls_is_answered(open_port: int, authority: Authority) -> None:
    """The application sees the scheme."""
    assert _get(open_port, authority.trusted()) == "https"


@pytest.mark.parametrize("how", ["alone", "shared"])
def test_a_client_that_says_no_farewell_does_not_hold_up_the_end(
    how: str, server: Certified, authority: Authority
) -> None:
    """A pooled connection reads nothing while it is idle, the server's farewell neither (RFC 8446, 6.1)."""
    with _serving(how, server) as port:
        plain = socket.create_connection((ports.HOST, port), timeout=60)
        idle = authority.trusted().wrap_socket(plain, server_hostname=ports.HOST)
        idle.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        received = b""
        while not received.endswith(b"https"):
            received += idle.recv(4_096)
    # The process has ended in time, or `_serving` has raised; the client has said nothing.
    plain.close()
    idle.close()


def test_tls_1_2_is_the_least(open_port: int, authority: Authority) -> None:
    """RFC 9325, 3.1.1: 1.2 is taken and 1.1 is not."""
    context = authority.trusted()
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert _get(open_port, context) == "https"
    # A context that would offer less cannot be had everywhere; what the server would take can be looked at.
    server = authority.server()
    assert server_context(server.certificate, server.key, None).minimum_version == ssl.TLSVersion.TLSv1_2


def test_plain_http_is_not_answered_on_a_port_that_speaks_tls(open_port: int) -> None:
    """A key sent in the clear by mistake gets no answer that would let the mistake last."""
    with socket.create_connection((ports.HOST, open_port), timeout=60) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        try:
            assert b"HTTP" not in client.recv(4_096)
        except ConnectionResetError:
            return  # cut off, which says the same


def test_a_client_with_a_certificate_of_the_authority_is_answered(guarded_port: int, authority: Authority) -> None:
    assert _get(guarded_port, authority.trusted(authority.client())) == "https"


def test_an_application_is_told_of_the_clients_certificate(
    open_port: int, guarded_port: int, authority: Authority
) -> None:
    """As the thumbprint that a token may be bound to (RFC 8705, 3.1); a client that was asked for none has none."""
    for name in ("one", "other"):
        client = authority.client(name)
        der = ssl.PEM_cert_to_DER_cert(client.certificate.read_text())
        thumbprint = urlsafe_b64encode(hashlib.sha256(der).digest()).rstrip(b"=").decode()
        assert _get(guarded_port, authority.trusted(client), "/certificate") == thumbprint
    assert _get(open_port, authority.trusted(authority.client()), "/certificate") == "none"


def test_a_client_without_a_certificate_is_not(guarded_port: int, authority: Authority) -> None:
    """In TLS 1.3 the client learns of it with its first read."""
    with pytest.raises(httpx.TransportError):
        _get(guarded_port, authority.trusted())


def test_a_client_of_another_authority_is_not(guarded_port: int, authority: Authority, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "other").client()
    with pytest.raises(httpx.TransportError):
        _get(guarded_port, authority.trusted(stranger))


def test_a_servers_certificate_is_no_clients(guarded_port: int, authority: Authority, server: Certified) -> None:
    """The extended key usage is held to, so that one leaked server key opens no terminal's door."""
    with pytest.raises(httpx.TransportError):
        _get(guarded_port, authority.trusted(server))


def test_without_a_certificate_the_port_speaks_plain_http() -> None:
    assert context_factory(Settings()) is None


def test_files_that_do_not_go_together_are_told_in_one_line(
    authority: Authority, server: Certified, tmp_path: Path
) -> None:
    """Which settings, and why; never what is in the files."""
    other = Authority(tmp_path / "other").server()
    with pytest.raises(SettingsError, match=r"TXN_TLS_KEY_FILE .*: key values mismatch"):
        server_context(server.certificate, other.key, None)
    with pytest.raises(SettingsError, match=r"TXN_TLS_CERT_FILE .*: no such file"):
        server_context(tmp_path / "absent", server.key, None)
    with pytest.raises(SettingsError, match="TXN_TLS_CLIENT_CA_FILE"):
        server_context(server.certificate, server.key, server.key)


def test_a_health_check_takes_either_port_for_alive(open_port: int, guarded_port: int) -> None:
    """It has no certificate to show, and the handshake alone says that the event loop goes on."""
    asked = Probe(ports.HOST, open_port, "/", uses_tls=True)
    assert fault_of(asked) is None
    assert fault_of(asked._replace(port=guarded_port, wants_certificate=True)) is None
    assert fault_of(asked._replace(port=guarded_port)) is not None
