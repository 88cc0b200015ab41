"""A collector of spans on this machine: OTLP over HTTP, what it is sent kept as it came."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATH = "/v1/traces"
ANSWER_S_MAX = 60.0


class OtlpReceiver(ThreadingHTTPServer):
    """Keeps the bodies of exports. While it is not `answering`, it takes them in and says nothing."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Exported)
        self.bodies: list[bytes] = []
        self.headers: list[dict[str, str]] = []
        self.status = 200
        self.answering = threading.Event()
        self.answering.set()

    @property
    def url(self) -> str:
        """Where spans are to be sent."""
        return f"http://127.0.0.1:{self.server_port}{PATH}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that has gone."""


class _Exported(BaseHTTPRequestHandler):
    server: OtlpReceiver

    def do_POST(self) -> None:
        self.server.headers.append(dict(self.headers))
        self.server.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.answering.wait(ANSWER_S_MAX)
        self.send_response(self.server.status if self.path == PATH else 404)
        self.send_header("Content-Type", "application/x-protobuf")
        self.send_header("Content-Length", "0")  # an answer without a partial success
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing: who looks, looks at what was kept."""


@contextmanager
def receiving() -> Iterator[OtlpReceiver]:
    """A receiver for the time of the block."""
    with OtlpReceiver() as receiver:
        thread = threading.Thread(target=receiver.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield receiver
        finally:
            receiver.answering.set()
            receiver.shutdown()
            thread.join()
