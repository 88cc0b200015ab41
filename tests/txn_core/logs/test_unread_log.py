"""Processes whose log nobody reads, or somebody slow, or nobody any more: what they do, and how they end."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import pytest

# Every way in which something gets onto standard error while an event loop runs.
PROGRAM: Final = """
import asyncio, json, logging, os, signal, sys, threading, time, traceback, warnings
from txn_core.logs import log_queue, telemetry
from txn_core.logs.crash_reports import confine
from txn_core.logs.telemetry import configure_logging, dropped_lines
confine()
configure_logging("info", process="unread")
import structlog
log = structlog.get_logger()

def wait_until_settled():
    while any(queue._lines for queue in telemetry._queues):
        time.sleep(0.01)

async def chatter(lines):
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0.0  # asyncio logs every callback
    warnings.simplefilter("always")
    for number in range(lines):
        log.info("ours", number=number)
        logging.getLogger("library").warning("theirs %d", number)
        print("printed", number, file=sys.stderr)
        warnings.warn(f"warned {number}")
        if number % 20 == 0:
            await asyncio.sleep(0)

async def heartbeat(lags):
    while True:
        began = time.perf_counter()
        await asyncio.sleep(0.005)
        lags.append(time.perf_counter() - began - 0.005)

async def main(lines):
    lags = []
    beating = asyncio.create_task(heartbeat(lags))
    await chatter(lines)
    await asyncio.sleep(0.1)
    beating.cancel()
    lags.sort()
    return {"p99": lags[int(len(lags) * 0.99)], "dropped": dropped_lines()}

"""
RUN: Final = "print(json.dumps(asyncio.run(main(int(sys.argv[1])))), flush=True)\n"
END_S_MAX: Final = 60.0
"""How long the end of a process may take on a busy machine. By itself it waits half a second for the pipe."""
PATIENT: Final = "log_queue.FLUSH_S_MAX = log_queue.STALL_S_MAX = 60.0\n"
"""A busy machine's reader may be slower than an end waits."""


