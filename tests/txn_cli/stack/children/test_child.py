"""One child process: its log, its probe, its end, and its tether."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.txn_cli.stack.told_children import FOREVER, python, until, wait_until
from txn_cli.stack import ports
from txn_cli.stack.children import child as child_module
from txn_cli.stack.children.child import Child, Probe
from txn_cli.stack.children.leftovers import ProcessMark
from txn_core.exceptions import StackError
from txn_server.processes.ending import Ending
from workers.leases.belonging import RESET_COMMAND

STUBBORN = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True)\nwhile 1: signal.pause()"
)
UP = "up\n"


async def test_an_end_tells_the_code_and_the_last_line_of_this_run(tmp_path: Path) -> None:
    spec = python("child", tmp_path, "print('one'); print('two'); raise SystemExit(3)")
    spec.log.write_text("an earlier run\n")
    ending = await (await Child.start(spec)).ended()
    assert str(ending) == "exit code 3: two"
    assert spec.log.read_text() == "an earlier run\none\ntwo\n"


async def test_of_a_line_of_json_the_event_is_told(tmp_path: Path) -> None:
    """Our own processes log so; a traceback's last line is its reason."""
    event = json.dumps({"event": "Traceback\n  somewhere\nError: no luck\n", "level": "error"})
    spec = python("child", tmp_path, f"print({event!r}); raise SystemExit(1)")
    assert str(await (await Child.start(spec)).ended()) == "exit code 1: Error: no luck"


async def test_what_a_child_writes_is_its_users_alone(tmp_path: Path) -> None:
    """Files, folders and sockets, its log included, whatever the mask of the stack's own process is."""
    code = (
        "import os, socket; open('file', 'w').close(); os.mkdir('folder'); "
        "socket.socket(socket.AF_UNIX).bind('socket')"
    )
    spec = python("child", tmp_path, f"import os; os.chdir({str(tmp_path)!r}); {code}")
    before = os.umask(0)
    try:
        assert (await (await Child.start(spec)).ended()).returncode == 0
    finally:
        os.umask(before)
    for path in (*(tmp_path / name for name in ("file", "folder", "socket")), spec.log):
        assert not path.stat().st_mode & 0o077, path


async def test_an_end_without_a_word_tells_the_code_alone(tmp_path: Path) -> None:
    spec = python("child", tmp_path, "raise SystemExit(4)")
    spec.log.write_text("an earlier run\n")
    assert str(await (await Child.start(spec)).ended()) == "exit code 4"


def test_an_end_by_a_signal_names_it() -> None:
    assert str(Ending(-signal.SIGKILL, "request")) == (
        "signal SIGKILL (somebody sent it, or the system for want of memory)"
    ), "what it logged last is not why"
    assert str(Ending(-signal.SIGTERM, "request")) == "signal SIGTERM (somebody sent it)"
    assert str(Ending(-signal.SIGSEGV, "bad luck")) == "signal SIGSEGV: bad luck"


async def test_a_program_that_is_not_there_is_said_in_the_log(tmp_path: Path) -> None:
    spec = replace(python("child", tmp_path, ""), argv=("/nowhere/program",))
    assert "cannot run /nowhere/program" in str(await (await Child.start(spec)).ended())


async def test_a_child_that_ends_before_it_answers_is_an_error_at_once(tmp_path: Path) -> None:
    probe = Probe(f"http://{ports.HOST}:{ports.choose()}")
    child = await Child.start(python("child", tmp_path, "raise SystemExit('no luck')", probe=probe))
    with pytest.raises(StackError, match="child ended at its start, exit code 1: no luck"):
        await child.answered()


