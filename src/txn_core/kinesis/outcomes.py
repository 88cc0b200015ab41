"""What an attempt to put records came to: every class of result, decided on purpose."""

import socket
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from aiohttp import ClientConnectorError
from aiohttp import ClientError as AiohttpError
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    CredentialRetrievalError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProxyConnectionError,
)
from botocore.parsers import ResponseParserError

from txn_core.aws.errors import EXPIRED_CREDENTIALS, THROTTLES
from txn_core.aws.http import NotConnectedError
from txn_core.aws.types import PutRecordsOutputTypeDef
from txn_core.kinesis.landing import Landing
from txn_core.positions import SequenceNumber, ShardId

ATTEMPT_ERRORS: Final = (ClientError, BotoCoreError, ResponseParserError, AiohttpError, TimeoutError, OSError)
# Raised before the request has a signature or a connection.
_NEVER_SENT: Final = (
    ConnectTimeoutError,
    CredentialRetrievalError,
    NoCredentialsError,
    PartialCredentialsError,
    ProxyConnectionError,
)

# The request was judged and turned down: nothing of it is stored.
_REFUSED_AND_RETRIED: Final = THROTTLES | EXPIRED_CREDENTIALS
# The same, for what one record may have been the cause of.
_REFUSED_FOR_CONTENT: Final = frozenset({"InvalidArgumentException", "SerializationException", "ValidationException"})
_REFUSED_FOR_GOOD: Final = frozenset(
    {
        *_REFUSED_FOR_CONTENT,
        "AccessDeniedException",
        "IncompleteSignature",
        "InvalidSignatureException",
        "KMSAccessDeniedException",
        "KMSDisabledException",
        "KMSInvalidStateException",
        "KMSNotFoundException",
        "KMSOptInRequired",
        "MissingAuthenticationTokenException",
        "ResourceNotFoundException",
        "UnrecognizedClientException",
    }
)
# A proxy gave up waiting, or the client did by its account: what became of the request is not known.
_TIMED_OUT: Final = frozenset({408, 499})
_KNOWN: Final = _REFUSED_AND_RETRIED | _REFUSED_FOR_GOOD


class Doubt(Enum):
    """What a failed attempt leaves behind."""

    NOT_STORED = auto()  # certainly not on the stream; may be tried again
    PERHAPS_STORED = auto()  # nobody knows; trying again may double it, which readers expect
    APART = auto()  # certainly not on the stream; something else in the request may be to blame: try it alone
    HOPELESS = auto()  # certainly not on the stream, and trying again will not help


@dataclass(frozen=True, slots=True)
class Failed:
    """A record that was not acknowledged: the error's code, and the doubt it leaves."""

    code: str
    doubt: Doubt


Outcome = Landing | Failed


def outcomes_of_answer(answer: PutRecordsOutputTypeDef, sent: int) -> Sequence[Outcome]:
    """The outcome of each record by Kinesis' answer; one that does not count as many as were sent says nothing."""
    records = answer.get("Records", ())  # botocore reads any page under status 200 as an answer, one without fields
    if len(records) != sent:
        return [Failed("CountMismatch", Doubt.PERHAPS_STORED)] * sent
    outcomes: list[Outcome] = []
    for record in records:
        sequence_number, shard_id = record.get("SequenceNumber"), record.get("ShardId")
        if sequence_number and shard_id:
            outcomes.append(Landing(ShardId(shard_id), SequenceNumber(sequence_number)))
        else:
            code = record.get("ErrorCode") or "NoSequenceNumber"
            outcomes.append(Failed(code, _doubt_of_code(code)))
    return outcomes


def outcome_of_error(error: Exception, sent: int = 1) -> Failed:
    """The outcome that all records of a request share when it failed as a whole."""
    if isinstance(error, ClientError):
        code = error.response["Error"].get("Code", "Unknown")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500)
        # An unknown code with a 4xx status was judged, but for time-outs; with a 5xx it may have been stored before.
        judged = status < 500 and status not in _TIMED_OUT
        doubt = Doubt.HOPELESS if judged and code not in _KNOWN else _doubt_of_code(code)
        if doubt is Doubt.HOPELESS and sent > 1 and (code in _REFUSED_FOR_CONTENT or code not in _KNOWN):
            doubt = Doubt.APART
        return Failed(code, doubt)
    return Failed(type(error).__name__, Doubt.NOT_STORED if _was_never_sent(error) else Doubt.PERHAPS_STORED)


def _was_never_sent(error: Exception) -> bool:
    """Whether the request certainly did not leave: no credentials, or no connection.

    aiobotocore calls a connection that was reset after sending an EndpointConnectionError too; only what aiohttp
    could not connect tells the two apart.
    """
    if isinstance(error, EndpointConnectionError):
        return isinstance(error.kwargs.get("error"), ClientConnectorError | socket.gaierror | NotConnectedError)
    return isinstance(error, _NEVER_SENT)


def _doubt_of_code(code: str) -> Doubt:
    if code in _REFUSED_AND_RETRIED:
        return Doubt.NOT_STORED
    return Doubt.HOPELESS if code in _REFUSED_FOR_GOOD else Doubt.PERHAPS_STORED
