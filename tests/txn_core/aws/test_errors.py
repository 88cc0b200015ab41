"""One judgement of failures, held against what botocore knows of Kinesis, DynamoDB and S3."""

from types import SimpleNamespace
from typing import Any, Final

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.loaders import Loader
from botocore.parsers import ResponseParserError
from botocore.retries.standard import RetryContext, ThrottledRetryableChecker, TransientRetryableChecker

from txn_core.aws.errors import (
    EXPIRED_CREDENTIALS,
    THROTTLES,
    Failure,
    carried_out,
    failure_of,
    failure_of_code,
    is_passing,
)

SERVICES: Final = ("kinesis", "dynamodb", "s3")
LOADER: Final = Loader()
GENERAL: Final = {
    *((code, 400) for code in ("Throttling", "ThrottledException", "RequestThrottledException", "RequestThrottled")),
    *((code, 400) for code in ("TooManyRequestsException", "BandwidthLimitExceeded", "PriorRequestNotComplete")),
    *((code, 400) for code in ("RequestTimeout", "RequestTimeoutException", "EC2ThrottledException")),
    *((code, 503) for code in ("SlowDown", "ServiceUnavailable")),
    *(("InternalError", 500), ("AccessDenied", 403), ("SignatureDoesNotMatch", 403), ("MethodNotAllowed", 405)),
    *(("", 429), ("", 502), ("", 504)),
}
"""What services answer that stands in none of the three models, some of it from the front door of AWS."""
OURS: Final = {
    "KMSThrottlingException": "a throttle of the key service, which botocore's lists lack",
    "TransactionConflictException": "a concurrent write, which our callers see through; botocore leaves it to them",
    "OperationAborted": "a concurrent write of S3",
    "ConditionalRequestConflict": "a concurrent write of S3, which its documentation says to repeat",
}
"""The codes after which we repeat a call and botocore does not, and why."""


def modelled() -> list[tuple[str, int]]:
    """Each error of the services' models with its status: the model's, else 500 for a fault and 400 for others."""
    shapes = [
        (shape.get("error", {}).get("code", name), shape)
        for service in SERVICES
        for name, shape in LOADER.load_service_model(service, "service-2")["shapes"].items()
        if shape.get("exception")
    ]
    return [
        (code, shape.get("error", {}).get("httpStatusCode", 500 if shape.get("fault") else 400))
        for code, shape in shapes
    ]


EVERYTHING: Final = sorted(
    {*modelled(), *GENERAL, ("BadDigest", 400), ("OperationAborted", 409), ("ConditionalRequestConflict", 409)}
)


