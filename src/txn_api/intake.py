"""From a client's bytes to the event: parse, search for misplaced card numbers, identify. No I/O."""

from dataclasses import dataclass

from txn_api.problems import CardNumberMisplaced, IdRequired, MalformedJson, Problem, ValidationFailed
from txn_core import misplaced
from txn_core.errors import InvalidTransactionError, MalformedJsonError
from txn_core.event import EncodedEvent, encode
from txn_core.identity import Account, KeyRing, TransactionId
from txn_core.instants import now
from txn_core.transaction import refuse_future
from txn_core.usual_request import read_submission


@dataclass(frozen=True, slots=True)
class Intake:
    """The rules that one transaction is held to before anything of it leaves the process."""

    keys: KeyRing
    occurred_ahead_s_max: float

    def admit(
        self, body: bytes, *, account: Account, surroundings: str, idempotency_key: str | None = None
    ) -> EncodedEvent:
        """Turn one JSON document into its event.

        `surroundings` is what `misplaced.surroundings_of` made of the request's headers, path and query.

        Raises:
            Problem: `malformed_json`, `validation_failed`, `card_number_misplaced` or `id_required`.
        """
        accepted_at = now()
        try:
            submission = read_submission(body, surroundings=surroundings, now=accepted_at)
            refuse_future(submission.occurred_at, now=accepted_at, ahead_s_max=self.occurred_ahead_s_max)
        except (MalformedJsonError, InvalidTransactionError) as error:
            raise problem_of(error) from None
        if submission.transaction_id is not None:
            transaction_id = TransactionId(submission.transaction_id)
        elif idempotency_key is not None:
            transaction_id = self.keys.transaction_id(account, idempotency_key)
        else:
            raise IdRequired
        return encode(
            submission, transaction_id=transaction_id, account=account, keys=self.keys, accepted_at=accepted_at
        )


def problem_of(error: MalformedJsonError | InvalidTransactionError) -> Problem:
    """The problem that says what is wrong with a transaction."""
    if isinstance(error, MalformedJsonError):
        return MalformedJson()
    if any(fault.code == misplaced.CODE for fault in error.faults):
        return CardNumberMisplaced(error.faults)
    return ValidationFailed(error.faults)
