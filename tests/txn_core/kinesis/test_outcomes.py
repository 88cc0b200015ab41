"""What an attempt came to, for every class of error that its ways may end in."""

import socket
from typing import TYPE_CHECKING, Any, cast

import pytest
from aiohttp import ClientConnectionResetError, ClientOSError, ClientPayloadError
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProxyConnectionError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from tests.support.fake_kinesis import UNREACHABLE, client_error
from txn_core.aws.errors import THROTTLES
from txn_core.kinesis.landing import Landing
from txn_core.kinesis.outcomes import (
    ATTEMPT_ERRORS,
    Doubt,
    Failed,
    outcome_of_error,
    outcomes_of_answer,
)
from txn_core.positions import SequenceNumber, ShardId

if TYPE_CHECKING:
    from types_aiobotocore_kinesis.type_defs import PutRecordsOutputTypeDef

LANDED = {"ShardId": "shardId-000000000001", "SequenceNumber": "42"}
URL = "http://127.0.0.1:1"


def _unreachable(cause: Exception) -> EndpointConnectionError:
    """What aiobotocore makes of an error of the connection, whether it was in use already or not."""
    return EndpointConnectionError(endpoint_url=URL, error=cause)


def answer(*records: dict[str, str]) -> "PutRecordsOutputTypeDef":
    """An answer of PutRecords with these results."""
    return cast("PutRecordsOutputTypeDef", {"Records": cast("Any", list(records))})


def failed(code: str) -> dict[str, str]:
    """The result of a record that was not put."""
    return {"ErrorCode": code, "ErrorMessage": "some text"}


def test_each_record_has_its_own_outcome() -> None:
    """A partial failure is told apart record by record, in the order sent."""
    outcomes = outcomes_of_answer(answer(LANDED, failed("ProvisionedThroughputExceededException"), LANDED), 3)
    landing = Landing(ShardId("shardId-000000000001"), SequenceNumber("42"))
    assert outcomes == [landing, Failed("ProvisionedThroughputExceededException", Doubt.NOT_STORED), landing]


@pytest.mark.parametrize("results", [[], [LANDED], [LANDED, LANDED, LANDED]])
def test_an_answer_of_another_length_says_nothing(results: list[dict[str, str]]) -> None:
    """Nobody knows which result is whose, so no record may be acknowledged or written off."""
    assert outcomes_of_answer(answer(*results), 2) == [Failed("CountMismatch", Doubt.PERHAPS_STORED)] * 2


def test_an_answer_without_results_says_nothing() -> None:
    """A page of some proxy under status 200 is read as an answer that has no fields."""
    empty = cast("PutRecordsOutputTypeDef", {"ResponseMetadata": {"HTTPStatusCode": 200}})
    assert outcomes_of_answer(empty, 1) == [Failed("CountMismatch", Doubt.PERHAPS_STORED)]


@pytest.mark.parametrize(
    "result", [{}, {"SequenceNumber": "42"}, {"ShardId": "shardId-000000000001"}, {"SequenceNumber": ""}]
)
def test_no_landing_without_a_sequence_number_and_a_shard(result: dict[str, str]) -> None:
    """A result that holds neither a whole landing nor an error leaves doubt."""
    assert outcomes_of_answer(answer(result), 1) == [Failed("NoSequenceNumber", Doubt.PERHAPS_STORED)]


@pytest.mark.parametrize(
    ("code", "doubt"),
    [
        ("ProvisionedThroughputExceededException", Doubt.NOT_STORED),
        ("KMSThrottlingException", Doubt.NOT_STORED),
        ("InternalFailure", Doubt.PERHAPS_STORED),
        ("SomethingNew", Doubt.PERHAPS_STORED),
        ("KMSDisabledException", Doubt.HOPELESS),
        ("ValidationException", Doubt.HOPELESS),
    ],
)
def test_the_doubt_of_a_record_depends_on_its_code(code: str, doubt: Doubt) -> None:
    """Refusals are certain, an unknown failure of the server is not."""
    assert outcomes_of_answer(answer(failed(code)), 1) == [Failed(code, doubt)]