def refusal(code: str, status: int) -> ClientError:
    answer: Any = {"Error": {"Code": code, "Message": "secret"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "Operation")


def repeated_by_botocore(code: str, status: int) -> bool:
    """Whether botocore repeats a call after this: in its standard mode, or by its table of retries."""
    no_model: Any = SimpleNamespace(error_shapes=[])
    answer: Any = SimpleNamespace(status_code=status)
    context = RetryContext(1, no_model, {"Error": {"Code": code}}, answer)
    if any(checker().is_retryable(context) for checker in (TransientRetryableChecker, ThrottledRetryableChecker)):
        return True
    tables = LOADER.load_data("_retry")
    policies = [policy for name in SERVICES for policy in tables["retry"][name]["__default__"]["policies"].values()]
    answers = [
        each.get("applies_when", {}).get("response", {}) for each in (*policies, *tables["definitions"].values())
    ]
    return code in {answer.get("service_error_code") for answer in answers} or status in {
        answer.get("http_status_code") for answer in answers if "service_error_code" not in answer
    }


def test_the_models_are_there() -> None:
    """More than fifty errors, among them those that steer the most."""
    assert len(modelled()) > 50
    assert {"ProvisionedThroughputExceededException", "ConditionalCheckFailedException", "NoSuchKey"} <= {
        code for code, _ in modelled()
    }


@pytest.mark.parametrize(("code", "status"), EVERYTHING)
def test_a_call_is_repeated_where_botocore_would_repeat_it(code: str, status: int) -> None:
    assert is_passing(refusal(code, status)) is (repeated_by_botocore(code, status) or code in OURS)


def test_no_difference_from_botocore_is_named_that_is_none() -> None:
    assert [code for code, status in EVERYTHING if code in OURS and repeated_by_botocore(code, status)] == []
    assert OURS.keys() <= {code for code, _ in EVERYTHING}


@pytest.mark.parametrize(("code", "status"), EVERYTHING)
def test_what_is_not_there_is_told_from_what_is_refused(code: str, status: int) -> None:
    """All whose name says so, but for the key of an encrypted stream."""
    named = "NotFound" in code or code.startswith("NoSuch")
    found = failure_of_code(code, status) is Failure.NOT_FOUND
    assert found is (named and code != "KMSNotFoundException")


def test_one_code_of_each_service_says_that_a_condition_failed() -> None:
    failed = {code for code, status in EVERYTHING if failure_of_code(code, status) is Failure.CONDITION_FAILED}
    assert failed == {"ConditionalCheckFailedException"}
    assert failure_of_code("PreconditionFailed", 412) is Failure.CONDITION_FAILED


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (400, Failure.REFUSED),
        (403, Failure.REFUSED),
        (404, Failure.NOT_FOUND),
        (408, Failure.PASSING),
        (409, Failure.PASSING),
        (412, Failure.CONDITION_FAILED),
        (429, Failure.THROTTLED),
        (500, Failure.PASSING),
        (503, Failure.PASSING),
    ],
)
def test_an_answer_without_a_body_is_judged_by_its_status(status: int, failure: Failure) -> None:
    """S3 answers HEAD so: botocore makes the status its code."""
    assert failure_of(refusal(str(status), status)) is failure


def test_a_throttle_stays_one_under_any_status() -> None:
    """S3 says SlowDown under 503; Kinesis names throttles without a status, one record at a time."""
    assert {failure_of_code(code, status) for code in THROTTLES for status in (0, 400, 429, 503)} == {
        Failure.THROTTLED
    }
    assert {failure_of_code(code, 400) for code in EXPIRED_CREDENTIALS} == {Failure.PASSING}


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), Failure.PASSING),
        (ConnectTimeoutError(endpoint_url="http://127.0.0.1:1"), Failure.PASSING),
        (ReadTimeoutError(endpoint_url="http://127.0.0.1:1"), Failure.PASSING),
        (ResponseParserError("cut off"), Failure.PASSING),
        (TimeoutError(), Failure.PASSING),
        (ConnectionResetError(), Failure.PASSING),
        (ClientError({}, "Operation"), Failure.REFUSED),
        (ParamValidationError(report="secret"), Failure.REFUSED),
        (ValueError(), Failure.REFUSED),
        (KeyError(), Failure.REFUSED),
    ],
    ids=repr,
)
def test_errors_without_an_answer_pass_when_the_network_is_to_blame(error: Exception, failure: Failure) -> None:
    assert failure_of(error) is failure


async def written(code: str | None, status: int = 400) -> None:
    if code is not None:
        answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(answer, "PutItem")


async def test_a_failed_condition_is_an_answer_and_no_error() -> None:
    assert await carried_out(written(None))
    assert not await carried_out(written("ConditionalCheckFailedException"))
    assert not await carried_out(written("PreconditionFailed", 412))


@pytest.mark.parametrize(
    ("code", "status"),
    [("ValidationException", 400), ("ProvisionedThroughputExceededException", 400), ("InternalServerError", 500)],
)
async def test_any_other_failure_is_raised(code: str, status: int) -> None:
    with pytest.raises(ClientError, match=code):
        await carried_out(written(code, status))
