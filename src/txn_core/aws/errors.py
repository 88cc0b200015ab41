"""What a failed call to AWS means. All who repeat a call, settle a condition or look for something ask here."""

from collections.abc import Awaitable
from enum import Enum, auto
from typing import Final

from botocore.exceptions import ClientError, CredentialRetrievalError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.parsers import ResponseParserError


class Failure(Enum):
    """The kinds of failure."""

    THROTTLED = auto()  # nothing was done, since too much was asked for; a later call may succeed
    PASSING = auto()  # an outage, a concurrent write or an expired credential; the same call may succeed later
    CONDITION_FAILED = auto()  # the condition of a write was not met
    NOT_FOUND = auto()
    REFUSED = auto()  # for good: a request, a right, a limit or a bug, which no repetition mends


# botocore's own lists of throttles (`botocore.retries.standard`), and the throttle of the key service.
THROTTLES: Final = frozenset(
    {
        *("ProvisionedThroughputExceededException", "ThrottlingException", "Throttling", "ThrottledException"),
        *("RequestLimitExceeded", "LimitExceededException", "TooManyRequestsException", "SlowDown"),
        *("RequestThrottled", "RequestThrottledException", "BandwidthLimitExceeded", "EC2ThrottledException"),
        "KMSThrottlingException",
    }
)
EXPIRED_CREDENTIALS: Final = frozenset({"ExpiredToken", "ExpiredTokenException", "RequestExpired"})
_KNOWN: Final = {
    **dict.fromkeys(THROTTLES, Failure.THROTTLED),
    **dict.fromkeys(EXPIRED_CREDENTIALS, Failure.PASSING),
    **dict.fromkeys(("RequestTimeout", "RequestTimeoutException", "BadDigest"), Failure.PASSING),
    **dict.fromkeys(
        ("PriorRequestNotComplete", "TransactionInProgressException", "TransactionConflictException"), Failure.PASSING
    ),
    "ReplicatedWriteConflictException": Failure.PASSING,
    "ConditionalCheckFailedException": Failure.CONDITION_FAILED,
    "PreconditionFailed": Failure.CONDITION_FAILED,
    # The key of an encrypted stream, which is not what was asked for.
    "KMSNotFoundException": Failure.REFUSED,
    # Of S3 with the status of a concurrent write, but for good.
    **dict.fromkeys(("BucketAlreadyExists", "BucketAlreadyOwnedByYou", "BucketNotEmpty"), Failure.REFUSED),
}
# Also of S3's answers to HEAD, which have no body and so no code.
_BY_STATUS: Final = {
    404: Failure.NOT_FOUND,
    408: Failure.PASSING,
    409: Failure.PASSING,
    412: Failure.CONDITION_FAILED,
    429: Failure.THROTTLED,
}
_PASSING: Final = (
    BotoConnectionError,
    HTTPClientError,
    CredentialRetrievalError,
    ResponseParserError,  # an answer that was cut off
    OSError,  # of which TimeoutError is one
)


def failure_of(error: Exception) -> Failure:
    """What the error of a call means; REFUSED for errors that have nothing to do with AWS."""
    if isinstance(error, ClientError):
        return failure_of_code(code_of(error), error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return Failure.PASSING if isinstance(error, _PASSING) else Failure.REFUSED


def failure_of_code(code: str, status: int) -> Failure:
    """What an error code of Kinesis, DynamoDB or S3 means under an HTTP status; 0 for a status that is not known."""
    known = _KNOWN.get(code)
    if status >= 500 and known is not Failure.THROTTLED:
        return Failure.PASSING
    if known is None and (code.startswith("NoSuch") or code.endswith(("NotFound", "NotFoundException"))):
        return Failure.NOT_FOUND
    return known or _BY_STATUS.get(status, Failure.REFUSED)


def is_passing(error: Exception) -> bool:
    """Whether the same call may succeed later."""
    return failure_of(error) in {Failure.THROTTLED, Failure.PASSING}


def code_of(error: Exception) -> str:
    """What may be logged of an error: the service's code, or the error's type."""
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "unknown"))
    return type(error).__name__


async def carried_out(write: Awaitable[object]) -> bool:
    """Whether a conditional write to DynamoDB or S3 was carried out; false when its condition was not met.

    Raises:
        ClientError: the write failed in another way.
    """
    try:
        await write
    except ClientError as error:
        if failure_of(error) is Failure.CONDITION_FAILED:
            return False
        raise
    return True
