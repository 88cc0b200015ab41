"""A failed process says what and where, and quotes nothing."""

import errno
import ssl
from pathlib import Path

import httpx
import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    ProfileNotFound,
    ReadTimeoutError,
    SSOTokenLoadError,
)
from botocore.parsers import ResponseParserError

from tests.builders import issued_card_number
from txn_cli.main import run
from txn_cli.output.failure import WITHHELD, FailedError, one_error, told
from txn_core.exceptions import StoreError


def fail(error: Exception) -> None:
    with one_error():
        raise error


def test_an_error_of_ours_passes_as_it_is() -> None:
    with pytest.raises(StoreError, match=r"^no tables$"):
        fail(StoreError("no tables"))


def test_an_error_of_ours_is_found_in_groups_of_tasks() -> None:
    group = ExceptionGroup(
        "tasks", [ValueError("4111111111111111"), ExceptionGroup("more", [StoreError("no tables")])]
    )
    with pytest.raises(StoreError, match=r"^no tables$"):
        fail(group)


def test_of_another_error_the_type_and_the_place_are_said_and_not_its_text() -> None:
    with pytest.raises(FailedError, match=r"^ValueError at .*test_failure.py:\d+: this is not expected; ") as caught:
        fail(ValueError("4111111111111111"))
    assert "4111" not in str(caught.value)
    assert caught.value.__suppress_context__


def test_of_a_store_s_error_the_call_and_the_code_are_said() -> None:
    error = ClientError({"Error": {"Code": "ValidationException", "Message": "4111111111111111"}}, "PutItem")
    with pytest.raises(FailedError, match=r"^PutItem failed with ValidationException at "):
        fail(error)


def answered(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "4111111111111111"}}, "PutItem")


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (OSError(errno.ENOSPC, "4111111111111111"), "No space left on device: make room there"),
        (OSError(errno.EROFS, "x", "/data/file"), "/data/file: Read-only file system: name a folder that you may"),
        (
            PermissionError(errno.EACCES, "x", "/data"),
            "/data: Permission denied: name a folder that you may write to",
        ),
        (NotADirectoryError(errno.ENOTDIR, "x", "/data/a"), "/data/a: Not a directory: name another path"),
        (FileExistsError(errno.EEXIST, "x", "/data"), "/data: File exists: name another path"),
        (OSError(errno.EMFILE, "x"), "Too many open files: raise the limit on open files"),
        (ConnectionRefusedError(errno.ECONNREFUSED, "x"), "Connection refused: is the address right"),
        (TimeoutError(), "no answer in time: is the address right"),
        (MemoryError(), "there is not enough memory"),
        (ssl.SSLCertVerificationError(1, "x"), "the service's certificate is not trusted: set SSL_CERT_FILE"),
        (NoCredentialsError(), "there are no AWS credentials: set AWS_PROFILE"),
        (SSOTokenLoadError(error_msg="4111111111111111"), "the AWS credentials cannot be read: set AWS_PROFILE"),
        (ProfileNotFound(profile="4111111111111111"), "the AWS profile cannot be read: set AWS_PROFILE to one"),
        (EndpointConnectionError(endpoint_url="http://u:4111@h:1/b"), "no answer from http://h:1 (EndpointConn"),
        (ReadTimeoutError(endpoint_url="http://[::1]:1/"), "no answer from http://[::1]:1 (ReadTimeoutError)"),
        (ResponseParserError("4111111111111111"), "what answers there is no service of AWS"),
        (BotoCoreError(), "the AWS client refuses this (BotoCoreError): check"),
        (
            answered("AccessDeniedException"),
            "PutItem failed with AccessDeniedException: the credentials lack the right",
        ),
        (answered("ExpiredToken"), "PutItem failed with ExpiredToken: the credentials have expired"),
        (answered("ResourceNotFoundException"), "PutItem failed with ResourceNotFoundException: check TXN_STREAM"),
        (answered("InvalidObjectState"), "PutItem failed with InvalidObjectState: the object is archived"),
        (answered("KMS.DisabledException"), "PutItem failed with KMS.DisabledException: the key of KMS"),
        (answered("SlowDown"), "PutItem failed with SlowDown: the service has too much to do"),
        (answered("PermanentRedirect"), "PutItem failed with PermanentRedirect: name another bucket"),
        (answered("ThrottlingException"), "PutItem failed with ThrottlingException: the service has too much to do"),
        (httpx.ConnectError("4111", request=httpx.Request("GET", "http://h:1/4111")), "no answer from http://h:1 (C"),
        (httpx.InvalidURL("4111111111111111"), "that is no address of a service"),
    ],
    ids=repr,
)
def test_a_kind_that_is_known_is_said_with_a_remedy_and_no_text_of_its_own(error: Exception, line: str) -> None:
    with pytest.raises(FailedError) as caught:
        fail(ExceptionGroup("tasks", [error]))
    assert str(caught.value).startswith(line)
    assert "4111" not in str(caught.value)
    assert "not expected" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_an_error_of_ours_is_told_with_what_it_came_from_once() -> None:
    came_from = EndpointConnectionError(endpoint_url="http://h:1")
    error = StoreError("no shards")
    error.__cause__ = came_from
    line = told(error)
    assert line.startswith("no shards: no answer from http://h:1 (EndpointConnectionError): ")
    again = StoreError(line)
    again.__cause__ = came_from
    assert told(again) == line
    error = StoreError("no shards")
    assert told(error) == "no shards"
    error.__cause__ = StoreError("another of ours")
    assert told(error) == "no shards"


@pytest.mark.parametrize("grouped", [False, True])
def test_a_word_that_may_be_a_card_number_is_not_said_again(*, grouped: bool) -> None:
    """A path, an id or a name that somebody mistook for another word; nor is one that stands in several words."""
    number = issued_card_number()
    written = " ".join(number[at : at + 4] for at in range(0, 16, 4)) if grouped else number
    line = told(StoreError(f"cannot read folder/{written}: check its path"))
    assert not {number, written, number[4:8]} & {*line.split(), line}
    assert number[:8] not in line
    assert WITHHELD in line
    assert told(StoreError("shardId-000000000000: 495903382714902566 is read")) == (
        "shardId-000000000000: 495903382714902566 is read"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("models", "activate", "{}"),
        ("models", "sign", "{}"),
        ("backtest", "--model", "{}", "--file", "x.csv"),
        ("rules", "activate", "{}"),
        ("rules", "test", "{}"),
        ("labels", "load", "{}"),
        ("load", "{}"),
        ("train", "--file", "{}", "--out", "model"),
    ],
)
def test_commands_do_not_repeat_a_card_number_that_is_no_file(
    arguments: tuple[str, ...], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    number = issued_card_number()
    monkeypatch.chdir(tmp_path)
    assert run([each.format(number) for each in arguments]) in {1, 2}
    said = capsys.readouterr()
    assert number not in said.out + said.err
