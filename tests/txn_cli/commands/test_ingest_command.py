"""`txn ingest` as it is typed: a file, the same file again, files that are none, and what is said of batches."""

import asyncio
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ingest.files.source import Source
from tests.builders import base64_key
from tests.txn_cli.builders import CARD, cells, csv_file, csv_of, shared
from tests.txn_cli.commands.test_data import Result, txn
from tests.txn_cli.fake_api import FakeApi, Unsettled
from txn_cli.batches import file_content
from txn_core.api_keys import ApiKeyTable, mint
from txn_core.aws.clients import Aws
from txn_core.bootstrap import bootstrap
from txn_core.dynamodb.tables import TableNames
from txn_core.lake.layout import RECEIPT_PREFIX
from txn_core.settings import Settings
from txn_core.transactions.identity import Account


@dataclass
class CommandFixture:
    """A system that the environment names, an API, and a key for it."""

    settings: Settings
    api: FakeApi
    url: str
    key: str

    def ingest(self, *arguments: object) -> Result:
        """Run `txn ingest` with a file."""
        return txn("ingest", *arguments, "--url", self.url, "--api-key", self.key)

    def document(self, *arguments: object, code: int = 0) -> dict[str, Any]:
        """Its JSON document."""
        result = self.ingest(*arguments, "--json")
        assert result.code == code, result.err
        document: dict[str, Any] = json.loads(result.out)
        return document

    def status(self, *arguments: object) -> dict[str, Any]:
        """The JSON document of `txn ingest status`."""
        document: dict[str, Any] = json.loads(txn("ingest", "status", *arguments, "--json").out)
        return document


async def _made(settings: Settings) -> str:
    await bootstrap(settings)
    key, presented = mint(account=Account("acme"), scopes=["transactions:write"])
    async with Aws(settings).dynamodb() as dynamodb:
        await ApiKeyTable(dynamodb, TableNames.of(settings).api_keys).put(key)
    return presented


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a folder without a stack: one beside the sources may have a warehouse."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def site(settings: Settings, own_environment: pytest.MonkeyPatch) -> Iterator[CommandFixture]:
    """All of it, for one test."""
    for name in (
        "kinesis_endpoint_url",
        "dynamodb_endpoint_url",
        "s3_endpoint_url",
        "table_prefix",
        "bucket",
        "stream",
    ):
        own_environment.setenv(f"TXN_{name.upper()}", getattr(settings, name))
    own_environment.setenv("TXN_INGEST_KEY", base64_key(6))
    own_environment.setenv("TXN_INGEST_TAKEOVER_S", "2")
    key, api = asyncio.run(_made(settings)), FakeApi()
    api.api_keys |= {key}
    with api.served() as url:
        yield CommandFixture(settings, api, url, key)


def test_a_file_is_taken_in_once(site: CommandFixture, tmp_path: Path) -> None:
    """The same content again sends nothing and says so, under another name and from S3, too; --again sends it."""
    rows = [cells(2), cells(3), cells(4, amt="none")]
    first = site.document(csv_file(tmp_path / "rows.csv", rows), code=3)
    counts = {"read": 3, "accepted": 2, "rejected": 1, "unknown": 0, "sent": 3, "again": False, "state": "done"}
    assert {name: first[name] for name in counts} == counts
    assert first["account"] == "acme"
    assert first["layout"] == "kaggle"
    assert first["receipt"] == f"s3://{site.settings.bucket}/{RECEIPT_PREFIX}acme/{first['batch']}.json"
    copy = csv_file(tmp_path / "copy.csv", rows)
    again = site.ingest(copy)
    assert (again.code, "0 new rows" in again.out) == (3, True)
    asyncio.run(_put(site.settings, "some/where.csv", copy.read_bytes()))
    from_s3 = site.document(f"s3://{site.settings.bucket}/some/where.csv", code=3)
    assert (from_s3["batch"], from_s3["sent"], from_s3["again"]) == (first["batch"], 0, True)
    assert set(site.api.stored.values()) == {1}
    assert site.document(copy, "--again", code=3)["sent"] == 3
    assert set(site.api.stored.values()) == {2}
    mapped = site.document(csv_file(tmp_path / "rows.csv", rows), "--map", "is_fraud=is_fraud", code=3)
    assert mapped["batch"] != first["batch"], "read in another way it is another batch"


