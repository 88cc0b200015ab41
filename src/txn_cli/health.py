"""Whether a process of this machine lives, as the health check of a container asks for it.

An orchestrator asks every half minute beside each process, so this imports neither settings nor frameworks: it reads
the few variables that say where a process listens. Their names and defaults are those of `Settings`, which a test
compares. Alive means that the event loop of the API, or the metrics thread of a worker, answers. Stores are not
asked: a process whose store is away goes on by itself when the store is back (docs/operations.md, "Is it ready?").
"""

import http.client
import os
import ssl
import sys
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Final, NamedTuple

from txn_core.service_links import service_links

API: Final = "api"
WORKER: Final = "worker"
INSIGHT: Final = "insight"
PROCESSES: Final = (API, WORKER, INSIGHT)
ANSWER_S_MAX: Final = 2.0

API_HOST: Final = ("TXN_API_HOST", "127.0.0.1")
API_PORT: Final = ("TXN_API_PORT", "8080")
INSIGHT_HOST: Final = ("TXN_INSIGHT_HOST", "127.0.0.1")
INSIGHT_PORT: Final = ("TXN_INSIGHT_PORT", "8090")
WORKER_HOST: Final = ("TXN_WORKER_METRICS_HOST", "127.0.0.1")
WORKER_PORT: Final = ("TXN_WORKER_METRICS_PORT", "")
CERTIFICATE: Final = ("TXN_TLS_CERT_FILE", "")
CLIENT_CA: Final = ("TXN_TLS_CLIENT_CA_FILE", "")


class Probe(NamedTuple):
    """What is asked, and where."""

    host: str
    port: int
    path: str
    uses_tls: bool = False
    wants_certificate: bool = False
    """Whether the process only serves clients that show a certificate, which a health check has not."""


def probe_of(process: str | None, environment: Mapping[str, str]) -> Probe | str:
    """What to ask of a process, or why that cannot be known.

    Without a process it is a worker where the environment names the port of a worker's metrics, else the API.
    """
    links = service_links(environment)
    # Settings read names in any case.
    given = {name.upper(): value for name, value in environment.items() if name not in links}

    def read(setting: tuple[str, str]) -> str:
        name, default = setting
        return given.get(name, default)

    match process or (WORKER if read(WORKER_PORT) else API):
        case "worker":
            if not read(WORKER_PORT):
                return f"a worker answers once {WORKER_PORT[0]} is set"
            return _probe(read(WORKER_HOST), read(WORKER_PORT), "/metrics")
        case "insight":
            return _probe(read(INSIGHT_HOST), read(INSIGHT_PORT), "/healthz")
        case _:
            found = _probe(read(API_HOST), read(API_PORT), "/healthz")
            if isinstance(found, str):
                return found
            return found._replace(uses_tls=bool(read(CERTIFICATE)), wants_certificate=bool(read(CLIENT_CA)))


def _probe(host: str, port: str, path: str) -> Probe | str:
    if not (port.isascii() and port.isdigit()):
        return "the port in the settings is no number"
    return Probe(_reached_at(host), int(port), path)


def _reached_at(host: str) -> str:
    """Where a process that binds an address is reached from beside it; it may bind every address."""
    try:
        address = ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "::1" if address.version == 6 else "127.0.0.1"


def fault_of(probe: Probe) -> str | None:
    """Why a process does not count as alive, or None when it does.

    Where the process wants a certificate, the TLS handshake is the answer: completed, or refused for the lack of one.
    """
    try:
        connection = _connection(probe)
        try:
            connection.connect()
            if probe.wants_certificate:
                return None
            connection.request("GET", probe.path)
            status = connection.getresponse().status
        finally:
            connection.close()
    except ssl.SSLError as error:
        refused = probe.wants_certificate and "ALERT" in (error.reason or "")
        return None if refused else f"TLS failed ({type(error).__name__})"
    except (OSError, http.client.HTTPException) as error:
        return f"no answer ({type(error).__name__})"
    return None if status == http.client.OK else f"the answer is {status}"


def _connection(probe: Probe) -> http.client.HTTPConnection:
    if not probe.uses_tls:
        return http.client.HTTPConnection(probe.host, probe.port, timeout=ANSWER_S_MAX)
    # The certificate names the service and not this machine, and nothing secret is said: nobody is authenticated.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return http.client.HTTPSConnection(probe.host, probe.port, timeout=ANSWER_S_MAX, context=context)


def run(
    process: str | None, environment: Mapping[str, str] = os.environ, ask: Callable[[Probe], str | None] = fault_of
) -> int:
    """Ask, say in one line what was found, and give the exit code: 0 when the process lives, else 1.

    Docker keeps 2 for itself.
    """
    probe = probe_of(process, environment)
    fault = probe if isinstance(probe, str) else ask(probe)
    if isinstance(fault, str):
        sys.stderr.write(f"txn: not healthy: {fault}\n")
        return 1
    sys.stdout.write("healthy\n")
    return 0
