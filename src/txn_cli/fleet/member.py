"""One process of the API: alone, or one of several that a supervisor started.

Run as `python -m txn_cli.fleet.member LISTENER FOLDER`: the number of the inherited listening socket, and the
folder of the siblings' sockets.
"""

import os
import socket
import sys
from pathlib import Path

from txn_api.app import create_app
from txn_api.request_log import event_budget
from txn_api.siblings import Siblings
from txn_cli.httpserver import serve
from txn_core.crash_reports import confine
from txn_core.settings import Settings
from txn_core.telemetry import configure_logging


def serve_api(settings: Settings, *, listener: socket.socket | None = None, siblings: Siblings | None = None) -> None:
    """Serve the API until SIGTERM or SIGINT, on the settings' port or on one that listens already."""
    app = create_app(settings, siblings)

    def stop() -> None:  # what it stops exists only once the application has started
        app.state.services.stop()

    serve(app, settings, on_stop=stop, listener=listener)


def main(listener: str, folder: str) -> None:
    """Serve as one of several; the supervisor has checked the settings and left them in the environment."""
    confine()
    settings = Settings.from_environment()
    configure_logging(settings.log_level, budget=event_budget(), process="api", pid=str(os.getpid()))
    serve_api(settings, listener=socket.socket(fileno=int(listener)), siblings=Siblings(Path(folder)))


if __name__ == "__main__":
    main(*sys.argv[1:])
