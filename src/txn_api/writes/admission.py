"""From a client's bytes to the event: parse, search for misplaced card numbers, identify. No I/O."""

from dataclasses import dataclass, field
from typing import Final

from pydantic_core import from_json

from txn_api.card_masks.card_guesses import CardGuesses
from txn_api.problems import IdRequired, TerminalForbidden
from txn_api.writes.acknowledgement import problem_of
from txn_core.card_numbers.issuer_ranges import NO_RANGES, IssuerRanges
from txn_core.exceptions import InvalidTransactionError, MalformedJsonError
from txn_core.transactions.event import EncodedEvent, encode
from txn_core.transactions.fast_path import FastFields, fast_fields
from txn_core.transactions.faults import Fault
from txn_core.transactions.identity import Account, KeyRing, TransactionId
from txn_core.transactions.instants import DATE_LENGTH, Instant, now
from txn_core.transactions.reading import read_submission
from txn_core.transactions.submission import Submission
from txn_core.transactions.transaction import refuse_future

_ITSELF: Final = Fault("/original_transaction_id", "original_is_itself")


@dataclass(frozen=True, slots=True)
class Admission:
    """The rules that one transaction is held to before anything of it leaves the process."""

    keys: KeyRing
    occurred_ahead_s_max: float
    luhn_exempt: IssuerRanges = NO_RANGES
    """The card numbers that need no check digit."""
    guesses: CardGuesses = field(default_factory=CardGuesses)
    """The cards that accounts send and look up."""
    event_schema: int = 1
    """The newest version of the event's schema that is written: not above what every reader of the stream knows."""

    def admit(
        self,
        body: bytes,
        *,
        account: Account,
        request_text: str,
        idempotency_key: str | None = None,
        terminal_ids: frozenset[str] = frozenset(),
        cards_of_mask_max: int = 0,
    ) -> EncodedEvent:
        """Turn one JSON document into its event.

        `request_text` is what `card_number_search.request_text_of` made of the request's headers, path and query.
        With `terminal_ids` it must be of one of these terminals, and with `cards_of_mask_max` its account must not
        have sent more cards with the same mask today.

        Raises:
            Problem: `malformed_json`, `validation_failed`, `card_number_misplaced`, `terminal_forbidden`,
                `id_required` or `too_many_cards_of_mask`.
        """
        accepted_at = now()
        submission = self.submission(
            body,
            fast_fields(body, self.luhn_exempt),
            request_text=request_text,
            accepted_at=accepted_at,
            terminal_ids=terminal_ids,
        )
        return self.event(
            submission,
            account=account,
            accepted_at=accepted_at,
            idempotency_key=idempotency_key,
            cards_of_mask_max=cards_of_mask_max,
        )

    # The same in steps, for those who take each of them of many documents in a row.

    def submission(
        self,
        body: bytes,
        fields: FastFields | None,
        *,
        request_text: str,
        accepted_at: Instant,
        terminal_ids: frozenset[str] = frozenset(),
    ) -> Submission:
        """What a body comes to, of which `fields` are those that `fast_fields` gave, now used up.

        Raises:
            Problem: as `admit`, but those that `event` raises.
        """
        try:
            submission = read_submission(
                body,
                fields,
                request_text=request_text,
                today=accepted_at[:DATE_LENGTH],
                luhn_exempt=self.luhn_exempt,
            )
            if submission.occurred_at > accepted_at:  # instants sort as text; nearly every one is past
                refuse_future(submission.occurred_at, now=accepted_at, ahead_s_max=self.occurred_ahead_s_max)
            if submission.event_schema > self.event_schema:
                submission.refuse_under_schema_1()
        except (MalformedJsonError, InvalidTransactionError) as error:
            raise problem_of(error) from None
        if terminal_ids and _terminal_id(submission) not in terminal_ids:
            raise TerminalForbidden
        return submission

    def event(
        self,
        submission: Submission,
        *,
        account: Account,
        accepted_at: Instant,
        idempotency_key: str | None = None,
        cards_of_mask_max: int = 0,
    ) -> EncodedEvent:
        """The event of a submission, whose card is counted.

        Raises:
            IdRequired: nothing says which transaction it is.
            ValidationFailed: it refers to itself.
            TooManyCardsOfMask: the account has sent as many cards of this mask as it may.
        """
        if submission.transaction_id is not None:
            transaction_id = TransactionId(submission.transaction_id)
        elif idempotency_key is not None:
            transaction_id = self.keys.transaction_id(account, idempotency_key)
        else:
            raise IdRequired
        if submission.original_transaction_id == transaction_id:
            raise problem_of(InvalidTransactionError(_ITSELF))
        event = encode(
            submission,
            transaction_id=transaction_id,
            account=account,
            keys=self.keys,
            accepted_at=accepted_at,
            event_schema=self.event_schema,
        )
        self.guesses.take(account, event.card_masked, event.card_id, cards_of_mask_max)
        return event


def _terminal_id(submission: Submission) -> str | None:
    """The terminal that a submission names; read of what is written already, for those few that are asked."""
    terminal = from_json(submission.client_fields)["terminal"]
    return None if terminal is None else terminal["terminal_id"]
