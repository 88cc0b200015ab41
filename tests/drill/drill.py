"""The drill, step by step, by the commands that docs/backup.md tells operators to type."""

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from devkit.running_stack import TXN, RunningStack, running_stack

from tests.builders import body, card_number
from tests.drill.tables import differences, index_rows, lose_api_keys, lose_index
from txn_cli.simulator.simulated_rows import simulate_rows, write_rows
from txn_core.signing import Signature, SignedHead, digest_of

FIRST: Final = 1
SECOND: Final = 2
WAIT_S_MAX: Final = 300.0
PAUSE_S: Final = 0.2
CARDS: Final = 40


class DrillError(Exception):
    """Something did not come back, or in time."""


@dataclass
class Drill:
    """A drill in a folder of its own, and what it found."""

    folder: Path
    rows: int
    say: Callable[[str], None]
    saved: dict[str, Any] = field(default_factory=dict)

    def run(self) -> None:
        """Lose the index and rebuild it from the lake, then lose the API keys and restore them.

        Raises:
            DrillError: something was not as before.
        """
        with self._stack() as stack:
            self._fill(stack)
            self._lose_and_rebuild_index(stack)
        with self._stack(TXN_INDEX_GENERATION=str(SECOND)) as stack:
            self._compare_index(stack)
            self._lose_and_restore_keys(stack)

    @contextmanager
    def _stack(self, **settings: str) -> Iterator[RunningStack]:
        with running_stack(self.folder / "data", self.folder / "up.log", "--no-score", **settings) as stack:
            yield stack

    def _fill(self, stack: RunningStack) -> None:
        file = self.folder / "rows.csv"
        with file.open("w", newline="") as lines:
            write_rows(simulate_rows(rows=self.rows, cards=CARDS, seed=1), lines)
        stack.txn("load", str(file))
        with _client(stack, stack.ready["api_key"]) as client:
            for amount in (1, 1, 2, 3):  # a repeat, and two with other content, which the item notes as conflicts
                sent = body(transaction_id="drill-conflicts", card_number=card_number(1), amount_minor=amount)
                _expect(client.post("/transactions", json=sent), 202)
        stack.wait_caught_up()
        self._reconcile(stack)
        self.saved["index"] = index_rows(stack, FIRST)
        self.say(f"{self.rows:,} rows and a conflict are in index and lake")

    def _lose_and_rebuild_index(self, stack: RunningStack) -> None:
        lost = lose_index(stack)
        self.say(f"lost: {', '.join(lost)}")
        began = time.monotonic()
        command = [*TXN, "worker", "index", "--from-lake", "--into", str(SECOND), "--data-dir", str(stack.data_dir)]
        with (self.folder / "rebuild.log").open("wb") as log:
            process = subprocess.Popen(command, stderr=log)
        try:
            _until(lambda: self._is_rebuilt(stack, process), "the index was not rebuilt")
            process.send_signal(signal.SIGTERM)
            if process.wait(60) != 0:
                raise DrillError("the rebuild did not end in order")
        finally:
            process.kill()
            process.wait()
        self.say(f"index rebuilt from the lake in {time.monotonic() - began:.0f} s, start of its process included")

    def _is_rebuilt(self, stack: RunningStack, process: "subprocess.Popen[bytes]") -> bool:
        if process.poll() is not None:
            raise DrillError(f"the rebuild ended with {process.returncode}")
        command = [*TXN, "status", "--generation", str(SECOND), "--wait-caught-up", "--timeout", "60"]
        command += ["--data-dir", str(stack.data_dir)]
        return subprocess.run(command, check=False, capture_output=True, timeout=WAIT_S_MAX).returncode == 0

    def _compare_index(self, stack: RunningStack) -> None:
        """Against what was there before the loss, against the ledgers, and by the API."""
        stack.wait_caught_up()
        if found := differences(self.saved["index"], index_rows(stack, SECOND)):
            raise DrillError("; ".join(found))
        items = len(self.saved["index"]["transactions"])
        with _client(stack, stack.ready["api_key"]) as client:
            read = _expect(client.get("/transactions/drill-conflicts"), 200)
            if len(read["conflicts"]) != 2:
                raise DrillError(f"{len(read['conflicts'])} conflicts where two were")
        self._reconcile(stack)
        self.say(f"{items:,} items, conflicts included: 0 differences; reconcile is clean")

    def _reconcile(self, stack: RunningStack) -> None:
        stack.txn("reconcile", "--since", "1h")

    def _lose_and_restore_keys(self, stack: RunningStack) -> None:
        plain = stack.txn("keys", "create", "--scope", "transactions:read", "--name", "plain")
        signed = stack.txn("keys", "create", "--scope", "transactions:read", "--require-signature")
        revoked = stack.txn("keys", "create", "--scope", "transactions:read")
        self._command(stack, "keys", "revoke", revoked["key_id"])
        backup = self.folder / "api-keys.json"
        backup.write_bytes(self._command(stack, "keys", "export"))
        self._assert_in_force(stack, plain, signed, revoked, lost=False)

        self.say(f"lost: {', '.join(lose_api_keys(stack))}")
        self._command(stack, "bootstrap")
        self._assert_in_force(stack, plain, signed, revoked, lost=True)

        done = stack.txn("keys", "import", str(backup))
        self._assert_in_force(stack, plain, signed, revoked, lost=False)
        self.say(f"{done['restored']} keys restored: those that worked work, {done['revoked']} stays revoked")

    def _assert_in_force(self, stack: RunningStack, plain: Any, signed: Any, revoked: Any, *, lost: bool) -> None:
        """Wait until each key is answered as it has to be: a process keeps a checked key for some seconds."""
        wanted = [(plain, False, 401 if lost else 200), (signed, True, 401 if lost else 200), (revoked, False, 401)]
        wanted.append(({"key": stack.ready["api_key"]}, False, 401 if lost else 200))
        for key, signs, status in wanted:
            _wait_for_status(stack, key, status, signs=signs)

    def _command(self, stack: RunningStack, *arguments: str) -> bytes:
        command = [*TXN, *arguments, "--data-dir", str(stack.data_dir)]
        ended = subprocess.run(command, check=False, capture_output=True, timeout=WAIT_S_MAX, env=dict(os.environ))
        if ended.returncode != 0:
            raise DrillError(f"txn {' '.join(arguments[:2])} ended with {ended.returncode}: {ended.stderr.decode()}")
        return ended.stdout


