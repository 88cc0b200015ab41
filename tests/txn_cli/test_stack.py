"""`txn up`, `demo`, `status` and `keys` as their users run them."""

import json
import os
import re
import signal
import socket
import stat
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from operations.alarms.drain_alarms import service_of
from tests.support.signed_requests import Signed
from tests.support.watched_metrics import lacking, watched_metrics
from tests.txn_cli.builders import after_target
from tests.txn_cli.stack.told_children import wait_until
from tests.txn_cli.stack.upheld import COMMAND_S_MAX, Upheld, in_process, txn, upheld
from txn_cli.simulator.simulated_rows import simulate_rows
from txn_cli.stack import ports
from txn_cli.stack.children.leftovers import ProcessMark
from txn_cli.stack.datadir import DataDir
from txn_cli.stack.stackports import DYNAMODB, INSIGHT, KINESIS, S3, WAREHOUSE, StackPorts, metrics_of
from txn_core import drains
from txn_core.drains import INDEX
from txn_core.signing import Signature

CHILDREN = {KINESIS, DYNAMODB, S3, "api", WAREHOUSE, INSIGHT, *drains.names()}
QUICK = {
    "TXN_ARCHIVE_FLUSH_AGE_S": "0.5",
    "TXN_SCORE_FLUSH_S": "0.5",
    "TXN_LEASE_FAILOVER_S": "3",
    "TXN_LEASE_RENEW_S": "0.5",
    "TXN_API_KEY_CACHE_S": "0.2",
}
LATE = "stack-000002"
"""The id of a transaction that is posted just before the supervisor is killed."""
TRANSACTION = {
    "transaction_id": "stack-000001",
    "card_number": "4242424242424242",
    "amount_minor": 497,
    "currency": "USD",
    "occurred_at": "2026-01-01T12:00:00Z",
    "merchant": {"name": "Rippin, Kub and Mann"},
}
PAYMENT = {"mcc": "5411", "metadata": {"order": "A-7"}}
"""What only events of schema 2 have, which all processes of the stack know."""
LATE_TRANSACTION = {**TRANSACTION, "transaction_id": LATE, **PAYMENT}


@pytest.fixture
def busy_port() -> Iterator[int]:
    """A port that somebody else has."""
    with socket.create_server((ports.HOST, ports.choose())) as listener:
        yield listener.getsockname()[1]


def client_of(stack: Upheld, key: str | None = None) -> httpx.Client:
    headers = {"Authorization": f"Bearer {key or stack.ready['api_key']}"}
    return httpx.Client(base_url=stack.ready["api_url"], headers=headers, trust_env=False, timeout=60)


