"""Serving the application: uvicorn as it is, at a low priority, with a bound on all memory of the process."""

import math
import os
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final

import uvicorn
from starlette.types import ASGIApp

from txn_core.settings import Settings
from warehouse.sql.bounds import BESIDE_BYTES, Bounds, bounded_memory

CONNECTIONS_MAX: Final = 1_024
"""Connections at once; the application itself answers fewer requests."""
HEAD_BYTES_MAX: Final = 64 << 10
IDLE_S_MAX: Final = 20
CUBES_MAX: Final = 2
"""Cubes of the explorer at once, each with the memory of a query: the one that is asked, and its successor."""
_AUTOGROUP: Final = Path("/proc/self/autogroup")


def serve(app: ASGIApp, settings: Settings, listener: socket.socket) -> None:
    """Serve on a socket that is bound, until SIGTERM or SIGINT; requests in flight are answered first."""
    lower_priority(settings.insight_nice)
    config = uvicorn.Config(
        app,
        loop="uvloop",
        http="h11",
        ws="none",
        lifespan="on",
        log_config=None,  # ours is set up already
        access_log=False,  # the application logs requests, without what clients wrote
        server_header=False,
        proxy_headers=False,
        limit_concurrency=CONNECTIONS_MAX,
        h11_max_incomplete_event_size=HEAD_BYTES_MAX,
        timeout_keep_alive=IDLE_S_MAX,
        timeout_graceful_shutdown=math.ceil(settings.shutdown_deadline_s),
    )
    # uvicorn raises the signals it caught once more after its end; an orderly end is not a death by signal.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _end_quietly)
    queries = Bounds(settings.insight_memory, 1, settings.insight_timeout_s).memory_bytes
    with bounded_memory((settings.insight_queries_max + CUBES_MAX) * queries + BESIDE_BYTES):
        uvicorn.Server(config).run(sockets=[listener])


def lower_priority(niceness: int) -> None:
    """Have everything else on this machine go first; a process that is nicer already stays so.

    Where Linux schedules by session (autogroup, sched(7)), a niceness counts only within a session, and each session
    has a niceness of its own. A process that leads its session, as each child of the local stack does, sets both.
    """
    os.nice(max(0, niceness - os.nice(0)))
    if os.getsid(0) == os.getpid():
        with suppress(OSError):  # no such file: the system does not schedule by session
            lower_session(_AUTOGROUP, niceness)


def lower_session(autogroup: Path, niceness: int) -> None:
    """Set a session's niceness in its file, unless it is nicer already, or in no group and its file so empty."""
    if said := autogroup.read_text().split():
        autogroup.write_text(str(max(niceness, int(said[-1]))))


def _end_quietly(number: int, frame: object) -> None:  # noqa: ARG001 - what a signal handler is given
    """What is left to do at a signal that comes before or after serving: end."""
    sys.exit(0)
