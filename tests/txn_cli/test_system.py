"""Which system a command works on: the one that is named, and AWS only by name."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.builders import base64_key
from tests.txn_cli.api_client.test_target import READY
from txn_cli.output.named import ENDPOINTS, Named
from txn_cli.stack.credentials import Secrets
from txn_cli.stack.datadir import DataDir
from txn_cli.system import System, system_of
from txn_core.exceptions import SettingsError, StackError

KEYS = {"TXN_CARD_KEYS": f'{{"1": "{base64_key(1)}"}}'}
IN_OTHER = {"TXN_DATA_DIR": "other"}
SERVERS = {name: f"http://127.0.0.1:{7_000 + number}" for number, name in enumerate(ENDPOINTS)}


@pytest.fixture
def folder(tmp_path: Path, own_environment: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with credentials and a region of AWS in the environment."""
    own_environment.chdir(tmp_path)
    for name, value in {"ACCESS_KEY_ID": "x", "SECRET_ACCESS_KEY": "x", "REGION": "eu-central-1"}.items():
        own_environment.setenv(f"AWS_{name}", value)
    return tmp_path


def stack_in(folder: Path) -> Path:
    """The papers of a stack that runs in the folder."""
    data_dir = DataDir.at(folder)
    data_dir.create()
    Secrets.of(data_dir)
    READY.write(data_dir)
    return folder


def chosen(
    variables: Mapping[str, str] | None = None,
    *,
    aws: bool = False,
    data_dir: Path | None = None,
    deployed: bool = False,
) -> System:
    """What a command works on with these variables. Without the option `TXN_DATA_DIR` is the folder."""
    given = variables or {}
    if data_dir is None and "TXN_DATA_DIR" in given:
        data_dir = Path(given["TXN_DATA_DIR"])
    before = dict(os.environ)
    os.environ.update(given)
    try:
        return system_of(Named(data_dir, aws), deployed=deployed)
    finally:
        os.environ.clear()
        os.environ.update(before)


def test_credentials_alone_name_nothing(folder: Path) -> None:
    with pytest.raises(StackError, match=r"no stack is ready in \.txn: start one with `txn up`.* --aws"):
        chosen()


@pytest.mark.parametrize("variable", ["TXN_AWS_REGION", "TXN_STREAM", "TXN_BUCKET", "TXN_TABLE_PREFIX"])
@pytest.mark.parametrize("deployed", [True, False])
def test_settings_that_a_local_stack_has_too_do_not_name_aws(folder: Path, variable: str, *, deployed: bool) -> None:
    """A stack that is not running must not turn a shell that was set up for it to AWS."""
    with pytest.raises(StackError, match="no stack is ready"):
        chosen({variable: "eu-central-1"}, deployed=deployed)


def test_the_stack_beside_a_command_is_what_it_works_on(folder: Path) -> None:
    stack_in(folder / ".txn")
    system = chosen()
    assert (system.where, system.is_local) == (f"local stack in {folder}/.txn", True)
    assert system.settings.kinesis_endpoint_url == READY.kinesis_url


@pytest.mark.parametrize(("aws", "variables"), [(True, {}), (False, {"TXN_TARGET": "aws"}), (True, SERVERS)])
def test_what_is_named_goes_before_the_stack_that_runs(folder: Path, *, aws: bool, variables: dict[str, str]) -> None:
    stack_in(folder / ".txn")
    system = chosen(variables, aws=aws)
    assert (system.is_local, system.stack) == (bool(variables) and variables == SERVERS, None)


def test_aws_is_told_by_region_names_and_profile(folder: Path) -> None:
    assert chosen({"TXN_BUCKET": "ours"}, aws=True).where == (
        "AWS, region eu-central-1 (stream txn-transactions, tables txn-*, bucket ours)"
    )


def test_three_servers_are_a_system_and_fewer_are_none(folder: Path) -> None:
    """What is not named would be AWS; a service link is no name, and a blank is none."""
    assert chosen(SERVERS).where == (
        "Kinesis at http://127.0.0.1:7000, DynamoDB at http://127.0.0.1:7001, S3 at http://127.0.0.1:7002"
    )
    for missing in ENDPOINTS:
        with pytest.raises(SettingsError, match=f"is set and {missing} is not, which would be AWS: set all three"):
            chosen(SERVERS | {missing: " "})


