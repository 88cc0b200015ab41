"""What a process leaves behind when something fails: places in the code, never a value.

An exception's text may quote what was read or sent (`invalid literal for int(): '9000...'`), a frame's variables
and a core dump hold it as it is (PCI DSS 3.5.1: a card number is not stored readable, whatever wrote it there). So
reports are reduced to types and places, and the kernel is told to write no core and to let nobody look into the
process's memory.
"""

import ctypes
import faulthandler
import io
import json
import logging
import os
import re
import resource
import stat
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from types import TracebackType
from typing import Any, Final

import structlog

FRAMES_MAX: Final = 30
PR_SET_DUMPABLE: Final = 4
# The event loop's own words, up to where it begins to quote a callback's name, arguments or a task's exception.
_LOOPS_WORDS: Final = re.compile(r"[A-Za-z ,.'_-]*")

_ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]
_transform: Final = structlog.tracebacks.ExceptionDictTransformer(
    show_locals=False, max_frames=FRAMES_MAX, use_rich=False
)

_log = structlog.get_logger()


def code_places(exc_info: _ExcInfo) -> list[dict[str, Any]]:
    """An exception with its causes and groups: types, files, lines, functions. No text, no note, no variable."""
    return [_without_texts(part) for part in _transform(exc_info)]


def _without_texts(part: Mapping[str, Any]) -> dict[str, Any]:
    inner = [[_without_texts(each) for each in trace] for trace in part.get("exceptions", ())]
    return {"exc_type": part["exc_type"], "is_cause": part["is_cause"], "frames": part["frames"], "exceptions": inner}


def confine() -> None:
    """Make this process one that leaves no values behind. Once at its start, before it reads a secret or a card.

    Nothing of it is inherited by a program that this one executes, but for the limit on core dumps.
    """
    forbid_core_dumps()
    # On a fatal signal: the threads' places, without variables, on standard error.
    if (descriptor := _descriptor_for_fatal_reports()) is not None:
        faulthandler.enable(descriptor)
    sys.excepthook = _report
    threading.excepthook = _report_thread
    sys.unraisablehook = _report_unraisable
    logging.getLogger("asyncio").addFilter(_loops_words)


def _descriptor_for_fatal_reports() -> int | None:
    """Standard error, or None where it is closed; a pipe is opened once more, so that writing to it never waits.

    The process would wait in the signal's handler, and not end, for as long as nobody reads. Whether to wait is kept
    with what was opened and not with the descriptor (open(2)), so that the pipe's other users see no difference.
    """
    try:
        descriptor = None if sys.stderr is None else sys.stderr.fileno()
    except (ValueError, io.UnsupportedOperation):
        return None
    if descriptor is not None and stat.S_ISFIFO(os.fstat(descriptor).st_mode):
        with suppress(OSError):  # another user's pipe, or a system without such names
            return os.open(f"/proc/self/fd/{descriptor}", os.O_WRONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    return descriptor


def forbid_core_dumps() -> None:
    """No core file, no core through a pipe, no debugger and no `/proc/PID/mem` for anybody but root (prctl(2))."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform.startswith("linux"):
        # The limit alone would not do: a pattern that begins with a pipe ignores it (core(5)).
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)


def _report(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    _say("critical", "process_failed", (kind, error, trace))


def _report_thread(ended: threading.ExceptHookArgs) -> None:
    if ended.exc_value is not None:
        _say("critical", "thread_failed", (ended.exc_type, ended.exc_value, ended.exc_traceback))


def _report_unraisable(lost: "sys.UnraisableHookArgs") -> None:
    if lost.exc_value is not None:
        _say("error", "error_lost", (lost.exc_type, lost.exc_value, lost.exc_traceback))


def _say(level: str, event: str, exc_info: _ExcInfo) -> None:
    """Log a failure. Without logging, which a command may not need, structlog would print texts and variables."""
    if structlog.is_configured():
        getattr(_log, level)(event, exc_info=exc_info)
    elif sys.stderr is not None:
        print(json.dumps({"event": event, "level": level, "exception": code_places(exc_info)}), file=sys.stderr)  # noqa: T201


def _loops_words(record: logging.LogRecord) -> bool:
    """Cut a message of the event loop off where it begins to quote: `exception=ValueError('9000...')`."""
    words = _LOOPS_WORDS.match(record.getMessage().partition("\n")[0])
    record.msg, record.args = (words.group() if words else "").strip(), ()
    return True