def _wait_for_status(stack: RunningStack, key: dict[str, Any], status: int, *, signs: bool) -> None:
    _until(lambda: _asked(stack, key, signs=signs) == status, f"a key was not answered {status}")


def _asked(stack: RunningStack, key: dict[str, Any], *, signs: bool) -> int:
    """The status of a read with a key, signed if it has to be."""
    target, headers = "/transactions/drill-conflicts", {}
    if signs:
        at = int(time.time())
        mac = SignedHead(at, "GET", target.encode(), b"").mac(key["signing_secret"], digest_of(b""))
        headers["Signature"] = Signature(at, key["key_id"], mac).header()
    with _client(stack, key["key"]) as client:
        return client.get(target, headers=headers).status_code


@contextmanager
def _client(stack: RunningStack, key: str) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer {key}"}
    with httpx.Client(base_url=stack.ready["api_url"], headers=headers, trust_env=False, timeout=60) as client:
        yield client


def _expect(answer: httpx.Response, status: int) -> dict[str, Any]:
    if answer.status_code != status:
        raise DrillError(f"{answer.request.method} was answered {answer.status_code}, not {status}")
    document: dict[str, Any] = json.loads(answer.content)
    return document


def _until(holds: Callable[[], bool], otherwise: str) -> None:
    deadline = time.monotonic() + WAIT_S_MAX
    while not holds():
        if time.monotonic() > deadline:
            raise DrillError(otherwise)
        time.sleep(PAUSE_S)
