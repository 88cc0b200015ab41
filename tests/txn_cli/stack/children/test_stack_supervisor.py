"""Children are kept running while the block runs, and none is left after it."""

import asyncio
import errno
import os
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from tests.txn_cli.stack.told_children import FOREVER, Told, python, until
from txn_cli.stack import ports
from txn_cli.stack.children.child import Probe
from txn_cli.stack.children.leftovers import ProcessMark
from txn_cli.stack.children.stack_supervisor import supervised
from txn_core.exceptions import StackError, StoreError, TxnError
from txn_server.processes.restarts import RestartPolicy

QUICK = RestartPolicy(pause_s_first=0.01, pause_s_max=0.01)


def mark(pid: int) -> ProcessMark:
    found = ProcessMark.of(pid)
    assert found is not None
    return found


async def test_a_killed_child_is_reported_and_started_again(tmp_path: Path) -> None:
    told, published = Told(), list[dict[str, int]]()
    async with supervised(told.narrator, published.append, QUICK) as supervisor:
        await supervisor.start([python("worker", tmp_path, FOREVER), python("other", tmp_path, FOREVER)])
        before = supervisor.pids
        await until(lambda: "up" in (tmp_path / "worker.log").read_text())
        os.kill(before["worker"], signal.SIGKILL)
        await until(lambda: "worker is back" in told.text)
        assert supervisor.pids["worker"] != before["worker"]
        assert supervisor.pids["other"] == before["other"]
        assert published[-1] == supervisor.pids
        assert (
            "worker ended, signal SIGKILL (somebody sent it, or the system for want of memory); starting" in told.text
        )


async def test_a_crash_is_told_with_its_last_line(tmp_path: Path) -> None:
    flag = tmp_path / "flag"
    code = f"import pathlib; p = pathlib.Path({str(flag)!r}); first = not p.exists(); p.touch()\n"
    code += f"if first: raise SystemExit('bad day')\n{FOREVER}"
    told = Told()
    async with supervised(told.narrator, lambda pids: None, QUICK) as supervisor:
        await supervisor.start([python("worker", tmp_path, code)])
        await until(lambda: "worker is back" in told.text)
    assert "worker ended, exit code 1: bad day; starting it again in 0.01 s" in told.text


async def test_a_child_that_cannot_stay_up_ends_the_block_and_its_siblings(tmp_path: Path) -> None:
    told = Told()
    others: list[ProcessMark] = []

    async def run() -> None:
        async with supervised(told.narrator, lambda pids: None, QUICK) as supervisor:
            await supervisor.start([python("server", tmp_path, FOREVER)])
            others.append(mark(supervisor.pids["server"]))
            await supervisor.start([python("worker", tmp_path, "raise SystemExit('bad day')")])
            await asyncio.Event().wait()

    with pytest.raises(StackError, match=r"worker cannot stay up \(exit code 1: bad day\)"):
        await run()
    assert told.text.count("worker ended") == QUICK.crashes_max - 1
    assert told.text.index("Stopping everything: worker cannot stay up") < told.text.index("Stopping worker")
    assert not others[0].is_running()


async def test_a_child_that_is_not_essential_never_stops_another(tmp_path: Path) -> None:
    """Not at its start, nor when it cannot stay up: it is told of, and tried again for as long as the block runs."""
    policy = RestartPolicy(window_s=0.05, crashes_max=1)
    told, code = Told(), "raise SystemExit('bad day')"
    async with supervised(told.narrator, lambda pids: None, policy) as supervisor:
        never = Probe(f"http://127.0.0.1:{ports.choose()}/")
        await supervisor.start(
            [python("server", tmp_path, FOREVER)],
            [replace(python("extra", tmp_path, code, probe=never), essential=False)],
        )
        assert "extra ended at its start, exit code 1: bad day" in told.text
        server = supervisor.pids["server"]
        await until(lambda: told.text.count("extra cannot stay up") > 1)
        assert supervisor.pids["server"] == server
        assert mark(server).is_running()
    assert "everything else goes on without it" in told.text
    assert "Stopping everything" not in told.text


