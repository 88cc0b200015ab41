"""What logs: loggers of structlog, those of the standard library, and whoever prints on standard error."""

import errno
import io
import logging
import os
from typing import Any, Final, Protocol, TextIO

import structlog

_log = structlog.get_logger()

CLOSED: Final = -1
"""The descriptor where standard error is closed: what is written there fails, and so counts as dropped."""


class Sink(Protocol):
    """Where lines go."""

    def put(self, line: bytes, *, urgent: bool = False) -> bool:
        """Take a line or more, each with its end, or drop them and say false; `urgent` ones report a crash."""


class Lines:
    """A logger of structlog: it is given rendered lines, and called by their level."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def msg(self, line: str) -> None:
        """Take a line of any level but the highest."""
        self._sink.put(f"{line}\n".encode())

    debug = info = warning = error = msg

    def critical(self, line: str) -> None:
        """Take a line that reports a crash."""
        self._sink.put(f"{line}\n".encode(), urgent=True)


class Handler(logging.Handler):
    """What other loggers of the process end in."""

    def __init__(self, sink: Sink) -> None:
        super().__init__()
        self._sink = sink

    def emit(self, record: logging.LogRecord) -> None:
        """Queue a record."""
        try:
            line = self.format(record)
        except Exception:  # noqa: BLE001 - whatever a library hands in must not fail the library
            self.handleError(record)
        else:
            self._sink.put(f"{line}\n".encode(), urgent=record.levelno >= logging.CRITICAL)

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802 - as the standard library has it
        """Say where a record came from that cannot be written; its arguments may be what a client sent."""
        _log.error("log_record_not_written", logger=record.name, exc_info=True)


class Memory:
    """A stream without a descriptor, such as a test's: it takes what it is given at once."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def put(self, line: bytes, *, urgent: bool = False) -> bool:  # noqa: ARG002 - nothing is ever full here
        """Write it."""
        self._stream.write(line.decode())
        return True


class Printed(io.RawIOBase):
    """Standard error to whoever prints: what is written goes through the queue."""

    name = "<stderr>"

    def __init__(self, sink: Sink, descriptor: int) -> None:
        self._sink, self._descriptor = sink, descriptor

    def writable(self) -> bool:
        """It is."""
        return True

    def write(self, data: Any) -> int:
        """Queue some bytes, whole lines as a rule; urgent, since what is printed mostly says why a process ends."""
        piece = bytes(data)
        self._sink.put(piece, urgent=True)
        return len(piece)

    def fileno(self) -> int:
        """The descriptor, for programs that are to write to it themselves."""
        if self._descriptor == CLOSED:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return self._descriptor

    def isatty(self) -> bool:
        """Whether a person reads it."""
        return os.isatty(self._descriptor)
