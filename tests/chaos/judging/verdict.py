"""The verdict on a run: what was answered held against stream, index, lake and dead letters, each field by itself.

Everything here is a function of what was posted and what was found, so that the verdict itself is tested.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from tests.chaos.documents import FIELDS_OF, content_of
from tests.chaos.judging.finding import Finding, broken
from tests.chaos.judging.views import Place, Row, Views
from tests.chaos.load import Outcome, Submission
from tests.support.reference_reader import by_reference
from txn_core import drains
from txn_core.dynamodb.table_shapes import BY_ORIGINAL
from workers.events.dead_letters import DeadLetter

_TIMES: Final = ("accepted_at", "occurred_at")
# Null in the rows of most events, and text in the lake.
_LATER_COLUMNS: Final = (
    *("occurred_at_offset_minutes", "merchant_country", "mcc", "authorization_code", "retrieval_reference_number"),
    *("system_trace_audit_number", "acquirer_id", "card_acceptor_id", "cardholder_amount_minor"),
    *("cardholder_currency", "metadata"),
)
_BESIDES: Final = (
    *("schema", "account", "card_masked", "customer_id", "merchant_id", "accepted_at"),
    "occurred_at_offset_minutes",  # how a client wrote a moment is no part of what it said
)

Event = dict[str, Any]
Order = tuple[str, Place]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that a verdict is made from."""

    account: str
    card_key: bytes
    submissions: Sequence[Submission]
    poison: frozenset[bytes]
    views: Views
    logs: Mapping[str, bytes] = field(default_factory=dict)  # what our processes wrote, by name


def find_faults(evidence: Evidence) -> list[Finding]:
    """Every promise that was not kept."""
    sound = {place: data for place, data in evidence.views.stream.items() if data not in evidence.poison}
    try:
        events: dict[Place, Event] = {place: json.loads(data) for place, data in sound.items()}
    except ValueError:
        return [Finding("stream", "something stands there that neither the API nor the suite has put")]
    by_id: dict[str, dict[Order, Event]] = defaultdict(dict)
    for place, event in events.items():
        by_id[event["transaction_id"]][event["accepted_at"], place] = event
    return [
        *_lake(evidence.views.rows, events),
        *_index(evidence, by_id),
        *_conflicts(evidence, by_id),
        *_poison(evidence),
        *_answers(evidence, events, by_id),
        *_card_numbers(evidence),
        *_false_alarms(evidence),
    ]


def compared(evidence: Evidence) -> Counter[str]:
    """How much was compared."""
    views = evidence.views
    outcomes = Counter(outcome for each in evidence.submissions for outcome in each.outcomes())
    return Counter(
        {
            "acknowledged": outcomes[Outcome.ACCEPTED],
            "refused": outcomes[Outcome.REFUSED],
            "answers under a key, held against its first": sum(map(_repetitions, evidence.submissions)),
            "left in doubt": sum(not each.settled for each in evidence.submissions),
            "positions on the stream": len(views.stream),
            "items in the index": len(views.items),
            "rows in the lake": len(views.rows),
            "dead letters": len(views.letters),
        }
    )


def _repetitions(submission: Submission) -> int:
    accepted = sum(answer.outcome is Outcome.ACCEPTED for answer in submission.answers)
    return 0 if submission.key is None else max(0, accepted - 1)


def _lake(rows: Sequence[Row], events: Mapping[Place, Event]) -> Iterator[Finding]:
    counts = Counter(row.place for row in rows)
    yield from broken("doubled in the lake", (place for place, count in counts.items() if count > 1))
    yield from broken("missing in the lake", events.keys() - counts.keys())
    yield from broken("in the lake, not on the stream", counts.keys() - events.keys())
    for row in rows:
        if (event := events.get(row.place)) is not None:
            yield from broken("different in the lake", _differences(row.place, _columns(event), row.columns))


def _columns(event: Event) -> Event:
    """An event's columns in the lake, apart from its arrival."""
    columns: Event = {"schema_version": event["schema"], "card_aliases": None, **dict.fromkeys(_LATER_COLUMNS)}
    for name, value in event.items():
        if name in FIELDS_OF:
            for part in FIELDS_OF[name]:
                column = part if part.startswith(name) else f"{name}_{part}"
                columns[column] = None if value is None else value.get(part)
        elif name in _TIMES:
            columns[name] = datetime.fromisoformat(value).astimezone(UTC)
        elif name == "metadata":
            columns[name] = json.dumps(value, separators=(",", ":"), ensure_ascii=False)
        elif name != "schema":
            columns[name] = value
    return columns


