"""What is left of a failure, whichever way a process fails: each in one of its own, with a card in its hands."""

import json
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Final

import pytest

from tests.builders import card_number

CARD: Final = card_number(61)
# The number is in a variable, in the error's text, in a note, in its cause and in a callback's arguments.
PROGRAM: Final = """
import asyncio, gc, os, signal, sys, threading
from txn_core.logs.crash_reports import confine
from txn_core.logs.telemetry import configure_logging

confine()
configure_logging("info", process="crashing")
number = sys.stdin.read()

def crash(text=number):
    local = int(number)
    try:
        {number: text}[local]
    except KeyError as cause:
        error = ValueError(f"of {text}")
        error.add_note(text)
        raise error from cause

class Lost:
    def __del__(self):
        crash()

async def never_awaited_for():
    asyncio.get_running_loop().call_soon(crash, number)
    task = asyncio.create_task(asyncio.to_thread(crash))
    task.set_name(number)
    await asyncio.wait([task])
    del task
    gc.collect()

def grouped():
    raise ExceptionGroup(number, [ValueError(number)])

"""
CRASHES: Final = {
    "an uncaught error": ("crash()", "process_failed", 1),
    "a group of errors": ("grouped()", "process_failed", 1),
    "a thread": ("t = threading.Thread(target=crash, name=number); t.start(); t.join()", "thread_failed", 0),
    "a destructor": ("Lost()", "error_lost", 0),
    "a callback and a task": ("asyncio.run(never_awaited_for())", "Exception in callback crash", 0),
    "an abort": ("os.abort()", "Fatal Python error: Aborted", -signal.SIGABRT),
    "a segmentation fault": ("os.kill(os.getpid(), signal.SIGSEGV)", "Segmentation fault", -signal.SIGSEGV),
}


def run(statement: str, folder: Path, program: str = PROGRAM) -> subprocess.CompletedProcess[str]:
    """Run the program, which reads the number: it stands on no command line."""
    return subprocess.run(
        [sys.executable, "-c", program + statement],
        input=CARD,
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        # As generous as a host may be configured.
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_CORE, (1 << 20, 1 << 20)),
    )


@pytest.mark.parametrize("crash", CRASHES)
def test_a_crash_says_where_and_nothing_of_whom(crash: str, tmp_path: Path) -> None:
    """Neither texts, notes, causes, variables nor arguments; no core file."""
    statement, said, code = CRASHES[crash]
    ended = run(statement, tmp_path)
    assert ended.returncode == code
    assert said in ended.stderr
    assert CARD not in ended.stdout + ended.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("crash", ["an uncaught error", "a group of errors", "a thread", "a destructor"])
def test_a_crash_of_a_command_without_a_log_says_no_more(crash: str, tmp_path: Path) -> None:
    """Where logging is not set up, structlog's own default would show variables and texts, on standard output."""
    statement, said, code = CRASHES[crash]
    program = PROGRAM.replace('configure_logging("info", process="crashing")', "")
    ended = run(statement, tmp_path, program)
    assert (ended.returncode, ended.stdout) == (code, "")
    (line,) = ended.stderr.splitlines()
    assert json.loads(line)["event"] == said
    assert CARD not in line


def test_a_closed_standard_error_keeps_no_process_from_starting(tmp_path: Path) -> None:
    """There is nobody to report to, then."""
    closing = PROGRAM.replace("confine()\n", "sys.stderr = None\nconfine()\n", 1)
    for program in (closing, closing.replace('configure_logging("info", process="crashing")', "")):
        ended = run("crash()", tmp_path, program)
        assert (ended.returncode, ended.stderr, ended.stdout) == (1, "", "")


def test_a_report_names_types_and_places_through_causes(tmp_path: Path) -> None:
    """So that it can be found: file, line and function of each frame, for each error of the chain."""
    (line,) = run("crash()", tmp_path).stderr.splitlines()
    report = json.loads(line)
    assert (report["event"], report["process"], report["level"]) == ("process_failed", "crashing", "critical")
    assert [part["exc_type"] for part in report["exception"]] == ["ValueError", "KeyError"]
    assert report["exception"][0]["frames"][-1]["name"] == "crash"
    assert set(report["exception"][0]) == {"exc_type", "is_cause", "frames", "exceptions"}


def test_nobody_may_look_into_the_process(tmp_path: Path) -> None:
    """The kernel's own word: no core of any size, and not dumpable (PR_GET_DUMPABLE, prctl(2))."""
    asking = "import ctypes, resource; dumpable = ctypes.CDLL(None).prctl(3, 0, 0, 0, 0)"
    told = run(f"{asking}; print(resource.getrlimit(resource.RLIMIT_CORE), dumpable)", tmp_path)
    assert told.stdout == "(0, 0) 0\n"
    assert told.stderr == ""