@pytest.mark.parametrize(
    ("error", "code", "doubt"),
    [
        (UNREACHABLE, "EndpointConnectionError", Doubt.NOT_STORED),
        (_unreachable(socket.gaierror()), "EndpointConnectionError", Doubt.NOT_STORED),
        (_unreachable(ClientOSError("reset")), "EndpointConnectionError", Doubt.PERHAPS_STORED),
        (_unreachable(ClientConnectionResetError("reset")), "EndpointConnectionError", Doubt.PERHAPS_STORED),
        (EndpointConnectionError(endpoint_url=URL), "EndpointConnectionError", Doubt.PERHAPS_STORED),
        (ConnectTimeoutError(endpoint_url=URL), "ConnectTimeoutError", Doubt.NOT_STORED),
        (NoCredentialsError(), "NoCredentialsError", Doubt.NOT_STORED),
        (PartialCredentialsError(provider="env", cred_var="x"), "PartialCredentialsError", Doubt.NOT_STORED),
        (CredentialRetrievalError(provider="iam", error_msg="x"), "CredentialRetrievalError", Doubt.NOT_STORED),
        (ProxyConnectionError(proxy_url=URL), "ProxyConnectionError", Doubt.NOT_STORED),
        (ResponseParserError("not the shape"), "ResponseParserError", Doubt.PERHAPS_STORED),
        (ReadTimeoutError(endpoint_url=URL), "ReadTimeoutError", Doubt.PERHAPS_STORED),
        (ConnectionClosedError(endpoint_url=URL), "ConnectionClosedError", Doubt.PERHAPS_STORED),
        (ClientPayloadError(), "ClientPayloadError", Doubt.PERHAPS_STORED),
        (TimeoutError(), "TimeoutError", Doubt.PERHAPS_STORED),
        (ConnectionResetError(), "ConnectionResetError", Doubt.PERHAPS_STORED),
        (client_error("LimitExceededException"), "LimitExceededException", Doubt.NOT_STORED),
        (client_error("ExpiredTokenException"), "ExpiredTokenException", Doubt.NOT_STORED),
        (client_error("ResourceNotFoundException"), "ResourceNotFoundException", Doubt.HOPELESS),
        (client_error("AccessDeniedException"), "AccessDeniedException", Doubt.HOPELESS),
        (client_error("SomethingNew", 400), "SomethingNew", Doubt.HOPELESS),
        (client_error("SomethingNew", 408), "SomethingNew", Doubt.PERHAPS_STORED),
        (client_error("SomethingNew", 500), "SomethingNew", Doubt.PERHAPS_STORED),
        (client_error("TooManyRequestsException", 429), "TooManyRequestsException", Doubt.NOT_STORED),
        (client_error("InternalFailure", 500), "InternalFailure", Doubt.PERHAPS_STORED),
        (client_error("ServiceUnavailable", 503), "ServiceUnavailable", Doubt.PERHAPS_STORED),
    ],
)
def test_the_doubt_of_a_call_depends_on_how_far_it_got(error: Exception, code: str, doubt: Doubt) -> None:
    """What was never sent or was judged is certain; what broke off behind the sending is not."""
    assert isinstance(error, ATTEMPT_ERRORS)
    assert outcome_of_error(error) == Failed(code, doubt)


@pytest.mark.parametrize(
    ("code", "together", "alone"),
    [
        ("ValidationException", Doubt.APART, Doubt.HOPELESS),
        ("SerializationException", Doubt.APART, Doubt.HOPELESS),
        ("InvalidArgumentException", Doubt.APART, Doubt.HOPELESS),
        ("SomethingNew", Doubt.APART, Doubt.HOPELESS),
        ("AccessDeniedException", Doubt.HOPELESS, Doubt.HOPELESS),
        ("ResourceNotFoundException", Doubt.HOPELESS, Doubt.HOPELESS),
        ("ThrottlingException", Doubt.NOT_STORED, Doubt.NOT_STORED),
    ],
)
def test_what_one_record_may_be_to_blame_for_is_tried_apart(code: str, together: Doubt, alone: Doubt) -> None:
    """A request that was refused for its content may hold innocents; alone a record is the culprit."""
    assert outcome_of_error(client_error(code), 2) == Failed(code, together)
    assert outcome_of_error(client_error(code), 1) == Failed(code, alone)


@pytest.mark.parametrize("code", sorted(THROTTLES))
def test_every_throttle_stores_nothing(code: str) -> None:
    """By the list of all who call AWS, in an answer and in place of one."""
    assert outcomes_of_answer(answer({"ErrorCode": code}), 1) == [Failed(code, Doubt.NOT_STORED)]
    assert outcome_of_error(client_error(code, 400)) == Failed(code, Doubt.NOT_STORED)