def test_what_became_of_batches_is_shown(site: CommandFixture, tmp_path: Path) -> None:
    """With rejections by line, field and code, and nothing of a row; the digest to who has the key."""
    assert "No file" in txn("ingest", "status").out
    assert site.status() == {"batches": [], "damaged": []}
    done = site.document(csv_file(tmp_path / "rows.csv", [cells(2), cells(3, amt="none")]), code=3)
    failed = site.document(_written(tmp_path / f"{CARD}.csv", b"a,b\n1,2\n"), code=1)
    assert [each["batch"] for each in site.status()["batches"]][0:2] == [failed["batch"], done["batch"]]
    shown = site.status(done["batch"])
    assert shown["rejections"] == [{"line": 3, "field": "amt", "code": "amount_format"}]
    assert shown["sha256"] == done["sha256"]
    told = txn("ingest", "status", done["batch"]).out
    assert "line 3: amt amount_format" in told
    table = txn("ingest", "status").out
    assert failed["batch"] in table
    assert CARD not in told + table + json.dumps([shown, failed])
    assert txn("ingest", "status", "bat_" + "0" * 32).code == 1
    assert txn("ingest", "status", "rows.csv").code == 2


def test_damage_in_the_lake_is_named_and_hides_nothing_else(site: CommandFixture, tmp_path: Path) -> None:
    """A receipt that is none, and rejections that are none; each with what is left of it, and what to do."""
    sound = site.document(csv_file(tmp_path / "rows.csv", [cells(2), cells(3, amt="none")]), code=3)
    other = f"{RECEIPT_PREFIX}acme/bat_{'0' * 32}.json"
    asyncio.run(_put(site.settings, other, b'{"state": "done"'))
    listed = txn("ingest", "status", "--json")
    document = json.loads(listed.out)
    assert [each["batch"] for each in document["batches"]] == [sound["batch"]]
    assert [each["object"] for each in document["damaged"]] == [other]
    assert (listed.code, f"{other} in the lake's bucket is damaged: remove it" in str(listed.error)) == (1, True)
    assert sound["batch"] in txn("ingest", "status").out
    asyncio.run(_put(site.settings, sound["rejects"], b"{"))
    shown = txn("ingest", "status", sound["batch"])
    assert (shown.code, "1 accepted, 1 rejected" in shown.out) == (1, True)
    assert sound["rejects"] in str(shown.error)


def test_what_nobody_knows_of_a_batch_is_not_called_zero(site: CommandFixture, tmp_path: Path) -> None:
    """After kill -9 an open receipt names an owner that writes no more."""
    done = site.document(csv_file(tmp_path / "rows.csv", [cells(2)]))
    killed = {"state": "open", "owner": "host:1:2", "unknown": 0, "ended_at": None}
    asyncio.run(_change_receipt(site.settings, done["receipt"], killed))
    assert "nothing known of further ones" in txn("ingest", "status", done["batch"]).out
    shown = site.status(done["batch"])
    assert (shown["state"], shown["accepted"], shown["unknown"]) == ("open", 1, None)
    row = next(line for line in txn("ingest", "status").out.splitlines() if line.startswith(done["batch"]))
    assert row.split()[1:7] == ["under", "way", "acme", "1", "1", "0"]
    assert row.split()[7] == "?"


def test_a_file_that_is_written_to_while_it_is_read_is_not_done(site: CommandFixture, tmp_path: Path) -> None:
    """Else the content that was there first would be known as done, and no row of it would ever be sent."""
    first = [cells(line) for line in range(10, 40)]
    file = csv_file(tmp_path / "rows.csv", first)

    def changed_before_it_is_read(*arguments: Any) -> Source:
        csv_file(file, [cells(line) for line in range(50, 80)])
        return Source(*arguments)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(file_content, "Source", changed_before_it_is_read)
        result = site.ingest(file)
    assert (result.code, "somebody writes to the file" in result.err) == (1, True)
    again = site.document(csv_file(tmp_path / "copy.csv", first))
    assert (again["again"], again["accepted"]) == (False, 30)