@contextmanager
def unread(statement: str, *arguments: str) -> "Iterator[subprocess.Popen[str]]":
    """The program with a pipe as its standard error; it is killed at the end if it still runs."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM + statement, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate(timeout=60)


def events(log: str) -> list[Any]:
    """The lines of a log: those of JSON as what they say, others as they are."""
    return [json.loads(line) if line.startswith("{") else line for line in log.splitlines()]


def test_an_event_loop_goes_on_whoever_writes_to_standard_error() -> None:
    """Our loggers, those of libraries, asyncio itself, prints and warnings, 2,000 of each; and the end is soon."""
    with unread(RUN, "2000") as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert process.wait(END_S_MAX) == 0
    assert told["p99"] < 2.0  # a write that waits for a reader waits for ever
    assert told["dropped"] > 2_000


def test_an_orderly_end_loses_nothing_while_somebody_reads() -> None:
    """The reader is slower than the process, which is over before he has read the half of it."""
    with unread(PATIENT + RUN, "300") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        told = json.loads(process.stdout.readline())
        pieces = []
        while piece := os.read(process.stderr.fileno(), 4_096):
            pieces.append(piece)
            time.sleep(0.002)
        assert process.wait(END_S_MAX) == 0
    said = events(b"".join(pieces).decode())
    ours = [each["number"] for each in said if isinstance(each, dict) and each["event"] == "ours"]
    theirs = [each["event"] for each in said if isinstance(each, dict) and each["event"].startswith("theirs")]
    printed = [each for each in said if isinstance(each, str) and each.startswith("printed")]
    assert ours == list(range(300))
    assert theirs == [f"theirs {number}" for number in range(300)]
    assert printed == [f"printed {number}" for number in range(300)]
    assert told["dropped"] == 0
    # In the order in which they were written, whichever way.
    whole = [
        each for each in said if each == "printed 7" or (isinstance(each, dict) and each.get("number") in {7, 8})
    ]
    assert [each if isinstance(each, str) else each["number"] for each in whole] == [7, "printed 7", 8]


def test_what_was_dropped_is_told_when_somebody_reads_again() -> None:
    """By one line in its place that says how many, in the words of the process; and no other line is lost."""
    statement = (
        "for number in range(20_000): log.info('ours', number=number)\n"
        "print(dropped_lines(), flush=True); sys.stdin.readline()\n"
        "wait_until_settled(); log.info('after')\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM + statement],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    dropped = int(process.stdout.readline())
    log = process.communicate("go on\n", timeout=60)[1]
    said = events(log)
    *kept, gap, after = said
    assert (gap["event"], gap["lines"], gap["process"], gap["level"]) == (
        *("log_lines_dropped", dropped),
        *("unread", "warning"),
    )
    assert gap["timestamp"] > kept[-1]["timestamp"]
    assert after["event"] == "after"
    assert [each["number"] for each in kept] == list(range(20_000 - dropped))


CRASHES: Final = {
    "an uncaught error": ("raise ValueError('text')", 1),
    "an exit": ("sys.exit(3)", 3),
    "an error that is printed": ("print('txn: an error', file=sys.stderr); sys.exit(1)", 1),
    "an abort": ("os.abort()", -signal.SIGABRT),
    "a segmentation fault": ("os.kill(os.getpid(), signal.SIGSEGV)", -signal.SIGSEGV),
}


def test_who_dies_does_not_wait_for_who_reads() -> None:
    """The pipe is full and the queue too, and the code of the end is the one of its reason."""
    fill = "for number in range(10_000): log.info('ours', number=number)\nprint('full', flush=True)\n"
    with ExitStack() as stack:
        dying = {crash: stack.enter_context(unread(f"{fill}{how}\n")) for crash, (how, _) in CRASHES.items()}
        for process in dying.values():
            assert process.stdout is not None
            assert process.stdout.readline() == "full\n"
        ended = {crash: process.wait(END_S_MAX) for crash, process in dying.items()}
    assert ended == {crash: code for crash, (_, code) in CRASHES.items()}


@pytest.mark.parametrize("crash", ["an uncaught error", "an error that is printed"])
def test_a_report_is_the_last_line_of_a_log_that_is_read(crash: str) -> None:
    """Behind all that was logged before it, also when that was more than the queue holds."""
    fill = f"{PATIENT}for number in range(10_000): log.info('ours', number=number)\n"
    with unread(fill + CRASHES[crash][0] + "\n") as process:
        said = events(process.communicate(timeout=60)[1])
    last = said[-1]
    assert last == "txn: an error" if isinstance(last, str) else last["event"] == "process_failed"
    numbers = [each["number"] for each in said if isinstance(each, dict) and "number" in each]
    assert numbers == sorted(numbers)


ENDS: Final = {
    "closed": "exec 2>&-; ",
    "a broken pipe": "exec 2> >(:); wait $!; ",
    "a full disk": "exec 2>/dev/full; ",
    "nothing": "exec 2>/dev/null; ",
}


def test_a_standard_error_that_takes_nothing_stops_nobody() -> None:
    """Nor does it cost anything: no exception, no spin; lines that are lost are counted."""
    statement = (
        "for number in range(500): log.info('ours', number=number); print('printed', file=sys.stderr)\n"
        "wait_until_settled(); began = time.process_time(); time.sleep(0.3); spent = time.process_time() - began\n"
        "print(json.dumps({'dropped': dropped_lines(), 'cpu': spent}))\n"
    )
    running = {
        end: subprocess.Popen(
            ["bash", "-c", f'{prepare}exec "$@"', "bash", sys.executable, "-c", PROGRAM + statement],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for end, prepare in ENDS.items()
    }
    for end, process in running.items():
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, f"{end}: {err}"
        told = json.loads(out)
        assert told["dropped"] == (0 if end == "nothing" else 1_000), end
        assert told["cpu"] < 0.15, end


async def test_a_program_that_is_started_writes_past_the_queue() -> None:
    """A child gets the very descriptor: its log is its own, and waits for nothing of ours."""
    statement = (
        "import subprocess; subprocess.run([sys.executable, '-c', 'import os; os.write(2, b\"child\\\\n\")'])\n"
    )
    with unread(statement) as process:
        log = await asyncio.to_thread(lambda: process.communicate(timeout=60)[1])
    assert Counter(events(log)) == {"child": 1}
