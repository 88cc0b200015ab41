"""`txn labels load`: files of chargebacks, and what becomes of their rows."""

import gzip
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.builders import issued_card_number
from tests.txn_cli.api_client.test_target import READY
from tests.txn_cli.commands.test_data import txn
from tests.txn_cli.fake_api import API_KEY, CutOff, FakeApi, Unsettled
from txn_cli.exit_codes import code_of_failure
from txn_cli.stack.datadir import DataDir
from txn_core.exceptions import TxnError

CHARGEBACKS = """transaction_id,labelled_at,reason
labelled-0001,2026-02-01,"code 10.4, no signature"
labelled-0002,2026-02-01T10:00:00+01:00,
"""


@pytest.fixture
def api() -> FakeApi:
    """The service."""
    return FakeApi()


@pytest.fixture
def data_dir(api: FakeApi, tmp_path: Path, own_environment: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a stack that serves it."""
    path = tmp_path / "stack"
    with api.served() as url:
        replace(READY, api_url=url, api_key=API_KEY).write(DataDir.at(path))
        yield path


def written(path: Path, content: str) -> Path:
    """A file."""
    path.write_bytes(gzip.compress(content.encode()) if path.suffix == ".gz" else content.encode())
    return path


@pytest.mark.parametrize("name", ["chargebacks.csv", "chargebacks.csv.gz"])
def test_what_a_chargeback_file_does_not_say_is_fraud(
    api: FakeApi, data_dir: Path, tmp_path: Path, name: str
) -> None:
    """A date alone is its first moment in UTC, and an empty cell says nothing."""
    done = txn("labels", "load", written(tmp_path / name, CHARGEBACKS), "--data-dir", data_dir)
    assert (done.code, done.out) == (0, "2 labelled, 0 rejected, 0 unknown\n")
    first, second = api.labels
    assert first == {
        "transaction_id": "labelled-0001",
        "value": "fraud",
        "source": "chargeback",
        "labelled_at": "2026-02-01T00:00:00.000000Z",
        "reason": "code 10.4, no signature",
    }
    assert second["labelled_at"] == "2026-02-01T09:00:00.000000Z"
    assert "reason" not in second


def test_lines_of_json_go_as_they_are(api: FakeApi, data_dir: Path, tmp_path: Path) -> None:
    """Blank ones are left out."""
    rows = [{"transaction_id": "labelled-0001", "value": "legitimate", "source": "customer"}]
    file = written(tmp_path / "labels.ndjson", "\n" + "".join(json.dumps(row) + "\n" for row in rows))
    assert txn("labels", "load", file, "--data-dir", data_dir).code == 0
    assert api.labels == rows


def test_rejected_rows_are_named_by_their_lines(api: FakeApi, data_dir: Path, tmp_path: Path) -> None:
    """And never repeated: one of them has a card number in it."""
    number = issued_card_number()
    content = f"{CHARGEBACKS}x,2026-02-01,\nlabelled-0003,,{number}\nlabelled-0004,2026-02-01,ok,too,many\n"
    done = txn("labels", "load", written(tmp_path / "c.csv", content), "--data-dir", data_dir, "--json")
    assert done.code == 3
    told = json.loads(done.out)
    assert (told["labelled"], told["rejected"], told["unknown"]) == (2, 3, 0)
    assert [(each["line"], each["code"]) for each in told["problems"]] == [
        (4, "validation_failed"),
        (5, "card_number_misplaced"),
        (6, "validation_failed"),
    ]
    assert number not in done.out + done.err
    shown = txn("labels", "load", tmp_path / "c.csv", "--data-dir", data_dir).out
    assert "line 6: holds a field that is not part of the contract" in shown


def test_what_is_not_known_is_said(api: FakeApi, data_dir: Path, tmp_path: Path) -> None:
    """To load the file again is safe."""
    file = written(tmp_path / "c.csv", CHARGEBACKS)
    api.faults.append(Unsettled(lines=[2]))
    assert txn("labels", "load", file, "--data-dir", data_dir).code == 4
    api.faults.append(CutOff(after=1))
    cut = txn("labels", "load", file, "--data-dir", data_dir)
    assert isinstance(cut.error, TxnError)
    assert code_of_failure("labels load", cut.error) == 4
    assert "load the file again" in str(cut.error)


@pytest.mark.parametrize(
    ("content", "said"),
    [("id,reason\n1,x\n", "needs a header"), ("", "needs a header"), ("transaction_id,colour\n", "needs a header")],
)
def test_a_file_of_another_kind_is_refused(data_dir: Path, tmp_path: Path, content: str, said: str) -> None:
    """In one line, before anything is sent."""
    done = txn("labels", "load", written(tmp_path / "c.csv", content), "--data-dir", data_dir)
    assert isinstance(done.error, TxnError)
    assert said in str(done.error)
    for path in (tmp_path / "none.csv", tmp_path):
        missing = txn("labels", "load", path, "--data-dir", data_dir)
        assert isinstance(missing.error, TxnError)
        assert "cannot read" in str(missing.error)
    packed = tmp_path / "c.csv.gz"
    packed.write_bytes(b"\x1f\x8bnothing")
    assert isinstance(txn("labels", "load", packed, "--data-dir", data_dir).error, TxnError)


def test_values_of_another_kind_are_a_wrong_command_line(data_dir: Path, tmp_path: Path) -> None:
    """Exit code 2."""
    file = written(tmp_path / "c.csv", CHARGEBACKS)
    assert txn("labels", "load", file, "--data-dir", data_dir, "--value", "maybe").code == 2
    assert txn("labels", "load", file, "--data-dir", data_dir, "--source", "hearsay").code == 2
