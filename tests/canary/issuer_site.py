"""An issuer of access tokens that publishes its keys on this machine, for the time of a run."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.txn_api.issuer import AUDIENCE, ISSUER, jwk, jwks


class _Published(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        document = jwks(jwk("ES256"))
        self.send_response(200)
        self.send_header("Content-Length", str(len(document)))
        self.end_headers()
        self.wfile.write(document)

    def log_message(self, *_: object) -> None:
        """Say nothing: what is asked is always the same."""


@contextmanager
def issuing() -> Iterator[dict[str, str]]:
    """The settings by which an API takes the issuer's tokens."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Published) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield {
                "TXN_JWT_ISSUER": ISSUER,
                "TXN_JWT_AUDIENCE": AUDIENCE,
                "TXN_JWT_JWKS_URL": f"http://127.0.0.1:{server.server_port}/jwks",
            }
        finally:
            server.shutdown()
            thread.join()
