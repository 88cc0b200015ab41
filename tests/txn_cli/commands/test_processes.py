"""What keeps a process from starting is said in one line; what it passes over is said in its log."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.builders import base64_key
from txn_cli.main import app_of
from txn_core.exceptions import SettingsError
from txn_core.settings import Settings
from txn_server.processes import supervisor

KEYS = {
    "TXN_CARD_KEYS": json.dumps({"1": base64_key(1)}),
    **{f"TXN_{name}_KEY": base64_key(1) for name in ("IDENTITY", "CURSOR", "DEAD_LETTER")},
}
NOBODY = {f"TXN_{service}_ENDPOINT_URL": "http://127.0.0.1:1" for service in ("KINESIS", "DYNAMODB", "S3")}
CREDENTIALS = {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"}
LINKS = {"TXN_API_PORT": "tcp://10.0.0.1:8080", "TXN_API_SERVICE_HOST": "10.0.0.1", "TXN_API_SERVICE_PORT": "8080"}


def txn(*arguments: str, cwd: Path, **environment: str) -> "subprocess.Popen[str]":
    """Start a process as operators do, with keys and nothing else."""
    return subprocess.Popen(
        [sys.executable, "-m", "txn_cli.main", *arguments],
        env={**os.environ, **KEYS, **environment},
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("command", ["api", "worker index", "worker archive"])
def test_no_region_is_said_in_one_line_at_the_start(
    own_environment: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    """Neither a traceback nor a server's start that fails; an S3 on this machine makes no difference."""
    with txn(*command.split(), cwd=tmp_path, TXN_S3_ENDPOINT_URL="http://127.0.0.1:1") as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out) == (1, "")
    (line,) = err.splitlines()
    assert line.startswith("txn: the AWS region is not known: set TXN_AWS_REGION, AWS_REGION or AWS_DEFAULT_REGION")


@pytest.mark.parametrize("command", ["bootstrap", "keys revoke key", "dead-letters list", "reconcile --since 2h"])
def test_no_region_stops_commands_too(own_environment: pytest.MonkeyPatch, tmp_path: Path, command: str) -> None:
    own_environment.chdir(tmp_path)
    own_environment.setenv("TXN_BUCKET", "ours")
    own_environment.setenv("TXN_TARGET", "aws")
    words = command.split()
    refused = CliRunner().invoke(app_of(words[0]), words)
    assert isinstance(refused.exception, SettingsError)
    assert "AWS_REGION" in str(refused.exception)