@pytest.mark.timeout(1_200)
def test_the_life_of_a_stack(tmp_path: Path, busy_port: int) -> None:
    """It starts beside what is there, mends itself, goes on with its data when it was killed, and stops in order.

    The warehouse runs beside it, fails, is killed in a run, and is stopped in one.
    """
    data_dir = tmp_path / "stack"
    dbt = ToldDbt.at(tmp_path)
    with upheld(data_dir, busy_port, QUICK | dbt.environment) as stack:
        stack.until_ready()
        wait_until(lambda: set(stack.ready["pids"]) == CHILDREN)
        first = stack.ready
        assert f"Port {busy_port} is taken" in stack.printed
        assert first["api_url"] != f"http://{ports.HOST}:{busy_port}"
        for name in ("ready.json", "secrets.json", "ports.json", "children.json", "settings.json"):
            assert stat.S_IMODE((data_dir / name).stat().st_mode) == 0o600

        _refuses_a_second_supervisor(stack)
        with client_of(stack) as client:
            assert client.post("/transactions", json=TRANSACTION).status_code == 202
        _mends(stack, INDEX.name)
        _mends(stack, "api")
        _mends(stack, KINESIS)
        drained = stack.ask("status", "--wait-caught-up", "--timeout", "60", "--json")
        assert drained.returncode == 0, drained.stderr
        status = json.loads(drained.stdout)
        assert status["drained"] is True
        assert status["api"]["url"] == stack.ready["api_url"]
        assert all("records" in worker["counts"] for worker in status["workers"].values())
        repeated = stack.ask("bootstrap")
        assert repeated.returncode == 0, "doing it again changes nothing"
        assert "Expired rows stay" in repeated.stdout, "the local server has no TTL, and that is said"
        _lets_a_key_in_until_it_is_revoked(stack)
        _binds_a_key_to_a_terminal_and_to_signatures(stack)
        builds = _keeps_a_warehouse(stack, dbt)
        _answers_questions(stack)

        _is_closed_to_others(data_dir)
        _shows_no_secret_in_the_list_of_processes(stack)
        with client_of(stack) as client:
            assert client.post("/transactions", json=LATE_TRANSACTION).status_code == 202
        orphans = (*stack.marks().values(), builds)
        stack.stop(signal.SIGKILL)

    with upheld(data_dir, environment=QUICK | dbt.environment) as stack:
        wait_until(lambda: not any(mark.is_running() for mark in orphans))
        wait_until(lambda: "Ready." in stack.printed or stack.process.poll() is not None)
        again = stack.ready
        kept = ("api_key", "kinesis_url", "dynamodb_url", "s3_url", "access_key", "secret_key", "stream", "bucket")
        assert {name: again[name] for name in kept} == {name: first[name] for name in kept}
        with client_of(stack) as client:
            assert client.get("/transactions/stack-000001").status_code == 200
            wait_until(lambda: PAYMENT.items() <= client.get(f"/transactions/{LATE}").json().items())
        wait_until(lambda: set(stack.ready["pids"]) == CHILDREN)
        left = (*stack.marks().values(), dbt.build())
        assert stack.stop() == 0
        assert not any(mark.is_running() for mark in left)
        assert not (data_dir / "ready.json").exists()
        _stopped_in_order(stack)


@dataclass(frozen=True)
class ToldDbt:
    """A command in the place of dbt that does what a test says: it fails, or it builds for ever."""

    folder: Path

    @classmethod
    def at(cls, folder: Path) -> "ToldDbt":
        program = folder / "dbt"
        program.write_text(
            f"#!{sys.executable} -IS\nimport os, pathlib, signal\nfolder = pathlib.Path({str(folder)!r})\n"
            "if not (folder / 'builds').exists(): raise SystemExit(1)\n"
            "(folder / 'build.new').write_text(str(os.getpid()))\n"
            "(folder / 'build.new').rename(folder / 'build')\nsignal.pause()"
        )
        program.chmod(0o700)
        return cls(folder)

    @property
    def environment(self) -> dict[str, str]:
        """With looks that the test alone asks for."""
        return {"TXN_WAREHOUSE_EVERY_S": "3600", "TXN_WAREHOUSE_DBT": str(self.folder / "dbt")}

    def build(self) -> ProcessMark:
        """The next build that is begun, once it is."""
        (self.folder / "builds").touch()
        file = self.folder / "build"
        wait_until(file.exists)
        mark = ProcessMark.of(int(file.read_text()))
        file.unlink()
        assert mark is not None
        return mark


def _look(stack: Upheld) -> None:
    os.kill(stack.ready["pids"][WAREHOUSE], signal.SIGUSR1)


def _keeps_a_warehouse(stack: Upheld, dbt: ToldDbt) -> ProcessMark:
    """It may fail, and be killed; gives a build that is under way."""
    _tells_of_a_warehouse_that_fails(stack)
    return _mends_a_warehouse_that_is_killed_in_a_run(stack, dbt)


def _tells_of_a_warehouse_that_fails(stack: Upheld) -> None:
    """Nothing else minds."""
    seen: dict[str, Any] = {}

    def failed() -> bool:
        seen.update(json.loads(stack.ask("status", "--json").stdout))
        warehouse = seen["warehouse"]
        return bool(warehouse["failures_in_a_row"]) and not warehouse["ready"] and seen["drained"]

    pids = stack.ready["pids"]
    _look(stack)
    wait_until(failed)
    told = seen["warehouse"]
    assert (told["last_run"]["failed"], told["objects_waiting"] > 0) == (True, True)
    assert "dbt ended with code 1" in told["why"]
    assert stack.ready["pids"] == pids
    shown = stack.ask("status").stdout
    assert "warehouse  last_run: dbt ended with code 1" in shown
    # It is tried again by itself, so a slow look may see the next run.
    assert re.search(r"\d+ in a row; (a run is under way; )?behind the lake by \d+ object", shown), shown