def _index(evidence: Evidence, by_id: Mapping[str, Mapping[Order, Event]]) -> Iterator[Finding]:
    views = evidence.views
    keys = {f"{evidence.account}#{transaction_id}" for transaction_id in by_id}
    yield from broken("missing in the index", keys - views.items.keys())
    yield from broken("in the index, not on the stream", views.items.keys() - keys)
    related = {key for key, item in views.items.items() if item.event["original_transaction_id"] is not None}
    for name, found in views.indexed.items():
        expected = related if name == BY_ORIGINAL else views.items.keys()
        yield from broken(f"not found by {name}", expected - found)
        yield from broken(f"wrongly found by {name}", found - expected)
    for transaction_id, writes in by_id.items():
        item = views.items.get(f"{evidence.account}#{transaction_id}")
        if item is None:
            continue
        first = min(writes)
        if item.order != first:
            yield Finding("not the first write in the index", f"{transaction_id}: {item.order} instead of {first}")
        yield from broken("different in the index", _differences(transaction_id, writes[first], item.event))


def _conflicts(evidence: Evidence, by_id: Mapping[str, Mapping[Order, Event]]) -> Iterator[Finding]:
    """Each content that lost is in a dead letter and noted, and nothing else is.

    Content, not write: when the winner changes afterwards, what agreed with the former one was not noted by itself.
    """
    letters: dict[str, dict[Order, Event]] = defaultdict(dict)
    for letter in evidence.views.letters:
        if letter.reason == "conflict":
            event, where = json.loads(letter.data), letter.origin.position
            place = Place(where.shard_id, int(where.sequence_number), where.sub_sequence_number)
            letters[event["transaction_id"]][letter.at, place] = event
    for transaction_id, writes in by_id.items():
        item = evidence.views.items.get(f"{evidence.account}#{transaction_id}")
        noted = set(item.conflicts) if item else set()
        kept = letters.get(transaction_id, {})
        winner = _client_fields(writes[min(writes)])
        lost = [fields for fields in map(_client_fields, writes.values()) if fields != winner]
        for name, there in (("in a dead letter", kept.keys()), ("noted", noted)):
            contents = [_client_fields(writes[order]) for order in there if order in writes]
            missing = sum(fields not in contents for fields in lost)
            yield from broken(f"conflict not {name}", [f"{transaction_id}: {missing}"] if missing else [])
            yield from broken(
                f"{name}, not a losing write", [o for o in there if o not in writes or o == min(writes)]
            )
        for order, event in kept.items():
            yield from broken("different in a dead letter", _differences(order, writes.get(order, {}), event))
    yield from broken("a dead letter of nothing on the stream", letters.keys() - by_id.keys())


def _poison(evidence: Evidence) -> Iterator[Finding]:
    """Each poisonous record is in one dead letter of each worker, by itself or with the whole record it came in."""
    expected = Counter(
        (worker, place, data)
        for place, data in evidence.views.stream.items()
        if data in evidence.poison
        for worker in drains.names()
    )
    found = Counter(
        (letter.origin.worker, place, data)
        for letter in evidence.views.letters
        if letter.reason == "undecodable"
        for place, data in _set_apart(letter)
    )
    yield from broken("poison without a dead letter", (each[:2] for each in (expected - found)))
    yield from broken("a dead letter of no poison", (each[:2] for each in (found - expected)))


def _set_apart(letter: DeadLetter) -> Iterator[tuple[Place, bytes]]:
    """What a letter stands for, as the reference library reads a whole record."""
    whole = letter.origin.subs is not None
    inner = [data for _, data, _ in by_reference(letter.data)] if whole else []
    for p in letter.origin.positions:
        place = Place(p.shard_id, int(p.sequence_number), p.sub_sequence_number)
        yield place, inner[p.sub_sequence_number] if whole else letter.data


