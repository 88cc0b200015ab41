"""What the stack's processes find in their environment."""

import os
from dataclasses import replace
from pathlib import Path

import pytest

from txn_cli.stack.attachment import attach, process_urls
from txn_cli.stack.children.ready import Ready
from txn_cli.stack.credentials import Secrets
from txn_cli.stack.datadir import DataDir, write_private
from txn_cli.stack.endpoints import Endpoints
from txn_cli.stack.environment import account_keys, adopt, given_settings, stack_environment
from txn_cli.stack.stackports import INGEST, StackPorts, metrics_of
from txn_cli.status.process_urls import ProcessUrls
from txn_core.exceptions import SettingsError, StackError
from txn_core.settings import Settings

SECRETS = Secrets.generate()
ENDPOINTS = Endpoints("http://k:1", "http://d:2", "http://s:3", SECRETS.access_key, SECRETS.secret_key)
READY = Ready(
    api_url="http://127.0.0.1:8085",
    api_key="key",
    kinesis_url=ENDPOINTS.kinesis_url,
    dynamodb_url=ENDPOINTS.dynamodb_url,
    s3_url=ENDPOINTS.s3_url,
    stream="a-stream",
    bucket="a-bucket",
    access_key=SECRETS.access_key,
    secret_key=SECRETS.secret_key,
    pids={},
)


def test_settings_of_the_user_pass_on_unless_they_are_what_the_stack_is_made_of() -> None:
    outer = {
        "TXN_ARCHIVE_FLUSH_AGE_S": "1",
        "txn_stream": "mine",
        "TXN_KINESIS_ENDPOINT_URL": "https://elsewhere",
        "TXN_CARD_KEYS": "{}",
        "PATH": "/bin",
    }
    made = stack_environment(SECRETS, ENDPOINTS, api_port=1, given=given_settings(outer), outer=outer)
    assert made["TXN_ARCHIVE_FLUSH_AGE_S"] == "1"
    assert made["TXN_STREAM"] == "mine"
    assert made["TXN_KINESIS_ENDPOINT_URL"] == ENDPOINTS.kinesis_url
    assert SECRETS.card_key in made["TXN_CARD_KEYS"]
    assert made["PATH"] == "/bin"


def test_the_stacks_metrics_are_open_unless_the_user_says_otherwise() -> None:
    """It listens on this machine alone; elsewhere they need a key."""
    for given, value in (({}, "false"), ({"TXN_METRICS_NEED_ADMIN": "true"}, "true")):
        made = stack_environment(SECRETS, ENDPOINTS, api_port=1, given=given, outer={"TXN_METRICS_NEED_ADMIN": "1"})
        assert (made["TXN_METRICS_NEED_ADMIN"], made["TXN_API_HOST"]) == (value, "127.0.0.1")


def test_a_clients_key_is_no_setting_of_the_stack(own_environment: pytest.MonkeyPatch) -> None:
    """No process of it gets the key, no file keeps it, and it stops none."""
    outer = dict.fromkeys(("TXN_API_KEY", "TXN_API_KEY_FILE"), "a client's")
    given = given_settings(outer)
    made = stack_environment(SECRETS, ENDPOINTS, api_port=1, given=given, outer=outer)
    assert not outer.keys() & (given.keys() | made.keys())
    for name, value in outer.items():
        own_environment.setenv(name, value)
    assert Settings.from_environment().api_port == 8080


def test_a_profile_never_leads_to_a_real_account() -> None:
    outer = {"AWS_PROFILE": "production", "AWS_ENDPOINT_URL": "https://elsewhere", "AWS_SESSION_TOKEN": "token"}
    made = stack_environment(SECRETS, ENDPOINTS, api_port=1, given={}, outer=outer)
    assert not outer.keys() & made.keys()
    assert made["AWS_CONFIG_FILE"] == made["AWS_SHARED_CREDENTIALS_FILE"] == os.devnull
    assert made["AWS_ACCESS_KEY_ID"] == SECRETS.access_key


