"""Errors as Kinesis answers them: a code, a sentence and an HTTP status.

    KinesisError
        InvalidArgument, ResourceNotFound, ResourceInUse, ValidationFailed, ThroughputExceeded, ...

They are functions of what went wrong and not classes: nobody here tells them apart, a client does by their code.
"""

from typing import Final

from pydantic_core import to_json

ACCOUNT_ID: Final = "000000000000"
THROTTLED: Final = "ProvisionedThroughputExceededException"
INTERNAL_FAILURE: Final = "InternalFailure"


class KinesisError(Exception):
    """A call that is answered with an error as a whole."""

    def __init__(self, code: str, message: str, status: int | None = None) -> None:
        super().__init__(f"{code}: {message}")
        self.code, self.message = code, message
        self.status = status if status is not None else status_of(code)

    def body(self) -> bytes:
        """The error as JSON 1.1 carries it."""
        return to_json({"__type": self.code, "message": self.message})


def status_of(code: str) -> int:
    """The HTTP status that goes with a code when nothing else is said."""
    if code in {INTERNAL_FAILURE, "InternalFailureException"}:
        return 500
    return 503 if code == "ServiceUnavailable" else 400


def invalid_argument(message: str) -> KinesisError:
    """A value is of the right form and means nothing here."""
    return KinesisError("InvalidArgumentException", message)


def validation_failed(path: str, constraint: str) -> KinesisError:
    """A value is not of the form that the service model asks for."""
    return KinesisError(
        "ValidationException",
        f"1 validation error detected: Value at '{path}' failed to satisfy constraint: {constraint}",
    )


def not_json(message: str) -> KinesisError:
    """The body is not the JSON of the operation's request."""
    return KinesisError("SerializationException", message)


def no_stream(name: str) -> KinesisError:
    """There is no such stream, or none yet."""
    return KinesisError("ResourceNotFoundException", f"Stream {name} under account {ACCOUNT_ID} not found.")


def no_shard(shard_id: str, stream: str) -> KinesisError:
    """The stream has no such shard."""
    return KinesisError(
        "ResourceNotFoundException",
        f"Could not find shard {shard_id} in stream {stream} under account {ACCOUNT_ID}.",
    )


def in_use(message: str) -> KinesisError:
    """The stream or shard is not in a state for this."""
    return KinesisError("ResourceInUseException", message)


def throttled(shard_id: str, stream: str) -> KinesisError:
    """A shard's limit is used up for now."""
    return KinesisError(THROTTLED, throttled_message(shard_id, stream))


def throttled_message(shard_id: str, stream: str) -> str:
    """The sentence that goes with a throttle, of a record as of a call."""
    return f"Rate exceeded for shard {shard_id} in stream {stream} under account {ACCOUNT_ID}."
