"""A failed process says what and where, and quotes nothing."""

import pytest
from botocore.exceptions import ClientError

from txn_cli.failure import FailedError, one_error
from txn_core.errors import StoreError


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