def _answers(
    evidence: Evidence, events: Mapping[Place, Event], by_id: Mapping[str, Mapping[Order, Event]]
) -> Iterator[Finding]:
    outer: dict[tuple[str, int], list[Event]] = defaultdict(list)
    for place, event in events.items():
        outer[place.shard_id, place.sequence_number].append(event)
    posted: dict[str, list[Event]] = defaultdict(list)
    outcomes: dict[str, set[Outcome]] = defaultdict(set)
    for submission in evidence.submissions:
        transaction_id = submission.posted.transaction_id
        outcomes[transaction_id] |= submission.outcomes()
        yield from _answered_as_due(submission)
        yield from _answered_alike(submission)
        if submission.posted.kind != "wrong":
            content = content_of(submission.posted.document, evidence.card_key)
            posted[transaction_id].append(content)
            for receipt in submission.receipts():
                yield from _receipt(receipt, content, outer, evidence.account)
    for transaction_id, writes in by_id.items():
        if outcomes[transaction_id] <= {Outcome.REFUSED, Outcome.NOTHING_STORED}:
            yield Finding("stored though answered otherwise", transaction_id)
        if any(_client_fields(event) not in posted[transaction_id] for event in writes.values()):
            yield Finding("on the stream, never posted so", transaction_id)


def _answered_as_due(submission: Submission) -> Iterator[Finding]:
    """What is wrong is never accepted, and what is right never refused."""
    wrong, outcomes = submission.posted.kind == "wrong", submission.outcomes()
    if wrong and Outcome.ACCEPTED in outcomes:
        yield Finding("accepted though wrong", submission.posted.transaction_id)
    if not wrong and Outcome.REFUSED in outcomes:
        yield Finding("refused though right", f"{submission.posted.transaction_id}: {submission.answers[-1].code}")


def _answered_alike(submission: Submission) -> Iterator[Finding]:
    """Under a key each 202 has the bytes of the first one and is called a replay; without a key nothing is."""
    accepted = [answer for answer in submission.answers if answer.outcome is Outcome.ACCEPTED]
    transaction_id = submission.posted.transaction_id
    if submission.key is None:
        yield from broken("a replay without a key", [transaction_id for answer in accepted if answer.replayed])
        return
    for answer in accepted[1:]:
        if answer.body != accepted[0].body:
            yield Finding("another answer under the same key", transaction_id)
        if not answer.replayed:
            yield Finding("a repetition under a key, not called a replay", transaction_id)


def _receipt(
    receipt: Event, content: Event, outer: Mapping[tuple[str, int], Sequence[Event]], account: str
) -> Iterator[Finding]:
    """The very record that a 202 speaks of stands where it says, as it was posted."""
    place = receipt["shard_id"], int(receipt["sequence_number"])
    told = {
        name: receipt[name] for name in ("transaction_id", "card_id", "customer_id", "merchant_id", "accepted_at")
    }
    found = [event for event in outer.get(place, ()) if told.items() <= event.items()]
    if not found:
        yield Finding("acknowledged and not on the stream", f"{receipt['transaction_id']} at {place}")
    for event in found:
        yield from broken("acknowledged otherwise than posted", _differences(place, content, _client_fields(event)))
        if event["account"] != account:
            yield Finding("acknowledged for another account", receipt["transaction_id"])


def _card_numbers(evidence: Evidence) -> Iterator[Finding]:
    """No card number that was sent stands in a view or in a log."""
    numbers = {str(each.posted.document["card_number"]).encode() for each in evidence.submissions}
    views = evidence.views
    places = {
        "the stream": b"\n".join(views.stream.values()),
        "the index": json.dumps([item.event for item in views.items.values()]).encode(),
        "the lake": repr([row.columns for row in views.rows]).encode(),
        "the dead letters": b"\n".join(letter.data for letter in views.letters),
        **evidence.logs,
    }
    for name, content in places.items():
        yield from broken(
            f"card number in {name}", [len(found)] if (found := [n for n in numbers if n in content]) else []
        )


def _false_alarms(evidence: Evidence) -> Iterator[Finding]:
    """No stream of the suite lets go of anything, or is made again, whatever becomes of iterators, checkpoints and
    lists of shards.
    """
    alarms = {
        "retention said to have taken what is there": b"records_lost_by_retention",
        "the stream said to be another": b"stream_not_read",
        "an object said to be another stream's": b"object_of_another_stream",
    }
    for promise, said in alarms.items():
        yield from broken(promise, (name for name, log in evidence.logs.items() if said in log))


def _client_fields(event: Event) -> Event:
    return {name: value for name, value in event.items() if name not in _BESIDES}


def _differences(where: object, expected: Event, found: Event) -> list[str]:
    """The fields that differ; what only the lake has is left out."""
    names = expected.keys() | (found.keys() - {"arrived_at"})
    return [f"{where}: {name}" for name in sorted(names) if expected.get(name, ...) != found.get(name, ...)]
