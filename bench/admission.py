"""What it costs to admit one transaction, step by step, against parsing it alone: `python -m bench.admission`.

And what it costs to refuse the largest bodies, of the kinds that are dearest, against admitting a usual one.
"""

import statistics
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from pydantic_core import from_json, to_json

from txn_api.problems import Problem
from txn_api.schemas import example_transaction
from txn_api.writes.admission import Admission
from txn_core.startup import freeze_startup_objects
from txn_core.transactions.event import EncodedEvent, Event, encode
from txn_core.transactions.fast_path import fast_fields
from txn_core.transactions.identity import Account, KeyRing, TransactionId
from txn_core.transactions.instants import now
from txn_core.transactions.reading import read_submission
from txn_core.transactions.submission import Submission
from txn_core.transactions.transaction import parse_transaction

ROUNDS = 7
CALLS = 5_000
CARDS_OF_MASK_MAX = 1_000
DEAR_CALLS = 20
LARGEST: Final[dict[str, bytes]] = {
    "unknown fields": b"{" + b",".join(b'"%x":0' % number for number in range(7_200)) + b"}",
    "the same field": b"{" + b",".join([b'"a":0'] * 10_000) + b"}",
    "empty objects": b'{"a":[' + b",".join([b"{}"] * 20_000) + b"]}",
    "empty lists": b'{"a":[' + b",".join([b"[]"] * 20_000) + b"]}",
    "blanks, admitted": to_json(example_transaction())[:-1] + b" " * 59_000 + b"}",
}


def main() -> None:
    """Time the steps in turn, `ROUNDS` times, and print medians and ratios."""
    freeze_startup_objects()  # as the API does
    body = to_json(example_transaction())
    keys = KeyRing({1: b"c" * 32}, b"i" * 32)
    account, transaction_id = Account("bench"), TransactionId("0123456789abcdef")
    admission = Admission(keys, occurred_ahead_s_max=300)

    def the_short_way() -> Submission:
        fields = fast_fields(body)
        assert fields is not None
        return read_submission(body, fields, request_text="", today="2026-01-01")

    submission = the_short_way()

    def encoded() -> bytes:
        return encode(submission, transaction_id=transaction_id, account=account, keys=keys, accepted_at=now()).data

    event = encoded()
    counted = admission.admit(body, account=account, request_text="")

    def count() -> None:
        admission.guesses.take(account, counted.card_masked, counted.card_id, CARDS_OF_MASK_MAX)

    def the_whole_way() -> EncodedEvent:
        return admission.admit(body, account=account, request_text="", cards_of_mask_max=CARDS_OF_MASK_MAX)

    steps: dict[str, Callable[[], object]] = {
        "parse and validate by the model": lambda: parse_transaction(body),
        "parse alone": lambda: from_json(body),
        "the long way to a submission": lambda: read_submission(body, None, request_text="", today="2026-01-01"),
        "the short way to a submission": the_short_way,
        "derive ids and encode the event": encoded,
        "count the card of its mask": count,
        "all of it, the short way": the_whole_way,
        "decode the event (a worker's cost)": lambda: Event.decode(event),
    }
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(ROUNDS):
        for name, step in steps.items():
            taken[name].append(_seconds(step))
    medians = {name: statistics.median(seconds) for name, seconds in taken.items()}
    parse, usual = medians["parse and validate by the model"], medians["all of it, the short way"]
    for name, median in medians.items():
        print(f"{name:36} {median * 1e6:6.1f} us   {median / parse:5.2f} x the model's parse")
    for name, largest in LARGEST.items():
        seconds = _seconds_to_refuse(admission, account, largest)
        print(f"{len(largest):,} bytes of {name:20} {seconds * 1e3:6.2f} ms   {seconds / usual:7,.0f} x all of it")


def _seconds(step: Callable[[], object], calls: int = CALLS) -> float:
    start = time.process_time()
    for _ in range(calls):
        step()
    return (time.process_time() - start) / calls


def _seconds_to_refuse(admission: Admission, account: Account, body: bytes) -> float:
    def refused() -> None:
        with suppress(Problem):
            admission.admit(body, account=account, request_text="")

    return statistics.median(_seconds(refused, DEAR_CALLS) for _ in range(ROUNDS))


if __name__ == "__main__":
    main()
