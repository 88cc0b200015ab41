"""What a worker process answers over HTTP: its metrics, and whether it is ready. Whoever asks, the cost is bounded.

Served from a thread, so that metrics can be read while the event loop is busy; readiness is asked of the loop, and a
loop that does not answer is not ready.
"""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from socketserver import ThreadingMixIn
from typing import TYPE_CHECKING, Any, Final
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

from txn_core.aws.errors import code_of
from txn_core.readiness import CHECK_S_MAX, OK, Check, NotReadyError, ReadinessChecks
from txn_core.recent import Recent
from txn_core.settings import Settings

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

READY_PATH: Final = "/readyz"
ANSWER_S_MAX: Final = 2 * CHECK_S_MAX  # a check that is under way, then our own
FAULT_CACHED_S: Final = 0.5  # who waits for a worker that starts does not wait much longer than it takes
CONNECTION_S_MAX: Final = 10.0
CONNECTIONS_MAX: Final = 32
"""Answered at once, a thread each; more are closed unanswered. Who watches a worker is one or two."""
RENDERED_EVERY_S: Final = 1.0
"""How often the metrics are rendered at most, whoever asks."""

_log = structlog.get_logger(__name__)


def readiness_of(checks: Mapping[str, Check]) -> ReadinessChecks:
    """The checks of a worker, by name; a probe is told an error's code, or what is wrong in words."""
    return ReadinessChecks(checks, why, FAULT_CACHED_S)


def why(error: Exception) -> str:
    """What may be said of the error of a check that failed."""
    return str(error) if isinstance(error, NotReadyError) else code_of(error)


@contextmanager
def served(registry: CollectorRegistry, readiness: ReadinessChecks, settings: Settings) -> Iterator[None]:
    """Serve on the port of the settings, if any, for as long as the block runs in this event loop."""
    if settings.worker_metrics_port is None:
        yield
        return
    loop = asyncio.get_running_loop()
    app = application(registry, lambda: asyncio.run_coroutine_threadsafe(readiness.found(), loop))
    host, port = settings.worker_metrics_host, settings.worker_metrics_port
    server_class = _ServerV6 if ":" in host else _Server
    with make_server(host, port, app, server_class=server_class, handler_class=_Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        _log.info("metrics", host=server.server_name, port=server.server_port)
        try:
            yield
        finally:
            server.shutdown()
            thread.join()


def application(registry: CollectorRegistry, ask: Callable[[], "Future[dict[str, str]]"]) -> "WSGIApplication":
    """`/readyz` as JSON, 200 or 503; every other path gives the metrics."""
    metrics = Recent(lambda: generate_latest(registry), RENDERED_EVERY_S)

    def answer(environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        if environ["PATH_INFO"] != READY_PATH:
            text = metrics.get()
            start_response("200 OK", [("Content-Type", CONTENT_TYPE_LATEST), ("Cache-Control", "no-store")])
            return [text]
        checks = _checks(ask())
        ready = all(check == OK for check in checks.values())
        body = json.dumps({"status": "ready" if ready else "not_ready", "checks": checks}).encode()
        start_response(
            "200 OK" if ready else "503 Service Unavailable",
            [("Content-Type", "application/json"), ("Cache-Control", "no-store")],
        )
        return [body]

    return answer


def _checks(asked: "Future[dict[str, str]]") -> dict[str, str]:
    try:
        return asked.result(ANSWER_S_MAX)
    except TimeoutError:
        asked.cancel()
        return {"event_loop": f"no answer within {ANSWER_S_MAX:.0f} s"}


class _Server(ThreadingMixIn, WSGIServer):
    """A thread a connection, so that a slow probe holds up no other; threads end with the process."""

    daemon_threads = True
    block_on_close = False  # a probe may wait for the event loop, which is the one that closes

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self._places = threading.BoundedSemaphore(CONNECTIONS_MAX)
        super().__init__(*arguments, **named)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer a connection in a thread of its own, or close it when too many are being answered."""
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._places.release()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer it, and give its place back."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()


class _ServerV6(_Server):
    """The same on an IPv6 address."""

    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    """One connection, bounded in time; requests are not logged."""

    timeout = CONNECTION_S_MAX

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - as the standard library has it
        """Say nothing."""
