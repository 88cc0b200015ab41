"""The commands as they are typed: what they print where, and how they end."""

import asyncio
import csv
import gzip
import json
import os
import re
import signal
import subprocess
import sys
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ingest.api_client.retry import RetryPolicy
from ingest.layouts.catalogue import packaged_layouts
from ingest.upload.delivery import UndeliveredError
from tests.ingest.files.packed import zip_of
from tests.txn_cli.api_client.test_target import READY
from tests.txn_cli.builders import CARD, after_target, cells, csv_file, shared, sound, sound_rows
from tests.txn_cli.fake_api import API_KEY, FakeApi, Hang, Unsettled
from tests.txn_cli.verify.store import FakeStore, event_of
from txn_cli.commands import data
from txn_cli.exit_codes import code_of_failure
from txn_cli.main import app_of
from txn_cli.simulator.simulated_rows import simulate_rows, write_rows
from txn_cli.stack.children.ready import Ready
from txn_cli.stack.datadir import DataDir, write_private
from txn_cli.stack.endpoints import Endpoints
from txn_core.aws.clients import Aws
from txn_core.exceptions import TxnError
from txn_core.settings import Settings

PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored where the tests were started in the background
from txn_cli.main import app_of
app_of(sys.argv[1])(sys.argv[1:])
"""


@dataclass(frozen=True)
class Result:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str
    error: BaseException | None


def txn(*arguments: object, stdin: bytes | None = None) -> Result:
    """Run a command in this process."""
    result = CliRunner().invoke(app_of(str(arguments[0])), list(map(str, arguments)), input=stdin)
    return Result(result.exit_code, result.stdout, result.stderr, result.exception)


def txn_process(*arguments: object, **options: object) -> "subprocess.Popen[bytes]":
    """Start a command in a process of its own."""
    command = [sys.executable, "-c", PROGRAM, *map(str, arguments)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)  # type: ignore[call-overload,no-any-return]


@pytest.fixture
def api() -> FakeApi:
    """The service."""
    return FakeApi()


@pytest.fixture
def data_dir(api: FakeApi, tmp_path: Path, own_environment: pytest.MonkeyPatch) -> Iterator[Path]:
    """The data directory of a stack that serves it."""
    path = tmp_path / "stack"
    with api.served() as url:
        replace(READY, api_url=url, api_key=API_KEY).write(DataDir.at(path))
        yield path


def simulated(path: Path, rows: int) -> Path:
    with path.open("w") as file:
        write_rows(simulate_rows(rows=rows, cards=50, seed=1), file)
    return path


def test_simulate_writes_to_standard_output_or_to_a_file(tmp_path: Path) -> None:
    printed = txn("simulate", "--rows", 20, "--cards", 5, "--seed", 9)
    assert printed.code == 0
    assert len(printed.out.splitlines()) == 21
    written = txn("simulate", "--rows", 20, "--cards", 5, "--seed", 9, "--out", tmp_path / "rows.csv")
    assert (written.code, written.out) == (0, "")
    assert (tmp_path / "rows.csv").read_text() == printed.out


def test_simulate_at_a_rate_writes_the_same_rows() -> None:
    assert txn("simulate", "--rows", 20, "--rate", 1_000).out == txn("simulate", "--rows", 20).out


def test_simulate_ends_quietly_when_nobody_reads_on() -> None:
    with txn_process("simulate", "--rows", 100_000) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith(b",trans_date_trans_time,cc_num,")
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == b""
    assert process.returncode == 0


def test_simulate_says_where_it_cannot_write(tmp_path: Path) -> None:
    result = txn("simulate", "--out", tmp_path / "absent" / "rows.csv")
    assert isinstance(result.error, TxnError)


def test_load_sends_a_file_to_the_local_stack(api: FakeApi, data_dir: Path, tmp_path: Path) -> None:
    file = simulated(tmp_path / "rows.csv", 100)
    result = txn("load", file, "--data-dir", data_dir)
    assert result.code == 0
    assert result.out.startswith("100 rows read, 100 accepted, 0 rejected in ")
    assert len(api.stored) == 100
    assert [len(request) for request in api.requests] == [100]


def test_load_prints_one_json_object_for_machines(data_dir: Path, tmp_path: Path) -> None:
    file = csv_file(tmp_path / "rows.csv", [cells(2), cells(3, cc_num="99990000"), cells(4, amt="?")])
    result = txn("load", file, "--data-dir", data_dir, "--json")
    document = json.loads(result.out)
    assert document.pop("seconds") > 0
    assert document == {"read": 3, "accepted": 1, "rejected": 2, "receipts": ["receipt-1"]}
    assert "line 3: cc_num fails the Luhn check (ISO/IEC 7812-1) (card_number_luhn)" in result.err
    assert result.code == 3


@pytest.mark.parametrize(("bound", "code"), [("1", 3), ("2", 0), ("66%", 3), ("67%", 0), ("many", 2)])
def test_load_bears_as_many_rejected_rows_as_it_is_told(
    data_dir: Path, tmp_path: Path, bound: str, code: int
) -> None:
    file = csv_file(tmp_path / "rows.csv", [cells(2), cells(3, cc_num="99990000"), cells(4, amt="?")])
    assert txn("load", file, "--data-dir", data_dir, "--max-rejects", bound).code == code


def test_load_sends_no_more_than_5000_lines_a_request(api: FakeApi, data_dir: Path, tmp_path: Path) -> None:
    txn("load", simulated(tmp_path / "rows.csv", 10_001), "--data-dir", data_dir)
    assert sum(map(len, api.requests)) == 10_001
    assert max(map(len, api.requests)) <= 5_000
    assert len(api.stored) == 10_001


def test_load_takes_the_first_rows_only(api: FakeApi, data_dir: Path, tmp_path: Path) -> None:
    file = csv_file(tmp_path / "rows.csv", [cells(n, **({"amt": "?"} if n < 3 else {})) for n in range(10)])
    assert json.loads(txn("load", file, "--data-dir", data_dir, "--limit", 7, "--json").out)["read"] == 7
    assert len(api.stored) == 4


def test_load_twice_sends_everything_twice(api: FakeApi, data_dir: Path, tmp_path: Path) -> None:
    file = simulated(tmp_path / "rows.csv", 50)
    for _ in range(2):
        assert json.loads(txn("load", file, "--data-dir", data_dir, "--json").out)["accepted"] == 50
    assert set(api.stored.values()) == {2}


def test_load_posts_one_by_one_if_asked(api: FakeApi, data_dir: Path, tmp_path: Path) -> None:
    file = csv_file(tmp_path / "rows.csv", [cells(2), cells(3, cc_num="99990000"), cells(4)])
    result = txn("load", file, "--data-dir", data_dir, "--single", "--json")
    assert json.loads(result.out) | {"seconds": 0} == {
        "read": 3, "accepted": 2, "rejected": 1, "seconds": 0, "receipts": []
    }  # fmt: skip
    assert [len(request) for request in api.requests] == [1, 1, 1]


def test_load_goes_to_whatever_service_is_named(api: FakeApi, tmp_path: Path) -> None:
    file = simulated(tmp_path / "rows.csv", 5)
    with api.served() as url:
        result = txn("load", file, "--url", f"{url}/", "--api-key", API_KEY, "--data-dir", tmp_path / "none")
    assert result.code == 0
    assert len(api.stored) == 5


def test_load_takes_its_key_from_a_file_or_a_variable(
    api: FakeApi, tmp_path: Path, own_environment: pytest.MonkeyPatch
) -> None:
    """So that no list of processes shows it."""
    file, key = simulated(tmp_path / "rows.csv", 5), tmp_path / "key"
    key.write_text(f"{API_KEY}\n")
    with api.served() as url:
        there = ("load", file, "--url", url, "--data-dir", tmp_path / "none")
        assert txn(*there, "--api-key-file", key).code == 0
        assert txn(*there, "--api-key-file", "-", stdin=f"{API_KEY}\n".encode()).code == 0
        own_environment.setenv("TXN_API_KEY", API_KEY)
        assert txn(*there).code == 0
        both = txn("load", "-", "--url", url, "--api-key-file", "-", stdin=b"")
    assert set(api.stored.values()) == {3}
    assert (both.code, "standard input" in both.err) == (2, True)


def test_load_of_a_service_with_a_password_in_its_address_does_not_show_it(tmp_path: Path) -> None:
    file, login = simulated(tmp_path / "rows.csv", 1), "user:hidden@"
    for url in (f"ftp://{login}127.0.0.1:1", f"nothing://{login}x"):
        result = txn("load", file, "--url", url, "--api-key", "x", "--data-dir", tmp_path / "none")
        assert "no address of a service" in str(result.error)
        assert "hidden" not in f"{result.error}{result.out}{result.err}"


def test_load_writes_each_rejection_of_a_mangled_file(api: FakeApi, data_dir: Path, tmp_path: Path) -> None:
    rejects = tmp_path / "rejects.csv"
    mangled = shared("kaggle_excel_mangled.csv")
    result = txn("load", mangled, "--data-dir", data_dir, "--rejects", rejects, "--json")
    document = json.loads(result.out)
    assert (result.code, document["read"], document["accepted"], document["rejected"]) == (3, 300, 0, 300)
    with rejects.open(newline="") as file:
        faults = list(csv.DictReader(file))
    assert {int(fault["line"]) for fault in faults} == set(range(2, 302))
    assert {(fault["field"], fault["code"]) for fault in faults} == {
        ("cc_num", "card_number_not_digits"),
        ("trans_date_trans_time", "timestamp_format"),
        ("dob", "date_format"),
    }
    with mangled.open(newline="") as file:
        numbers = {row["cc_num"] for row in csv.DictReader(file)}
    assert not any(number in rejects.read_text() or number in result.err for number in numbers)
    assert api.requests == []


def test_load_of_another_layout_is_one_clear_error(data_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text(f"card,amount\n{CARD},1\n")
    result = txn("load", tmp_path / "rows.csv", "--data-dir", data_dir)
    assert isinstance(result.error, TxnError)
    assert "it is not in layout" in str(result.error)
    assert "the header lacks" in str(result.error)
    assert "--map" in str(result.error)


def test_load_reads_another_layout_by_a_map(api: FakeApi, data_dir: Path, tmp_path: Path) -> None:
    file = simulated(tmp_path / "rows.csv", 20)
    file.write_bytes(file.read_bytes().replace(b",amt,", b",amount,", 1).replace(b",job,", b",work,", 1))
    result = txn("load", file, "--data-dir", data_dir, "--map", "amt=amount", "--map", "job=", "--json")
    assert json.loads(result.out)["accepted"] == 20
    assert "\0" not in result.err


def test_load_lists_the_layouts_that_come_along() -> None:
    help_text = " ".join(txn("load", "--help").out.replace("│", " ").split())
    for layout in packaged_layouts():
        assert layout.name in help_text


def test_load_of_rows_without_ids_is_the_same_transactions_every_time(
    api: FakeApi, data_dir: Path, tmp_path: Path
) -> None:
    file = simulated(tmp_path / "rows.csv", 50)
    file.write_bytes(file.read_bytes().replace(b"trans_num", b"other", 1))
    for _ in range(2):
        assert json.loads(txn("load", file, "--data-dir", data_dir, "--json").out)["accepted"] == 50
    assert len(api.stored) == 50
    assert all(id_.startswith("row_") for id_ in api.stored)


def test_load_chooses_a_file_of_an_archive(api: FakeApi, data_dir: Path, tmp_path: Path) -> None:
    content = simulated(tmp_path / "rows.csv", 20).read_bytes()
    (tmp_path / "archive.zip").write_bytes(zip_of({"fraudTrain.csv": content, "fraudTest.csv": content}))
    result = txn("load", tmp_path / "archive.zip", "--data-dir", data_dir)
    assert "('fraudTrain.csv', 'fraudTest.csv'): name one by --member NAME. Nothing was sent" in str(result.error)
    assert api.requests == []
    result = txn("load", tmp_path / "archive.zip", "--member", "fraudTest.csv", "--data-dir", data_dir, "--json")
    assert json.loads(result.out)["accepted"] == 20


def test_load_of_an_archive_that_was_cut_off_says_what_was_sent(api: FakeApi, data_dir: Path, tmp_path: Path) -> None:
    content = gzip.compress(simulated(tmp_path / "rows.csv", 8_000).read_bytes())
    (tmp_path / "rows.csv.gz").write_bytes(content[:-50_000])
    result = txn("load", tmp_path / "rows.csv.gz", "--data-dir", data_dir)
    assert isinstance(result.error, TxnError)
    found = re.search(
        r"cut off: fetch it again\. The ([0-9,]+) rows before are settled \(([0-9,]+) accepted", str(result.error)
    )
    assert found is not None
    assert int(found[1].replace(",", "")) == int(found[2].replace(",", "")) == len(api.stored) > 5_000


def test_load_of_a_named_pipe_reads_it_once(api: FakeApi, data_dir: Path, tmp_path: Path) -> None:
    """As `txn load <(zcat rows.csv.gz)` does."""
    content = simulated(tmp_path / "rows.csv", 20).read_bytes()
    os.mkfifo(pipe := tmp_path / "pipe")
    with ThreadPoolExecutor(1) as executor:
        writing = executor.submit(pipe.write_bytes, content)
        result = txn("load", pipe, "--data-dir", data_dir, "--json")
        writing.result(timeout=60)
    assert json.loads(result.out)["accepted"] == 20


def test_load_with_a_wrong_key_is_one_clear_error(data_dir: Path, tmp_path: Path) -> None:
    file = simulated(tmp_path / "rows.csv", 5)
    result = txn("load", file, "--data-dir", data_dir, "--api-key", "wrong")
    assert isinstance(result.error, TxnError)
    assert "401 api_key_invalid" in str(result.error)


def test_load_without_a_stack_says_what_to_do(tmp_path: Path, own_environment: pytest.MonkeyPatch) -> None:
    result = txn("load", simulated(tmp_path / "rows.csv", 1), "--data-dir", tmp_path / "none")
    assert "txn up" in str(result.error)


def test_load_that_cannot_settle_all_rows_says_how_many_and_how_to_go_on(
    api: FakeApi, data_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "RetryPolicy", partial(RetryPolicy, attempts_max=1))
    api.faults = deque([None, Unsettled([1, 3])])
    result = txn("load", simulated(tmp_path / "rows.csv", 6_000), "--data-dir", data_dir, "--json")
    assert (result.code, result.out) == (1, "")
    assert isinstance(result.error, TxnError)
    assert not isinstance(result.error, UndeliveredError)
    assert code_of_failure("load", result.error) == 4
    # A busy machine sends what it has read by then: the header, the rows of the first upload, and the next one.
    line = 1 + len(api.requests[0]) + 1
    assert str(result.error).startswith(f"the outcome of 2 rows, from line {line} on, is unknown: ")
    assert "the same command goes on there" in str(result.error)


def test_load_that_is_interrupted_goes_on_where_it_stopped(api: FakeApi, data_dir: Path, tmp_path: Path) -> None:
    file = simulated(tmp_path / "rows.csv", 6_000)
    api.faults = deque([None, hang := Hang()])
    with txn_process("load", file, "--data-dir", data_dir) as process:
        assert hang.reached.wait(timeout=60)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert b"txn: interrupted: the same command goes on there" in err
    assert b"Traceback" not in err
    result = txn("load", file, "--data-dir", data_dir, "--json")
    assert json.loads(result.out)["accepted"] == 6_000
    assert f"Going on after {len(api.requests[0]):,} rows" in result.err
    assert set(api.stored.values()) == {1}


def test_load_reads_standard_input_as_rows_come(api: FakeApi, data_dir: Path) -> None:
    with txn_process("load", "-", "--data-dir", data_dir, "--json", stdin=subprocess.PIPE) as process:
        out, _ = process.communicate(txn("simulate", "--rows", 30).out.encode(), timeout=60)
    assert json.loads(out)["accepted"] == 30
    assert len(api.stored) == 30


def test_load_of_standard_input_can_be_interrupted_while_it_waits_for_rows(api: FakeApi, data_dir: Path) -> None:
    api.faults = deque([hang := Hang()])
    with txn_process("load", "-", "--data-dir", data_dir, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        process.stdin.write(txn("simulate", "--rows", 3).out.encode())
        process.stdin.flush()
        assert hang.reached.wait(timeout=60)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 130
        assert after_target(process.stderr.read().decode()).startswith("txn: interrupted: send the rows again;")


@pytest.fixture
def store(api: FakeApi, settings: Settings, local_servers: Endpoints, data_dir: Path) -> FakeStore:
    """What the stack of the data directory holds; `upload` puts its lake where the stack's lake is."""
    ready = Ready.read(DataDir.at(data_dir))
    assert ready is not None
    endpoints = {name: getattr(local_servers, name) for name in ("s3_url", "access_key", "secret_key")}
    replace(ready, bucket=settings.lake_bucket, **endpoints).write(DataDir.at(data_dir))
    return FakeStore(api)