def test_the_layout_is_printed_without_stack_region_and_credentials(
    own_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is what the settings say, wherever that is to be made."""
    own_environment.chdir(tmp_path)
    own_environment.setenv("TXN_BUCKET", "ours")
    own_environment.setenv("TXN_TABLE_PREFIX", "theirs")
    printed = CliRunner().invoke(app_of("bootstrap"), ["bootstrap", "--layout"])
    assert (printed.exit_code, printed.stderr) == (0, "")
    layout = json.loads(printed.stdout)
    assert layout["buckets"] == [{"Bucket": "ours"}]
    assert {each["TableName"].partition("-")[0] for each in layout["tables"]} == {"theirs"}


@pytest.mark.parametrize("command", ["bootstrap", "dead-letters list", "reconcile --since 2h", "worker archive"])
def test_no_bucket_stops_whoever_needs_one(own_environment: pytest.MonkeyPatch, tmp_path: Path, command: str) -> None:
    """By the name of the setting, not by what S3 says of a bucket that nobody named."""
    own_environment.chdir(tmp_path)
    for name, value in ({"AWS_REGION": "eu-central-1", "TXN_TARGET": "aws"} | CREDENTIALS | KEYS).items():
        own_environment.setenv(name, value)
    words = command.split()
    if words[0] == "worker":
        with txn(*words, cwd=tmp_path) as process:
            said = process.communicate(timeout=60)[1]
        assert process.returncode == 1
    else:
        refused = CliRunner().invoke(app_of(words[0]), words)
        assert isinstance(refused.exception, SettingsError)
        said = str(refused.exception)
    assert "the bucket of the lake is not known: set TXN_BUCKET" in said


@pytest.mark.parametrize("command", ["api", "worker index"])
def test_service_links_are_ignored_with_one_line_in_the_log(
    own_environment: pytest.MonkeyPatch, tmp_path: Path, command: str
) -> None:
    """Which names the variables, and shows no value; also of an API that is several processes."""
    several = {"TXN_API_PROCESSES": "2", "TXN_API_HOST": "192.0.2.1"}  # an address that nobody can listen on
    with txn(*command.split(), cwd=tmp_path, **NOBODY, **LINKS, **CREDENTIALS, **several) as process:
        try:
            assert process.stderr is not None
            target, line = (json.loads(process.stderr.readline()) for _ in range(2))
        finally:
            process.kill()
            rest = process.communicate(timeout=60)[1]
    assert target["target"].startswith("Kinesis at http://127.0.0.1:1, ")
    assert (line["event"], line["level"]) == ("service_links_ignored", "warning")
    assert line["variables"] == sorted(LINKS)
    assert "10.0.0.1" not in json.dumps(line)
    assert "service_links_ignored" not in rest


@pytest.mark.parametrize("name", ["TXN_API_PORTT", "TXN_API_SERVICE_NAME"])
def test_other_unknown_names_still_stop_it(own_environment: pytest.MonkeyPatch, tmp_path: Path, name: str) -> None:
    own_environment.chdir(tmp_path)
    for link, value in (LINKS | {name: "8080"}).items():
        own_environment.setenv(link, value)
    refused = CliRunner().invoke(app_of("api"), ["api"])
    assert isinstance(refused.exception, SettingsError)
    assert str(refused.exception) == f"unknown settings: {name}"


def test_the_local_stack_takes_no_port_from_a_link(own_environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """What the command line reads from the environment is held to the same rule; a busy folder ends it here."""
    own_environment.setenv("TXN_API_PORT", LINKS["TXN_API_PORT"])
    (tmp_path / "stack").write_text("a file where the folder should be")
    refused = CliRunner().invoke(app_of("up"), ["up", "--data-dir", str(tmp_path / "stack")])
    assert "--port" not in refused.output
    own_environment.setenv("TXN_API_PORT", "none")
    refused = CliRunner().invoke(app_of("up"), ["up", "--data-dir", str(tmp_path / "stack")])
    assert "Invalid value for '--port'" in refused.output


@pytest.mark.parametrize("option", [["--from-lake"], ["--from", "TRIM_HORIZON"], ["--into", "2"]])
def test_taking_in_files_rebuilds_nothing(option: list[str]) -> None:
    ended = CliRunner().invoke(app_of("worker"), ["worker", "ingest", *option])
    assert isinstance(ended.exception, SettingsError)
    assert "do not go with ingest" in str(ended.exception)


def test_a_supervisor_of_several_processes_does_not_load_what_they_serve(
    own_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The web framework takes longer to load than all else."""
    own_environment.chdir(tmp_path)
    for name, value in {**KEYS, **NOBODY, **CREDENTIALS, "TXN_API_PROCESSES": "2"}.items():
        own_environment.setenv(name, value)
    started: list[Sequence[str]] = []
    own_environment.setattr(supervisor, "supervise", lambda _, command: started.append(command))
    own_environment.setitem(sys.modules, "txn_cli.api_process", None)  # so that to import it fails
    done = CliRunner().invoke(app_of("api"), ["api"])
    assert (done.exit_code, done.exception) == (0, None)
    assert started == [(sys.executable, "-m", "txn_cli.api_process")]


def test_a_layout_that_is_only_printed_takes_no_item_form() -> None:
    refused = CliRunner().invoke(app_of("bootstrap"), ["bootstrap", "--layout", "--item-form", "2"])
    assert refused.exit_code == 2
    assert "--layout changes nothing" in refused.output


def test_the_item_form_of_the_named_generation_changes_and_is_said(
    settings: Settings, own_environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A second time it is so already. A generation that was not built is refused."""
    for name in (
        "kinesis_endpoint_url",
        "dynamodb_endpoint_url",
        "s3_endpoint_url",
        "stream",
        "table_prefix",
        "bucket",
    ):
        own_environment.setenv(f"TXN_{name.upper()}", str(getattr(settings, name)))
    own_environment.chdir(tmp_path)

    def told(form: str) -> str:
        done = CliRunner().invoke(app_of("bootstrap"), ["bootstrap", "--item-form", form], catch_exceptions=False)
        (line,) = [line for line in done.output.splitlines() if line.startswith("Generation ")]
        return line.partition(", ")[0]

    begin = "Generation 1 of the index: item form "
    assert [told("2"), told("1"), told("1"), told("2")] == [
        f"{begin}{words}" for words in ("2", "2 -> 1", "1 already", "1 -> 2")
    ]
    own_environment.setenv("TXN_INDEX_GENERATION", "2")
    with pytest.raises(SettingsError, match="generation 2 of the index is not there: build it first"):
        told("2")