def test_the_stack_has_a_region_and_a_bucket_of_its_own(own_environment: pytest.MonkeyPatch) -> None:
    """Neither comes from the AWS variables of whoever starts it; both may be set."""
    outer = {"AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "eu-central-1"}
    local = replace(ENDPOINTS, s3_url="http://127.0.0.1:8333")
    for given, region, bucket in (
        ({}, "us-east-1", "txn-lake"),
        ({"TXN_AWS_REGION": "eu-west-1", "TXN_BUCKET": "mine"}, "eu-west-1", "mine"),
    ):
        settings = adopt(stack_environment(SECRETS, local, api_port=1, given=given, outer=outer))
        assert (settings.aws_region, settings.lake_bucket) == (region, bucket)


def test_service_links_are_no_settings_of_the_user() -> None:
    links = {"TXN_API_PORT": "tcp://10.0.0.1:8080", "TXN_API_SERVICE_HOST": "10.0.0.1"}
    assert given_settings({**links, "TXN_STREAM": "mine"}) == {"TXN_STREAM": "mine"}


def test_a_proxy_is_not_asked_for_this_machine() -> None:
    outer = {"HTTP_PROXY": "http://proxy", "no_proxy": "intranet"}
    made = stack_environment(SECRETS, ENDPOINTS, api_port=1, given={}, outer=outer)
    assert made["no_proxy"] == "intranet,127.0.0.1"
    assert made["NO_PROXY"] == "127.0.0.1"


def test_a_process_that_adopts_it_has_no_setting_of_its_own_left(own_environment: pytest.MonkeyPatch) -> None:
    own_environment.setenv("TXN_STREAM", "another")
    own_environment.setenv("AWS_PROFILE", "production")
    settings = adopt(stack_environment(SECRETS, ENDPOINTS, api_port=8085, given={"TXN_BUCKET": "mine"}))
    assert (settings.stream, settings.bucket, settings.api_port) == ("txn-transactions", "mine", 8085)
    assert "AWS_PROFILE" not in os.environ


def test_a_command_in_another_terminal_finds_the_stack(tmp_path: Path, own_environment: pytest.MonkeyPatch) -> None:
    """With the settings that the stack was started with, not those of the other terminal."""
    own_environment.setenv("TXN_TABLE_PREFIX", "another")
    data_dir = DataDir.at(tmp_path)
    assert attach(data_dir) is None
    assert process_urls(data_dir) == ProcessUrls()
    READY.write(data_dir)
    with pytest.raises(StackError, match="no secrets"):
        attach(data_dir)
    SECRETS.stored(data_dir)
    ports = StackPorts.chosen(data_dir)
    write_private(data_dir.document("settings"), {"TXN_TABLE_PREFIX": "mine"})
    settings = attach(data_dir)
    assert settings is not None
    assert (settings.table_prefix, settings.kinesis_endpoint_url) == ("mine", ENDPOINTS.kinesis_url)
    urls = process_urls(data_dir)
    assert (urls.api, urls.workers["index"]) == (READY.api_url, ports.url("index-metrics"))


def test_tls_is_the_setting_of_one_process(tmp_path: Path, own_environment: pytest.MonkeyPatch) -> None:
    """The stack's own API stays in the clear on loopback; one that joins the stack keeps what it was given."""
    own_environment.setenv("TXN_TLS_CERT_FILE", "cert.pem")
    own_environment.setenv("txn_tls_key_file", "key.pem")
    assert given_settings() == {}
    data_dir = DataDir.at(tmp_path)
    READY.write(data_dir)
    SECRETS.stored(data_dir)
    settings = attach(data_dir)
    assert settings is not None
    assert (settings.tls_cert_file, settings.tls_key_file) == (Path("cert.pem"), Path("key.pem"))


def test_keys_of_accounts_are_for_the_ingest_worker_alone() -> None:
    """No file keeps them, and no other process gets them. The key of batch ids is the folder's own, and stays."""
    outer = {"TXN_INGEST_API_KEYS": '{"acme": "txn_1_2"}', "TXN_INGEST_KEY": "x", "TXN_INGEST_BUCKET": "files"}
    given = given_settings(outer)
    assert given == {"TXN_INGEST_BUCKET": "files"}
    assert account_keys(outer) == {"acme": "txn_1_2"}
    assert account_keys({}) == {}
    made = stack_environment(SECRETS, ENDPOINTS, api_port=1, given=given, outer=outer)
    assert made["TXN_INGEST_KEY"] == SECRETS.ingest_key == replace(SECRETS, api_key="other").ingest_key
    assert SECRETS.ingest_key not in {SECRETS.identity_key, Secrets.generate().ingest_key}
    for wrong in ("acme", "[]", '{"acme": 1}'):
        with pytest.raises(SettingsError, match="TXN_INGEST_API_KEYS"):
            account_keys({"TXN_INGEST_API_KEYS": wrong})


def test_the_ingest_worker_is_asked_where_it_runs(tmp_path: Path) -> None:
    data_dir = DataDir.at(tmp_path / "d")
    data_dir.create()
    write_private(data_dir.document("ports"), {metrics_of(INGEST): 17_000})
    for pids, url in (({}, None), ({INGEST: 1}, "http://127.0.0.1:17000")):
        replace(READY, pids=pids).write(data_dir)
        assert process_urls(data_dir).ingest == url