def _mends_a_warehouse_that_is_killed_in_a_run(stack: Upheld, dbt: ToldDbt) -> ProcessMark:
    """The build ends with it, and another one is begun at once; gives this one."""
    (dbt.folder / "builds").touch()
    _look(stack)
    build = dbt.build()
    _mends(stack, WAREHOUSE)
    wait_until(lambda: not build.is_running())
    return dbt.build()


def _answers_questions(stack: Upheld) -> None:
    """Or says why not, for the stack's own key; at a low priority, without the keys of cards, and after a kill."""
    _mends(stack, INSIGHT)
    wait_until(lambda: stack.ready["insight_url"] is not None)
    process = Path(f"/proc/{stack.ready['pids'][INSIGHT]}")
    assert int((process / "stat").read_text().rpartition(")")[2].split()[16]) >= 10  # proc(5): nice
    given = (process / "environ").read_text()
    assert "TXN_IDENTITY_KEY=" in given
    assert not [name for name in ("TXN_CARD_KEYS", "TXN_CURSOR_KEY", "TXN_DEAD_LETTER_KEY") if f"{name}=" in given]
    with client_of(stack) as client:
        url = f"{stack.ready['insight_url']}/insight/questions"
        listed = client.get(url)
        assert [each["id"] for each in listed.json()["questions"]][:2] == ["q01", "q02"]
        assert listed.headers["access-control-allow-origin"] == stack.ready["api_url"]
        assert client.get(f"{url}/q01").json()["code"] == "warehouse_not_built"
        assert f'content="{stack.ready["insight_url"]}"' in client.get("/").text  # where the pages ask it
    _tells_what_alarms_watch(stack)


def _tells_what_alarms_watch(stack: Upheld) -> None:
    """Each metric that an alarm or a panel names is in a scrape of the processes; the ingest worker is not here."""
    ports = StackPorts.stored(DataDir(stack.data_dir))
    assert ports is not None
    urls = {service_of(drain): url for drain, url in ports.metrics_urls().items()}
    urls |= {"api": stack.ready["api_url"], WAREHOUSE: ports.url(metrics_of(WAREHOUSE))}
    urls |= {INSIGHT: stack.ready["insight_url"]}
    assert {*urls, "worker-ingest"} == {metric.service for metric in watched_metrics()}
    with client_of(stack) as client:
        texts = {service: client.get(f"{url}/metrics").text for service, url in urls.items()}
    assert [metric for service, text in texts.items() for metric in lacking(service, text)] == []


def _stopped_in_order(stack: Upheld) -> None:
    """Each group before what it relies on."""
    groups = ("insight: done", "warehouse: done", "api: done", "index, archive, score: done", "kinesis")
    places = [stack.printed.index(f"Stopping {group}") for group in groups]
    assert places == sorted(places)


def _is_closed_to_others(data_dir: Path) -> None:
    """Nothing that the stack keeps is another user's to read, nor a socket theirs to connect to.

    SeaweedFS gives the description of a volume (`.vif`: its version and copies) a mode of its own, whatever the mask;
    the folders around it are closed.
    """
    kept = [data_dir, *data_dir.rglob("*")]
    assert {path.name for path in kept} >= {"lock", "api.log", "s3", "kinesis", "dynamodb"}
    ports = data_dir / "ports.json"
    left = [
        path
        for port in json.loads(ports.read_text()).values()
        for path in Path("/tmp").glob(f"seaweedfs-*{port}.sock")
    ]
    sockets = [path for path in left if path.lstat().st_mtime >= ports.stat().st_mtime]  # others left theirs behind
    assert sockets
    for path in (*(path for path in kept if path.suffix != ".vif"), *sockets):
        assert not path.lstat().st_mode & 0o077, path