def upload(store: FakeStore, settings: Settings) -> None:
    async def put() -> None:
        async with Aws(settings).s3() as client:
            await client.create_bucket(Bucket=settings.lake_bucket)
            for key, body in store.objects.items():
                await client.put_object(Bucket=settings.lake_bucket, Key=key, Body=body)

    asyncio.run(put())


def test_verify_compares_a_file_with_index_and_lake(
    store: FakeStore, settings: Settings, data_dir: Path, tmp_path: Path
) -> None:
    file = csv_file(tmp_path / "rows.csv", [*(cells(line) for line in range(2, 12)), cells(12, amt="?")])
    store.store(*sound_rows(10))
    store.store(*sound_rows(2))
    upload(store, settings)
    result = txn("verify", file, "--data-dir", data_dir, "--json")
    assert result.code == 0
    assert json.loads(result.out) == {
        "rows": 10,
        "missing_in_index": 0,
        "different_in_index": 0,
        "missing_in_lake": 0,
        "duplicated_in_lake": 0,
        "repeated_in_stream": 2,
    }
    assert CARD not in result.err


def test_verify_ends_with_1_and_shows_lines_when_anything_is_wrong(
    store: FakeStore, settings: Settings, data_dir: Path, tmp_path: Path
) -> None:
    file = csv_file(tmp_path / "rows.csv", [cells(line) for line in range(2, 12)])
    store.store(*sound_rows(8))
    store.index(event_of(sound(3)) | {"amount_minor": 1})
    upload(store, settings)
    result = txn("verify", file, "--data-dir", data_dir)
    assert result.code == 1
    shown = dict(line.split()[:2] for line in result.out.splitlines() if "_in_" in line)
    assert shown == {
        "missing_in_index": "2",
        "different_in_index": "1",
        "missing_in_lake": "2",
        "duplicated_in_lake": "0",
        "repeated_in_stream": "0",
    }
    assert "line 3: different in index" in result.err
    assert "line 11: missing in lake" in result.err
    assert txn("verify", file, "--limit", 1, "--data-dir", data_dir).code == 0


def test_verify_expects_the_cards_that_the_stack_takes_without_a_check_digit(
    store: FakeStore, settings: Settings, data_dir: Path, tmp_path: Path
) -> None:
    upload(store, settings)
    file = csv_file(tmp_path / "rows.csv", [cells(2, cc_num="9999000000000000")])
    assert json.loads(txn("verify", file, "--data-dir", data_dir, "--json").out)["rows"] == 0
    write_private(DataDir.at(data_dir).document("settings"), {"TXN_LUHN_EXEMPT_RANGES": "9999"})
    report = json.loads(txn("verify", file, "--data-dir", data_dir, "--json").out)
    assert (report["rows"], report["missing_in_index"]) == (1, 1)


def test_verify_shows_no_more_than_a_few_lines(
    store: FakeStore, settings: Settings, data_dir: Path, tmp_path: Path
) -> None:
    upload(store, settings)
    file = csv_file(tmp_path / "rows.csv", [cells(line) for line in range(2, 202)])
    result = txn("verify", file, "--data-dir", data_dir, "--json")
    assert json.loads(result.out)["missing_in_index"] == 200
    shown = [line for line in result.err.splitlines() if line.startswith("line ")]  # beside what is said of progress
    assert len(shown) == data.FAULTS_SHOWN
