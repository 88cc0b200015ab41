"""What a client is told of a transaction: that the stream holds it, or why not."""

from typing import Final

from txn_api.edge.buffered_request import Header
from txn_api.problems import (
    CardNumberMisplaced,
    MalformedJson,
    NotStored,
    OutcomeUnknown,
    Overloaded,
    Problem,
    ValidationFailed,
)
from txn_core.card_numbers.card_number_search import CODE
from txn_core.exceptions import (
    BufferFullError,
    InvalidTransactionError,
    MalformedJsonError,
    OutcomeUnknownError,
    ProducerError,
)
from txn_core.kinesis.landing import Landing
from txn_core.transactions.event import EncodedEvent

ACCEPTED: Final = 202
_JSON: Final = (b"content-type", b"application/json")
_NO_STORE: Final = (b"cache-control", b"no-store")


def accepted(event: EncodedEvent, landing: Landing) -> bytes:
    """The acknowledgement of an event that landed; ids and instants need no escaping."""
    return (
        f'{{"transaction_id":"{event.transaction_id}","card_id":"{event.card_id}",'
        f'"customer_id":"{event.customer_id}","merchant_id":"{event.merchant_id}","status":"accepted",'
        f'"accepted_at":"{event.accepted_at}","shard_id":"{landing.shard_id}",'
        f'"sequence_number":"{landing.sequence_number}"}}'
    ).encode()


def head_of(event: EncodedEvent) -> list[Header]:
    """The headers of an acknowledgement."""
    return [_JSON, (b"location", b"/transactions/" + event.transaction_id.encode()), _NO_STORE]


def problem_of(error: InvalidTransactionError | MalformedJsonError | ProducerError) -> Problem:
    """What a client is told of a transaction that breaks a rule, or that the stream did not acknowledge."""
    match error:
        case MalformedJsonError():
            return MalformedJson()
        case InvalidTransactionError(faults=faults):
            is_misplaced = any(fault.code == CODE for fault in faults)
            return CardNumberMisplaced(faults) if is_misplaced else ValidationFailed(faults)
        case BufferFullError(retry_after_s=retry_after_s):
            return Overloaded(retry_after_s)
        case OutcomeUnknownError():
            return OutcomeUnknown()
        case _:
            return NotStored()
