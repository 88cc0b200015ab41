"""The verdict: it finds nothing where all is well, and each thing that can be wrong by its name."""

import json
from collections.abc import Callable
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
from devkit.user_records import UserRecord

from tests.builders import ACCOUNT, CARD_KEY, SHARD, arrived, encoded, position
from tests.chaos.documents import documents
from tests.chaos.judging.finding import Finding, summary
from tests.chaos.judging.verdict import Evidence, compared, find_faults
from tests.chaos.judging.views import Item, Place, Row, Views
from tests.chaos.load import HttpReply, Outcome, Submission
from tests.workers.builders import later
from txn_core import drains
from txn_core.dynamodb.table_shapes import BY_CARD, BY_MERCHANT, BY_ORIGINAL
from txn_core.kinesis.aggregation import aggregate
from txn_core.lake.columns import table_of
from txn_core.positions import WriteOrder
from txn_core.transactions.transaction import parse_transaction
from workers.events.dead_letters import DeadLetter, Origin
from workers.leases.sub_records import SubRecords

POISON = b"no event"
SEED = 11
Change = Callable[[Evidence], Evidence]


def _place(number: int) -> Place:
    return Place(SHARD, number, 0)


def evidence() -> Evidence:
    """A run in which all went well: documents of every kind, one after the other on one shard, one poison, and a
    foreign aggregate.
    """
    stream: dict[Place, bytes] = {}
    submissions: list[Submission] = []
    for number, posted in enumerate(islice(documents(SEED), 150), 1):
        if posted.kind == "wrong":
            submissions.append(Submission(posted, [HttpReply(Outcome.REFUSED, "422 validation_failed")]))
            continue
        event = encoded(parse_transaction(json.dumps(posted.document).encode()), accepted_at=later(number))
        stream[_place(number)] = event.data
        receipt = json.loads(event.data) | {"shard_id": SHARD, "sequence_number": str(number)}
        first = HttpReply(Outcome.ACCEPTED, "202", receipt, body=event.data)
        keyed = number % 3 == 0
        answers = [first, HttpReply(Outcome.IN_FLIGHT, "409"), replace(first, replayed=True)] if keyed else [first]
        submissions.append(Submission(posted, answers, key=f"key-{number}" if keyed else None))
    views = _views(stream)
    poisoned = _place(1000)
    letters = [
        DeadLetter("undecodable", "x", Origin(worker, "stream", position(1000)), later(0), POISON)
        for worker in drains.names()
    ]
    foreign = {Place(SHARD, 1001, sub): b"foreign %d" % sub for sub in range(3)}
    whole = aggregate([UserRecord("key", data) for data in foreign.values()], "0")
    subs = SubRecords.of(range(3))
    letters += [
        DeadLetter("undecodable", "x", Origin(worker, "stream", position(1001), subs), later(0), whole)
        for worker in drains.names()
    ]
    stream |= {poisoned: POISON} | foreign
    views = replace(views, stream=stream, letters=[*views.letters, *letters])
    return Evidence(ACCOUNT, CARD_KEY, submissions, frozenset({POISON, *foreign.values()}), views)


def _views(stream: dict[Place, bytes]) -> Views:
    items: dict[str, Item] = {}
    letters: list[DeadLetter] = []
    content: dict[str, Any] = {}
    for place, data in stream.items():  # in the order in which they were accepted
        event = json.loads(data)
        key, order = f"{ACCOUNT}#{event['transaction_id']}", (event["accepted_at"], place)
        if key not in items:
            items[key], content[key] = Item(event, order, ()), event["amount_minor"]
        elif event["amount_minor"] != content[key]:
            items[key] = replace(items[key], conflicts=(*items[key].conflicts, order))
            write = WriteOrder.of(event["accepted_at"], position(place.sequence_number))
            letters.append(DeadLetter.conflict("index", "stream", write, data))
    events = [arrived(data, position(place.sequence_number)) for place, data in stream.items()]
    rows = [_row(columns) for columns in table_of(events).to_pylist()]
    related = {key for key, item in items.items() if item.event["original_transaction_id"] is not None}
    indexed = {BY_CARD: set(items), BY_MERCHANT: set(items), BY_ORIGINAL: related}
    return Views(stream, items, indexed, rows, letters)


def _row(columns: dict[str, Any]) -> Row:
    place = Place(columns.pop("shard_id"), int(columns.pop("sequence_number")), columns.pop("sub_sequence_number"))
    return Row(place, columns)


def test_a_run_in_which_all_went_well_is_not_accused() -> None:
    counts = compared(evidence())
    assert find_faults(evidence()) == []
    assert counts["acknowledged"] == counts["rows in the lake"] > counts["items in the index"] > counts["refused"] > 0
    assert counts["dead letters"] > 2
    assert counts["answers under a key, held against its first"] > 10


def _in_views(**change: Callable[[Views], Any]) -> Change:
    def changed(whole: Evidence) -> Evidence:
        return replace(whole, views=replace(whole.views, **{n: make(whole.views) for n, make in change.items()}))

    return changed


def _without_last(items: dict[str, Item]) -> dict[str, Item]:
    return dict(list(items.items())[:-1])


