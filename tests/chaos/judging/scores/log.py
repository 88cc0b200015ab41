"""The score log and the table of scores: each record once, under versions that were wanted."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from fraud.records.score_row import ScoreRow
from fraud.scoring.score_rows import item_of
from tests.chaos.judging.finding import Finding, broken
from tests.chaos.judging.scores.evidence import ScoreEvidence, place_of


def log_faults(evidence: ScoreEvidence) -> Iterator[Finding]:
    """What is doubled, missing, made up, or scored without a model that was there."""
    counts = Counter(place_of(row.position) for row in evidence.rows)
    yield from broken("doubled in the score log", (place for place, count in counts.items() if count > 1))
    yield from broken("in the score log, not on the stream", counts.keys() - evidence.events.keys())
    for place, row in evidence.by_place().items():
        if row.fallback is not None:
            yield Finding("scored without a model that was there", f"{place}: {row.fallback}")
        if (arrived_at := evidence.arrivals.get(place)) != row.arrived_at:
            yield Finding("another arrival than the lake's", f"{place}: {row.arrived_at}, {arrived_at}")


def pin_faults(evidence: ScoreEvidence) -> Iterator[Finding]:
    """On each shard versions follow each other as they were wanted, and none comes back."""
    by_shard: dict[str, list[ScoreRow]] = defaultdict(list)
    for _, row in sorted(evidence.by_place().items()):
        by_shard[row.position.shard_id].append(row)
    for shard_id, rows in by_shard.items():
        newest = 0
        for row in rows:
            turn = evidence.registry.turn_of(row)
            if turn is None:
                yield Finding("versions that were never wanted", f"{shard_id} {row.position.sequence_number}")
            elif turn < newest:
                yield Finding("versions that came back", f"{shard_id} {row.position.sequence_number}")
            newest = max(newest, turn or 0)


def item_faults(evidence: ScoreEvidence) -> Iterator[Finding]:
    """The table has one item a row of the log, which says what the row says.

    One more stands there at most for a record of an id that has a row: it was scored by who died before its log, and
    was a repeat for who came after it.
    """
    logged = {_key(item_of(row).attributes()): row for row in evidence.rows}
    ids = {f"{row.account}#{row.transaction_id}" for row in evidence.rows}
    yield from broken("missing in the table of scores", logged.keys() - evidence.items.keys())
    others = (key for key in evidence.items.keys() - logged.keys() if evidence.items[key]["id"]["S"] not in ids)
    yield from broken("in the table of scores, not in the log", others)
    for key, row in logged.items():
        found = evidence.items.get(key)
        if found is not None and found != item_of(row).attributes():
            yield Finding("the table of scores says otherwise", f"{key}: {found}, and the log {row.score}")


def _key(item: Mapping[str, Any]) -> str:
    return f"{item['id']['S']}#{item['record']['S']}"
