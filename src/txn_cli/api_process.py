"""One process of the API: alone, or one of several that a supervisor started.

Run as `python -m txn_cli.api_process LISTENER FOLDER`: the number of the inherited listening socket, and the
folder of the sockets by which processes tell their metrics.
"""

import os
import socket
import sys
from pathlib import Path

import structlog

from operations.http.resources import RESOURCES
from txn_api.app import create_app
from txn_api.edge.request_log import event_budget
from txn_api.process_metrics import ProcessMetrics
from txn_cli.output.failure import one_error, told
from txn_core.exceptions import TxnError
from txn_core.logs.crash_reports import confine
from txn_core.logs.telemetry import configure_logging
from txn_core.settings import Settings
from txn_server.http.server import serve

_log = structlog.get_logger()


def serve_api(
    settings: Settings, *, listener: socket.socket | None = None, process_metrics: ProcessMetrics | None = None
) -> None:
    """Serve the API until SIGTERM or SIGINT, on the settings' port or on one that listens already."""
    app = create_app(settings, process_metrics, resources=RESOURCES)

    def stop() -> None:  # what it stops exists only once the application has started
        app.state.services.stop()

    serve(app, settings, on_stop=stop, listener=listener)


def main(listener: str, folder: str) -> None:
    """Serve as one of several; the supervisor has checked the settings and left them in the environment."""
    confine()
    settings = Settings.from_environment()
    configure_logging(settings.log_level, budget=event_budget(), process="api", pid=str(os.getpid()))
    try:
        with one_error():
            serve_api(
                settings, listener=socket.socket(fileno=int(listener)), process_metrics=ProcessMetrics(Path(folder))
            )
    except TxnError as error:
        _log.error("serving_failed", reason=told(error))  # no traceback: the line says it all; a traceback may quote
        sys.exit(1)


if __name__ == "__main__":
    main(*sys.argv[1:])