def _other_amount(columns: dict[str, Any]) -> dict[str, Any]:
    return columns | {"amount_minor": columns["amount_minor"] + 1}


def _later_first(items: dict[str, Item]) -> dict[str, Item]:
    return {key: replace(item, order=(later(999), item.order[1])) for key, item in items.items()}


def _unanswered(whole: Evidence, outcome: Outcome) -> Evidence:
    changed = [Submission(each.posted, [HttpReply(outcome, "503")]) for each in whole.submissions]
    return replace(whole, submissions=changed)


def _receipts_elsewhere(whole: Evidence) -> Evidence:
    for submission in whole.submissions:
        for receipt in submission.receipts():
            receipt["sequence_number"] = "5000"
    return whole


def _posted_otherwise(whole: Evidence) -> Evidence:
    for submission in whole.submissions:
        submission.posted.document["currency"] = "CHF"
    return whole


def _repeated(**change: Any) -> Change:
    """Each client's last answer, which is a replay if it came under a key, changed."""

    def changed(whole: Evidence) -> Evidence:
        submissions = [
            replace(each, answers=[*each.answers[:-1], replace(each.answers[-1], **change)])
            for each in whole.submissions
        ]
        return replace(whole, submissions=submissions)

    return changed


def _accepted_wrong(whole: Evidence) -> Evidence:
    answer = HttpReply(Outcome.ACCEPTED, "202")
    return replace(whole, submissions=[replace(each, answers=[answer]) for each in whole.submissions])


def _number(whole: Evidence) -> bytes:
    return f"a log line with {whole.submissions[0].posted.document['card_number']}".encode()


WRONG: dict[str, Change] = {
    "missing in the lake": _in_views(rows=lambda views: views.rows[:-1]),
    "doubled in the lake": _in_views(rows=lambda views: [*views.rows, views.rows[0]]),
    "in the lake, not on the stream": _in_views(rows=lambda views: [*views.rows, Row(_place(5000), {})]),
    "different in the lake": _in_views(
        rows=lambda views: [replace(row, columns=_other_amount(row.columns)) for row in views.rows]
    ),
    "missing in the index": _in_views(items=lambda views: _without_last(views.items)),
    "in the index, not on the stream": _in_views(
        items=lambda views: views.items | {"acme#nobody": next(iter(views.items.values()))}
    ),
    "different in the index": _in_views(
        items=lambda views: {k: replace(i, event=_other_amount(i.event)) for k, i in views.items.items()}
    ),
    "not the first write in the index": _in_views(items=lambda views: _later_first(views.items)),
    "wrongly found by by_original": _in_views(indexed=lambda views: views.indexed | {BY_ORIGINAL: set(views.items)}),
    "not found by by_card": _in_views(indexed=lambda views: views.indexed | {BY_CARD: set()}),
    "conflict not noted": _in_views(
        items=lambda views: {key: replace(item, conflicts=()) for key, item in views.items.items()}
    ),
    "conflict not in a dead letter": _in_views(
        letters=lambda views: [letter for letter in views.letters if letter.reason != "conflict"]
    ),
    "noted, not a losing write": _in_views(
        items=lambda views: {key: replace(item, conflicts=(item.order,)) for key, item in views.items.items()}
    ),
    "poison without a dead letter": _in_views(letters=lambda views: views.letters[:-1]),
    "a dead letter of no poison": _in_views(letters=lambda views: [*views.letters, views.letters[-1]]),
    "stored though answered otherwise": lambda whole: _unanswered(whole, Outcome.NOTHING_STORED),
    "refused though right": lambda whole: _unanswered(whole, Outcome.REFUSED),
    "accepted though wrong": _accepted_wrong,
    "another answer under the same key": _repeated(body=b"{}"),
    "a repetition under a key, not called a replay": _repeated(replayed=False),
    "a replay without a key": _repeated(replayed=True),
    "acknowledged and not on the stream": _receipts_elsewhere,
    "acknowledged otherwise than posted": _posted_otherwise,
    "on the stream, never posted so": _posted_otherwise,
    "card number in api.log": lambda whole: replace(whole, logs={"api.log": _number(whole)}),
    "retention said to have taken what is there": lambda whole: replace(
        whole, logs={"index.log": b'{"event": "records_lost_by_retention"}'}
    ),
    "the stream said to be another": lambda whole: replace(
        whole, logs={"index.log": b'{"event": "stream_not_read"}'}
    ),
    "an object said to be another stream's": lambda whole: replace(
        whole, logs={"archive.log": b'{"event": "object_of_another_stream"}'}
    ),
    "stream": lambda whole: replace(whole, poison=frozenset()),
}


@pytest.mark.parametrize("promise", WRONG)
def test_each_broken_promise_is_found(promise: str) -> None:
    assert promise in {finding.promise for finding in find_faults(WRONG[promise](evidence()))}


def test_findings_are_counted_and_some_of_them_shown() -> None:
    lines = summary([Finding("doubled", str(number)) for number in range(20)])
    assert lines[0] == "doubled: 20"
    assert len(lines) < 20