def test_a_folder_on_the_command_line_goes_before_variables(folder: Path) -> None:
    other = stack_in(folder / "other")
    for variables in ({"TXN_TARGET": "aws"}, SERVERS, {"TXN_DATA_DIR": ".txn"}):
        assert chosen(variables, data_dir=other).where == f"local stack in {other}"


def test_an_option_goes_before_the_folder_of_a_variable(folder: Path) -> None:
    stack_in(folder / "other")
    assert chosen(IN_OTHER, aws=True).where.startswith("AWS, ")
    assert chosen(IN_OTHER).where == f"local stack in {folder}/other"


def test_two_names_of_one_rank_are_refused(folder: Path) -> None:
    stack_in(folder / "other")
    with pytest.raises(SettingsError, match="--aws and --data-dir name two systems"):
        chosen(aws=True, data_dir=folder / "other")
    with pytest.raises(SettingsError, match="TXN_DATA_DIR and TXN_TARGET name two systems"):
        chosen(IN_OTHER | {"TXN_TARGET": "aws"})
    with pytest.raises(
        SettingsError, match="TXN_DATA_DIR names the stack in other, TXN_KINESIS_ENDPOINT_URL another"
    ):
        chosen(IN_OTHER | SERVERS)
    own = dict(zip(ENDPOINTS, (READY.kinesis_url, READY.dynamodb_url, READY.s3_url), strict=True))
    assert chosen(IN_OTHER | own).stack is not None, "they are the same"


def test_a_deployments_keys_name_its_system_for_its_processes_alone(folder: Path) -> None:
    """`txn api`, `txn worker` and `txn bootstrap` go on starting from their environment; `txn keys` asks for more."""
    assert chosen(KEYS, deployed=True).where.startswith("AWS, region eu-central-1")
    with pytest.raises(StackError, match="no stack is ready"):
        chosen(KEYS)
    two = {name: SERVERS[name] for name in ENDPOINTS[:2]}
    assert "DynamoDB at http://127.0.0.1:7001" in chosen(KEYS | two, deployed=True).where


def test_a_process_with_keys_beside_a_stack_that_runs_is_refused(folder: Path) -> None:
    """Which of them is meant cannot be known, unless it has addresses, as a child of some stack has."""
    stack_in(folder / ".txn")
    with pytest.raises(SettingsError, match=r"TXN_CARD_KEYS is set, as in a deployment, and a stack runs in \.txn"):
        chosen(KEYS, deployed=True)
    assert chosen(KEYS | SERVERS, deployed=True).stack is None
    two = {name: SERVERS[name] for name in ENDPOINTS[:2]}
    assert chosen(KEYS | two, deployed=True).stack is None, "an address says which"


def test_a_name_that_is_mistyped_is_said_rather_than_that_no_stack_runs(folder: Path) -> None:
    with pytest.raises(SettingsError, match="unknown settings: TXN_TARGETT"):
        chosen({"TXN_TARGETT": "aws"})
    with pytest.raises(SettingsError, match="TXN_TARGET"):
        chosen({"TXN_TARGET": "azure"})


def test_an_image_that_names_aws_can_be_taken_back(folder: Path) -> None:
    with pytest.raises(StackError, match="no stack is ready"):
        chosen({"TXN_TARGET": ""})


@pytest.mark.parametrize("url", ["kinesis", "ftp://127.0.0.1:1", "http://", "http://[", "http://127.0.0.1:x"])
def test_an_address_that_is_none_is_said(folder: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="TXN_KINESIS_ENDPOINT_URL is no address"):
        chosen(SERVERS | {"TXN_KINESIS_ENDPOINT_URL": url})


def test_credentials_are_looked_for_first_and_not_on_the_network_for_servers_here(
    folder: Path, own_environment: pytest.MonkeyPatch
) -> None:
    own_environment.delenv("AWS_ACCESS_KEY_ID")
    own_environment.delenv("AWS_EC2_METADATA_DISABLED")
    with pytest.raises(SettingsError, match="there are no AWS credentials"):
        chosen(SERVERS)


def test_a_password_in_an_address_is_not_shown(folder: Path) -> None:
    urls = {name: url.replace("//", "//user:hidden@") for name, url in SERVERS.items()}
    assert "hidden" not in chosen(urls).where
