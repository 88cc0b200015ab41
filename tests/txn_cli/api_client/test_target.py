"""The service that a command talks to."""

from pathlib import Path

import pytest

from txn_cli.api_client.target import Target
from txn_cli.output.named import Named
from txn_cli.stack.children.ready import Ready
from txn_cli.stack.datadir import DataDir
from txn_core.exceptions import TxnError

READY = Ready(
    api_url="http://127.0.0.1:8080",
    api_key="stack-key",
    kinesis_url="http://127.0.0.1:1",
    dynamodb_url="http://127.0.0.1:2",
    s3_url="http://127.0.0.1:3",
    stream="stream",
    bucket="bucket",
    access_key="access",
    secret_key="secret",
    pids={},
)


def in_folder(path: Path) -> Named:
    return Named(path, environment={})


def test_the_local_stack_is_the_default(tmp_path: Path) -> None:
    READY.write(DataDir.at(tmp_path))
    assert Target.of(url=None, api_key=None, named=in_folder(tmp_path)) == Target(
        "http://127.0.0.1:8080", "stack-key", READY
    )


def test_what_is_named_goes_before_the_local_stack(tmp_path: Path) -> None:
    READY.write(DataDir.at(tmp_path))
    target = Target.of(url="http://api/", api_key="mine", named=in_folder(tmp_path))
    assert (target.url, target.api_key) == ("http://api", "mine")


def test_a_named_service_needs_no_local_stack(tmp_path: Path) -> None:
    assert Target.of(url="http://api", api_key="mine", named=in_folder(tmp_path)) == Target(
        "http://api", "mine", None
    )


@pytest.mark.parametrize(("url", "api_key"), [(None, None), ("http://api", None), (None, "mine")])
def test_without_a_stack_both_address_and_key_are_needed(
    url: str | None, api_key: str | None, tmp_path: Path
) -> None:
    with pytest.raises(TxnError, match="txn up"):
        Target.of(url=url, api_key=api_key, named=in_folder(tmp_path))


def test_the_stacks_key_goes_to_this_machine_alone(tmp_path: Path) -> None:
    READY.write(DataDir.at(tmp_path))
    for url in ("http://127.0.0.1:8090", "http://localhost:8090", "https://[::1]:8443"):
        assert Target.of(url=url, api_key=None, named=in_folder(tmp_path)).api_key == READY.api_key
    for url in ("http://api", "https://127.0.0.1.example", "http://127.0.0.1@api"):
        with pytest.raises(TxnError, match="a key of its own"):
            Target.of(url=url, api_key=None, named=in_folder(tmp_path))


def test_a_key_is_not_shown() -> None:
    assert "mine" not in repr(Target("http://api", "mine", READY))
    assert "stack-key" not in repr(Target("http://api", "mine", READY))