def _shows_no_secret_in_the_list_of_processes(stack: Upheld) -> None:
    """Whose arguments every user may read; the key is in a file of its own for others to be given by."""
    secrets = json.loads((stack.data_dir / "secrets.json").read_text()).values()
    assert (stack.data_dir / "authorization").read_text() == f"Authorization: Bearer {stack.ready['api_key']}\n"
    for pid in stack.ready["pids"].values():
        arguments = Path(f"/proc/{pid}/cmdline").read_text()
        assert arguments
        assert not [secret for secret in secrets if secret in arguments]


def _refuses_a_second_supervisor(stack: Upheld) -> None:
    refused = stack.txn("up")
    assert refused.returncode == 1
    says = f"txn: {stack.data_dir} is in use by another stack (process {stack.process.pid}): stop it, or name another"
    assert after_target(refused.stderr) == f"{says} --data-dir\n"
    assert stack.process.poll() is None


def _mends(stack: Upheld, name: str) -> None:
    """A killed child is told of, started again at its place, and found by its new id."""
    before = stack.marks()[name]
    before.send(signal.SIGKILL)
    wait_until(lambda: f"{name} is back" in stack.printed)
    assert f"{name} ended, signal SIGKILL" in stack.printed
    after = stack.marks()[name]
    assert after != before
    assert after.is_running()


def _lets_a_key_in_until_it_is_revoked(stack: Upheld) -> None:
    made = stack.ask("keys", "create", "--scope", "transactions:read", "--name", "a test", "--json")
    key = json.loads(made.stdout)
    assert key["account"] == "default"
    with client_of(stack, key["key"]) as client:
        assert client.get("/transactions/stack-000001").status_code == 200
        assert client.post("/transactions", json=TRANSACTION).status_code == 403
        assert stack.ask("keys", "revoke", key["key_id"]).returncode == 0
        wait_until(lambda: client.get("/transactions/stack-000001").status_code == 401)
    other = json.loads(stack.ask("keys", "create", "--scope", "transactions:read", "--json").stdout)
    revoked = stack.ask("keys", "revoke", "-", given=other["key"])
    assert (revoked.returncode, revoked.stdout.split(";")[0]) == (0, f"Revoked {other['key_id']}")
    assert other["key"] not in revoked.stdout + revoked.stderr
    shown = stack.ask("keys", "revoke", other["key"])
    assert (shown.returncode, "list of processes" in shown.stderr) == (0, True)
    mistyped = stack.ask("keys", "revoke", f"{other['key']}0")
    assert mistyped.returncode == 1
    assert after_target(mistyped.stderr) == "txn: that is neither a key nor the id of one\n"
    unknown = stack.ask("keys", "revoke", "0123456789abcdef")
    assert (unknown.returncode, after_target(unknown.stderr)) == (1, "txn: there is no key 0123456789abcdef\n")


def _binds_a_key_to_a_terminal_and_to_signatures(stack: Upheld) -> None:
    arguments = ("--scope", "transactions:write", "--terminal", "T0000042", "--require-signature")
    own = ("--writes-per-s", "7", "--cards-of-mask-max", "50")
    key = json.loads(stack.ask("keys", "create", *arguments, *own, "--json").stdout)
    assert (key["terminal_ids"], key["limits"]["writes_per_s"]) == (["T0000042"], 7)
    assert key["limits"]["cards_of_mask_max"] == 50
    shown = stack.ask("keys", "create", *arguments)
    assert shown.stdout.splitlines()[1].startswith("txnsig_")
    assert "Only for T0000042." in shown.stderr
    content = json.dumps(TRANSACTION | {"terminal": {"terminal_id": "T0000042"}}).encode()
    at = int(time.time())
    mac = Signed(at, "POST", b"/transactions", b"", content).mac(key["signing_secret"])
    signature = {"Signature": Signature(at, key["key_id"], mac).header()}
    with client_of(stack, key["key"]) as client:
        assert client.post("/transactions", content=content).json()["code"] == "signature_missing"
        answer = client.post("/transactions", content=content, headers=signature)
        assert (answer.status_code, answer.headers["ratelimit-policy"].partition(",")[0]) == (202, '"write";q=7;w=1')
        again = client.post("/transactions", content=content, headers=signature)
        assert again.json()["code"] == "signature_replayed"