async def test_a_child_that_ends_before_its_start_returns_is_told_by_its_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a machine that is busy: it has written all it says before this process goes on."""
    spawn = Child.spawn

    async def late(*arguments: Any, **named: Any) -> asyncio.subprocess.Process:
        process = await spawn(*arguments, **named)
        await process.wait()
        return process

    monkeypatch.setattr(Child, "spawn", late)
    child = await Child.start(python("child", tmp_path, "raise SystemExit('no luck')"))
    assert (await child.ended()).last_line == "no luck"


async def test_a_child_that_never_answers_is_an_error_after_its_deadline(tmp_path: Path) -> None:
    spec = python("child", tmp_path, FOREVER, probe=Probe(f"http://{ports.HOST}:{ports.choose()}"))
    child = await Child.start(replace(spec, start_deadline_s=0.2))
    try:
        with pytest.raises(StackError, match="child did not answer within"):
            await child.answered()
    finally:
        await child.stop()


async def test_a_child_that_says_that_it_waits_has_answered(tmp_path: Path) -> None:
    """A worker whose leases are another stream's is not ready, and the stack that they are reset at must come up."""
    port = ports.choose()
    server = f"""
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(503)
        self.end_headers()
        self.wfile.write(b"nothing is read until `txn leases reset index`")
HTTPServer(({ports.HOST!r}, {port}), Handler).serve_forever()
"""
    url = f"http://{ports.HOST}:{port}/readyz"
    child = await Child.start(python("child", tmp_path, server, probe=Probe(url, status=200, waits=RESET_COMMAND)))
    try:
        await child.answered()
        async with httpx.AsyncClient(trust_env=False, timeout=60) as client:
            assert not await Probe(url, status=200).answers(client)
    finally:
        await child.stop()


async def test_a_child_answers_once_each_probe_finds_its_text(tmp_path: Path) -> None:
    """The server has a health check at once; what the second probe looks for comes with the third request."""
    port = ports.choose()
    server = f"""
from http.server import BaseHTTPRequestHandler, HTTPServer
class Handler(BaseHTTPRequestHandler):
    asked = 0
    def do_GET(self):
        Handler.asked += self.path == "/topology"
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"nodes" if Handler.asked >= 3 else b"nobody")
HTTPServer(("{ports.HOST}", {port}), Handler).serve_forever()
"""
    url = f"http://{ports.HOST}:{port}"
    probes = (Probe(f"{url}/healthz", status=200), Probe(f"{url}/topology", text="nodes"))
    spec = replace(python("child", tmp_path, server), probes=probes)
    child = await Child.start(spec)
    try:
        await child.answered()
        assert spec.log.read_text().count("/topology") == 3
    finally:
        await child.stop()


async def test_a_child_that_heeds_sigterm_ends_by_it(tmp_path: Path) -> None:
    child = await Child.start(python("child", tmp_path, FOREVER))
    assert (await child.stop()).returncode == -signal.SIGTERM
    assert (await child.stop()).returncode == -signal.SIGTERM, "stopping twice changes nothing"


async def test_a_child_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    spec = python("child", tmp_path, STUBBORN, stop_deadline_s=0.2)
    child = await Child.start(spec)
    await until(lambda: spec.log.read_text() == UP)
    assert (await child.stop()).returncode == -signal.SIGKILL


async def test_a_large_log_is_begun_anew_and_one_old_one_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(child_module, "LOG_BYTES_MAX", 10)
    spec = python("child", tmp_path, "print('new')")
    spec.log.write_text("old " * 10)
    await (await Child.start(spec)).ended()
    assert spec.log.read_text() == "new\n"
    assert (tmp_path / "child.log.1").read_text() == "old " * 10


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="prctl is Linux's")
def test_a_child_does_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    parent_code = f"""
import asyncio, signal
from pathlib import Path
from typing import Any
from tests.txn_cli.stack.told_children import python, FOREVER
from txn_cli.stack.children.child import Child
async def main():
    child = await Child.start(python("child", Path({str(tmp_path)!r}), FOREVER))
    print(child.pid, flush=True)
    signal.pause()
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", parent_code], stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        child = ProcessMark.of(int(parent.stdout.readline()))
        assert child is not None
        wait_until((tmp_path / "child.log").exists)
        os.kill(parent.pid, signal.SIGKILL)
    wait_until(lambda: not child.is_running())