async def test_a_child_is_signalled_by_its_name(tmp_path: Path) -> None:
    code = "import signal, time; signal.signal(signal.SIGUSR1, lambda *_: print('heard', flush=True))\n"
    async with supervised(Told().narrator, lambda pids: None) as supervisor:
        await supervisor.start(
            [
                python(name, tmp_path, f"{code}print('up', flush=True)\nwhile True: signal.pause()")
                for name in ("a", "b")
            ]
        )
        await until(lambda: all("up" in (tmp_path / f"{name}.log").read_text() for name in ("a", "b")))
        supervisor.send("a", signal.SIGUSR1)
        supervisor.send("nobody", signal.SIGUSR1)
        await until(lambda: "heard" in (tmp_path / "a.log").read_text())
    assert "heard" not in (tmp_path / "b.log").read_text()


async def test_a_full_disk_ends_the_block_in_one_line(tmp_path: Path) -> None:
    """Here when a child's new process id is to be written down."""
    told, full = Told(), False

    def publish(_: object) -> None:
        if full:
            raise OSError(errno.ENOSPC, "a text of the system's")

    async def run() -> None:
        nonlocal full
        async with supervised(told.narrator, publish, QUICK) as supervisor:
            await supervisor.start([python("server", tmp_path, FOREVER)])
            full = True
            mark(supervisor.pids["server"]).send(signal.SIGKILL)
            await asyncio.Event().wait()

    with pytest.raises(TxnError, match=r"^No space left on device: make room there") as caught:
        await run()
    assert f"Stopping everything: {caught.value}" in told.text


async def test_a_group_that_does_not_start_ends_those_before_it(tmp_path: Path) -> None:
    servers: list[ProcessMark] = []

    async def run() -> None:
        async with supervised(Told().narrator, lambda pids: None) as supervisor:
            await supervisor.start([python("server", tmp_path, FOREVER)])
            servers.append(mark(supervisor.pids["server"]))
            raise StoreError("no tables")

    with pytest.raises(StoreError, match="no tables"):
        await run()
    assert not servers[0].is_running()


async def test_groups_end_in_the_opposite_order(tmp_path: Path) -> None:
    """Each group is gone before the one it relies on is told to go."""
    diary = tmp_path / "diary"

    def writer(name: str) -> str:
        return (
            "import signal, sys, time\n"
            "def end(*_):\n"
            f"    open({str(diary)!r}, 'a').write('{name} told\\n'); time.sleep(0.1)\n"
            f"    open({str(diary)!r}, 'a').write('{name} gone\\n'); sys.exit()\n"
            "signal.signal(signal.SIGTERM, end); print('up', flush=True)\n"
            "while True: signal.pause()"
        )

    told = Told()
    async with supervised(told.narrator, lambda pids: None) as supervisor:
        for name in ("server", "worker", "api"):
            await supervisor.start([python(name, tmp_path, writer(name))])
            log = tmp_path / f"{name}.log"
            await until(lambda log=log: "up" in log.read_text())  # type: ignore[misc]
    lines = [f"{name} {what}" for name in ("api", "worker", "server") for what in ("told", "gone")]
    assert diary.read_text().splitlines() == lines
    assert told.text.index("Stopping api") < told.text.index("Stopping worker") < told.text.index("Stopping server")


async def test_a_cancelled_block_leaves_nothing_running(tmp_path: Path) -> None:
    started: asyncio.Future[ProcessMark] = asyncio.get_running_loop().create_future()

    async def run() -> None:
        async with supervised(Told().narrator, lambda pids: None) as supervisor:
            await supervisor.start([python("server", tmp_path, FOREVER)])
            started.set_result(mark(supervisor.pids["server"]))
            await asyncio.Event().wait()

    task = asyncio.create_task(run())
    server = await started
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not server.is_running()