@pytest.mark.timeout(600)
def test_a_start_that_fails_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    """Here it fails when the servers run already."""
    data_dir = tmp_path / "stack"
    with upheld(data_dir, environment={"TXN_BUCKET": "x"}) as stack:
        assert stack.process.wait(COMMAND_S_MAX) == 1
        assert stack.printed.splitlines()[-1].startswith(
            "txn: CreateBucket failed with InvalidBucketName: name another"
        )
        assert "Traceback" not in stack.printed
    pids = [entry["pid"] for entry in json.loads((data_dir / "children.json").read_text()).values()]
    assert pids
    wait_until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in pids))


def test_a_wrong_setting_is_said_before_anything_is_started(tmp_path: Path) -> None:
    refused = txn("up", "--data-dir", str(tmp_path / "stack"), TXN_STREAM_SHARDS="many")
    assert refused.returncode == 1
    assert after_target(refused.stderr).startswith("txn: TXN_STREAM_SHARDS: ")
    assert "Starting" not in refused.stdout


@pytest.mark.timeout(600)
def test_a_demonstration_shows_everything_but_card_numbers(tmp_path: Path) -> None:
    """With dbt's build and three answers of the warehouse, and with every way to a network closed."""
    closed = f"http://{ports.HOST}:{ports.choose()}"
    proxies = {name: closed for way in ("HTTP", "HTTPS", "ALL") for name in (f"{way}_PROXY", f"{way.lower()}_proxy")}
    data_dir = tmp_path / "stack"
    arguments = ("--rows", "120", "--exit", "--data-dir", str(data_dir), "--port", str(ports.choose()))
    shown = txn("demo", *arguments, **QUICK, **proxies)
    assert shown.returncode == 0, shown.stderr
    for said in ("120 rows accepted", "A card's latest", "The latest transactions at", "holds 120 rows", "/docs"):
        assert said in shown.stdout
    for said in ("api_key in", "/#/insight", "/#/explorer", "/#/alerts", "/#/operations"):
        assert said in shown.stdout
    for said in ("The warehouse holds all of it", "What regions spend", "What regions prefer", "Transactions a day"):
        assert said in shown.stdout
    assert any(said in shown.stdout for said in ("Alerts of the scorer: ", "No alert is shown: ")), shown.stdout
    assert (data_dir / "warehouse/warehouse.duckdb").is_file()
    cards = {row["cc_num"] for row in simulate_rows(rows=120, cards=100, seed=1)}
    assert not [card for card in cards if card in shown.stdout + shown.stderr]


def test_a_status_of_servers_that_do_not_answer_says_so_in_one_line(tmp_path: Path) -> None:
    """Those that the settings name."""
    nowhere = f"http://{ports.HOST}:{ports.choose()}"
    settings = {f"TXN_{name}_ENDPOINT_URL": nowhere for name in ("KINESIS", "DYNAMODB", "S3")}
    credentials = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    asked = in_process("status", **settings, **credentials)
    assert asked.returncode == 2, "1 would be a finding"
    assert asked.stderr.startswith(f"txn: target: Kinesis at {nowhere}, ")
    assert after_target(asked.stderr).startswith(
        "txn: cannot read stream txn-transactions or its leases: "
        f"no answer from {nowhere} (EndpointConnectionError): is the address right"
    )


def test_keys_of_a_stack_that_is_not_there_are_refused(tmp_path: Path) -> None:
    asked = in_process("keys", "create", "--scope", "admin", "--data-dir", str(tmp_path))
    assert (asked.returncode, asked.stdout) == (1, "")
    assert asked.stderr.startswith(f"txn: no stack is ready in {tmp_path}: start one with `txn up`, ")
