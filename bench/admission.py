"""What it costs to admit one transaction, step by step, against parsing it alone: `python -m bench.admission`."""

import statistics
import time
from collections.abc import Callable

from pydantic_core import from_json, to_json

from txn_api.intake import Intake
from txn_api.schemas import example_transaction
from txn_core.event import Event, encode
from txn_core.identity import Account, KeyRing, TransactionId
from txn_core.instants import now
from txn_core.misplaced import checked_submission
from txn_core.submission import Submission
from txn_core.transaction import parse_transaction
from txn_core.usual_request import usual_fields, usual_submission

ROUNDS = 7
CALLS = 5_000


def main() -> None:
    """Time the steps in turn, `ROUNDS` times, and print medians and ratios."""
    body = to_json(example_transaction())
    keys = KeyRing({1: b"c" * 32}, b"i" * 32)
    account, transaction_id = Account("bench"), TransactionId("0123456789abcdef")
    intake = Intake(keys, occurred_ahead_s_max=300)

    def the_short_way() -> Submission:
        fields = usual_fields(body)
        assert fields is not None
        submission = usual_submission(body, fields, surroundings="", today="2026-01-01")
        assert submission is not None
        return submission

    submission = the_short_way()

    def encoded() -> bytes:
        return encode(submission, transaction_id=transaction_id, account=account, keys=keys, accepted_at=now()).data

    event = encoded()
    steps: dict[str, Callable[[], object]] = {
        "parse and validate by the model": lambda: parse_transaction(body),
        "parse alone": lambda: from_json(body),
        "the long way to a submission": lambda: checked_submission(body, ""),
        "the short way to a submission": the_short_way,
        "derive ids and encode the event": encoded,
        "all of it, the short way": lambda: intake.admit(body, account=account, surroundings=""),
        "decode the event (a worker's cost)": lambda: Event.decode(event),
    }
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(ROUNDS):
        for name, step in steps.items():
            taken[name].append(_seconds(step))
    parse = statistics.median(taken["parse and validate by the model"])
    for name, seconds in taken.items():
        median = statistics.median(seconds)
        print(f"{name:36} {median * 1e6:6.1f} us   {median / parse:5.2f} x the model's parse")


def _seconds(step: Callable[[], object]) -> float:
    start = time.perf_counter()
    for _ in range(CALLS):
        step()
    return (time.perf_counter() - start) / CALLS


if __name__ == "__main__":
    main()