def test_a_key_of_s3_is_taken_as_it_is_written(site: CommandFixture) -> None:
    """As by other commands for S3: nothing in it is unquoted."""
    key = "in/50%25 off?#1.csv"
    asyncio.run(_put(site.settings, key, csv_of([cells(2)])))
    assert site.document(f"s3://{site.settings.lake_bucket}/{key}")["accepted"] == 1


def test_a_file_that_is_none_fails_and_is_tried_again(site: CommandFixture, tmp_path: Path) -> None:
    result = site.ingest(_written(tmp_path / "page.csv", b"<!doctype html><p>no</p>"))
    assert result.code == 1
    assert "it is a web page" in result.err
    assert site.document(tmp_path / "page.csv", code=1)["again"] is False


def test_rows_in_doubt_end_with_their_own_code_and_the_same_command_goes_on(
    site: CommandFixture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def at_once(_: float) -> None:
        return

    policy = "txn_cli.batches.ingestion.RetryPolicy"
    from ingest.api_client.retry import RetryPolicy

    monkeypatch.setattr(policy, lambda notice: RetryPolicy(attempts_max=1, pause=at_once, notice=notice))
    site.api.faults.append(Unsettled([2]))
    file = csv_file(tmp_path / "rows.csv", [cells(2), cells(3)])
    assert isinstance(site.ingest(file).error, Exception)
    [open_] = site.status()["batches"]
    assert (open_["state"], open_["unknown"], open_["read"]) == ("open", 1, 0)
    assert site.document(file)["accepted"] == 2


def test_what_cannot_be_taken_in_is_said_before_anything_is_sent(site: CommandFixture, tmp_path: Path) -> None:
    """Standard input, a folder, a pipe, an object that is not there, a key of nobody, a warehouse that is none."""
    file = csv_file(tmp_path / "rows.csv", [cells(2)])
    os.mkfifo(tmp_path / "pipe")  # which nobody writes to
    for arguments, said in (
        (("-",), "read twice"),
        ((tmp_path,), "a file in it"),
        ((tmp_path / "pipe",), "no regular file"),
        ((tmp_path / "absent.csv",), "check its path"),
        (("s3://[x/y",), "s3://BUCKET/KEY"),
        ((f"s3://{site.settings.bucket}/absent",), "no such object"),
        ((file, "--wait", "warehouse"), "no warehouse"),
    ):
        result = site.ingest(*arguments)
        assert result.code == 1, result
        assert said in str(result.error), result
    unknown = txn("ingest", file, "--url", site.url, "--api-key", "txn_0_0")
    assert "not known" in str(unknown.error)
    assert not site.api.requests


def test_a_file_that_a_spreadsheet_damaged_has_an_outcome_for_every_row(site: CommandFixture) -> None:
    document = site.document(shared("kaggle_excel_mangled.csv"), code=3)
    assert (document["read"], document["accepted"], document["rejected"]) == (300, 0, 300)
    assert len({each["line"] for each in site.status(document["batch"])["rejections"]}) == 300


async def _put(settings: Settings, key: str, body: bytes) -> None:
    async with Aws(settings).s3() as s3:
        await s3.put_object(Bucket=settings.lake_bucket, Key=key, Body=body)


async def _change_receipt(settings: Settings, where: str, changes: dict[str, Any]) -> None:
    key = where.partition(f"{settings.lake_bucket}/")[2]
    async with Aws(settings).s3() as s3:
        found = await (await s3.get_object(Bucket=settings.lake_bucket, Key=key))["Body"].read()
    await _put(settings, key, json.dumps(json.loads(found) | changes).encode())


def _written(file: Path, body: bytes) -> Path:
    file.write_bytes(body)
    return file
