"""A run as a child: its report, its error in one line, and its end when it is cancelled."""

import asyncio
import json
import sys
from pathlib import Path

import pytest

from tests.txn_cli.stack.told_children import until
from txn_cli.stack.children.leftovers import ProcessMark
from txn_cli.warehouse_watch import run_process
from txn_cli.warehouse_watch.run_process import RunOutcome, run_once


def child(code: str) -> tuple[str, ...]:
    return (sys.executable, "-I", "-S", "-c", code)


REPORT = json.dumps({"loaded_rows": 7, "built": "partial", "published": True})


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (f"print({REPORT!r})", RunOutcome(7, built=True)),
        ('print(\'{"loaded_rows": 0, "built": "nothing"}\')', RunOutcome(0, built=False)),
        ("print('so be it')", RunOutcome(error="the run said nothing of what it did")),
        (
            'import sys; sys.exit(\'txn: target: D\\n{"event": "x"}\\ntxn: the model a failed: run b\')',
            RunOutcome(error="the model a failed: run b"),
        ),
        ("raise SystemExit(3)", RunOutcome(error="exit code 3")),
        ("import sys; sys.exit('txn: \\x1b[2Jred')", RunOutcome(error="\\x1b[2Jred")),
        (
            "import os; os.kill(os.getpid(), 9)",
            RunOutcome(error="signal SIGKILL (somebody sent it, or the system for want of memory)"),
        ),
        ("import os; os.kill(os.getpid(), 11)", RunOutcome(error="signal SIGSEGV")),
    ],
)
async def test_an_end_is_told(code: str, outcome: RunOutcome) -> None:
    assert await run_once(child(code)) == outcome


async def test_what_cannot_be_started_is_a_failed_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert (await run_once(("true",))).error == "cannot start a run: No such file or directory"


async def test_a_run_that_says_much_neither_hangs_nor_fills_the_memory() -> None:
    code = "import sys\nfor _ in range(200): sys.stderr.write('x' * 10_000 + '\\n')\nsys.exit('txn: the end')"
    assert await run_once(child(code)) == RunOutcome(error="the end")


@pytest.mark.parametrize("stubborn", [False, True])
async def test_a_cancelled_run_is_interrupted_and_then_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, stubborn: bool
) -> None:
    """Its processes are gone when the cancellation is over."""
    monkeypatch.setattr(run_process, "STOP_S_MAX", 0.2 if stubborn else 30.0)
    heard = "None" if stubborn else f"open({str(tmp_path / 'heard')!r}, 'w').close() or sys.exit()"
    code = (
        "import os, signal, sys\n"
        f"signal.signal(signal.SIGINT, lambda *_: {heard})\n"
        f"open({str(tmp_path / 'pid')!r}, 'w').write(f'{{os.getpid()}} ')\n"
        "while True: signal.pause()"
    )
    task = asyncio.create_task(run_once(child(code)))
    await until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text().endswith(" "))
    mark = ProcessMark.of(int((tmp_path / "pid").read_text()))
    assert mark is not None
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not mark.is_running()
    assert (tmp_path / "heard").exists() is not stubborn
