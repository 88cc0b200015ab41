"""The verdict on the scorer: it finds nothing where all is well, and each thing that can be wrong by its name."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from fraud.scoring.card_state import CardState
from tests.chaos.documents import documents
from tests.chaos.judging.scores.evidence import ScoreEvidence, place_of
from tests.chaos.judging.scores.faults import compared_scores, find_score_faults
from tests.chaos.judging.scores.scored_run import LEFT, RIGHT, MemoryScorer, event_of, ordinary, scored_run
from tests.chaos.judging.views import Place
from tests.workers.builders import later
from txn_core.dynamodb.card_states import StoredCardState
from txn_core.positions import Position, SequenceNumber, ShardId
from txn_core.transactions.event import Event

Change = Callable[[ScoreEvidence], ScoreEvidence]


def promises(evidence: ScoreEvidence) -> set[str]:
    """What was broken."""
    return {finding.promise for finding in find_score_faults(evidence)}


@cache
def whole() -> ScoreEvidence:
    """A run in which all went well, of which a test may change a copy."""
    return asyncio.run(scored_run(ordinary()))


def test_a_run_in_which_all_went_well_is_not_accused() -> None:
    """With repeats, a change of the versions, and a shard that was split."""
    evidence = whole()
    counts = compared_scores(evidence)
    assert find_score_faults(evidence) == []
    assert len(evidence.events) > counts["rows in the score log"] > counts["alerts"] > counts["cases"] > 3
    assert counts["rows under the second versions"] > 10
    assert not counts["cards on two shards at once"]


def _rows(change: Callable[[int], object]) -> Change:
    """Some rows changed: `change` gives the fields of one by its number."""

    def changed(evidence: ScoreEvidence) -> ScoreEvidence:
        rows = [replace(row, **change(number)) for number, row in enumerate(evidence.rows)]  # type: ignore[arg-type]
        return replace(evidence, rows=rows)

    return changed


def _one(**fields: object) -> Change:
    return _rows(lambda number: fields if number == 1 else {})


def _without_first_row(evidence: ScoreEvidence) -> ScoreEvidence:
    return replace(evidence, rows=evidence.rows[1:])


def _repeat_scored(evidence: ScoreEvidence) -> ScoreEvidence:
    """A row for a record whose id was scored before."""
    known = {place_of(row.position) for row in evidence.rows}
    place, event = next(each for each in evidence.events.items() if each[0] not in known)
    first = next(row for row in evidence.rows if row.transaction_id == event.transaction_id)
    position = Position(ShardId(place.shard_id), SequenceNumber(str(place.sequence_number)), 0)
    again = replace(first, position=position, accepted_at=event.accepted_at)
    return replace(evidence, rows=[*evidence.rows, again])


def _other_feature(evidence: ScoreEvidence) -> ScoreEvidence:
    row = evidence.rows[5]
    return replace(
        evidence, rows=[*evidence.rows[:5], replace(row, features=(*row.features[:-1], 0.5)), *evidence.rows[6:]]
    )


def _first_versions_at_the_end(evidence: ScoreEvidence) -> ScoreEvidence:
    rows = sorted(evidence.rows, key=lambda row: int(row.position.sequence_number))
    return replace(evidence, rows=[*rows[:-1], replace(rows[-1], rules_version=rows[0].rules_version)])


def _states(change: Callable[[CardState], None]) -> Change:
    def changed(evidence: ScoreEvidence) -> ScoreEvidence:
        states = {}
        for key, stored in evidence.states.items():
            state = CardState.of(stored)
            change(state)
            states[key] = StoredCardState(state.document, 2)
        return replace(evidence, states=states)

    return changed


def _forgotten(state: CardState) -> None:
    assert state.history is not None
    state.history.purchases_ever += 1


def _item(evidence: ScoreEvidence) -> ScoreEvidence:
    key, item = next(iter(evidence.items.items()))
    return replace(evidence, items={**evidence.items, key: item | {"s": {"N": "1000"}}})


def _case(**fields: object) -> Change:
    def changed(evidence: ScoreEvidence) -> ScoreEvidence:
        first, *others = evidence.cases
        return replace(evidence, cases=[replace(first, **fields), *others])  # type: ignore[arg-type]

    return changed


def _second_case(evidence: ScoreEvidence) -> ScoreEvidence:
    other = replace(evidence.cases[0], case_id="cas_" + "0" * 32)  # type: ignore[arg-type]
    return replace(evidence, cases=[*evidence.cases, other])


def _other_alert(evidence: ScoreEvidence) -> ScoreEvidence:
    first, *others = evidence.alerts
    document = first.document.replace(b'"score":', b'"score":1')
    return replace(evidence, alerts=[replace(first, document=document), *others])


WRONG: dict[str, Change] = {
    "not scored": _without_first_row,
    "scored twice": _repeat_scored,
    "doubled in the score log": lambda of: replace(of, rows=[*of.rows, of.rows[0]]),
    "in the score log, not on the stream": lambda of: replace(of, events=dict(list(of.events.items())[1:])),
    "scored without a model that was there": _one(fallback="model_error"),
    "another arrival than the lake's": lambda of: replace(of, arrivals=dict.fromkeys(of.arrivals, later(9_999))),
    "a score differs from its refold": _other_feature,
    "versions that were never wanted": _one(rules_version=None),
    "versions that came back": _first_versions_at_the_end,
    "missing in the table of scores": lambda of: replace(of, items={}),
    "in the table of scores, not in the log": _without_first_row,
    "the table of scores says otherwise": _item,
    "a card without a state": lambda of: replace(of, states={}),
    "a state differs from its refold": _states(_forgotten),
    "applied is behind the checkpoint": _states(lambda state: state.applied.clear()),
    "a state of no card": lambda of: replace(of, events={}),
    "an alert is missing": lambda of: replace(of, alerts=of.alerts[1:]),
    "an alert that no score asks for": _rows(lambda _: {"decision": "pass"}),
    "an alert is doubled": lambda of: replace(of, alerts=[*of.alerts, of.alerts[0]]),
    "an alert says otherwise than its score": _other_alert,
    "an alert is not on its stream": lambda of: replace(of, published=of.published[1:]),
    "on the stream of alerts, no alert": lambda of: replace(of, published=[*of.published, b"{}"]),
    "an alert is not marked as published": lambda of: replace(
        of, alerts=[replace(each, is_published=False) for each in of.alerts]
    ),
    "a case is missing": lambda of: replace(of, cases=of.cases[1:]),
    "a case of no alert": _second_case,
    "two open cases of one card": _second_case,
    "a case does not add up": _case(alerts=()),
}


@pytest.mark.parametrize("promise", WRONG)
def test_each_broken_promise_is_found(promise: str) -> None:
    assert promise in promises(WRONG[promise](whole()))


def _on_two_shards(count: int = 6) -> list[tuple[Place, Event]]:
    """Records of one card, in turn on two shards that are read at the same time."""
    first = next(posted for posted in documents(11) if posted.kind == "new").document
    made = [
        event_of(
            number, first | {"transaction_id": f"landed-{number}", "occurred_at": f"2026-01-01T00:00:{number:02d}Z"}
        )
        for number in range(1, count + 1)
    ]
    return [(Place((LEFT, RIGHT)[n % 2], n, 0), event) for n, event in enumerate(made, 1)]


async def _known_of_the_other_shard(*unknown: int) -> ScoreEvidence:
    """Scores of which the nth did not know the last so many records of the other shard."""
    placed, scorer = _on_two_shards(), MemoryScorer()
    for number, (place, event) in enumerate(placed):
        of_other = [each.transaction_id for at, each in placed[:number] if at.shard_id != place.shard_id]
        missed = of_other[len(of_other) - unknown[number] :]
        scorer.take(place, event, unknown=missed)
    return await scored_run(placed, scorer)


async def test_a_card_on_two_shards_may_know_any_number_of_the_other_ones_records() -> None:
    """From none of them to all."""
    evidence = await _known_of_the_other_shard(0, 1, 1, 2, 0, 1)
    assert compared_scores(evidence)["cards on two shards at once"] == 1
    assert find_score_faults(evidence) == []


async def test_what_a_score_has_known_of_another_shard_is_known_ever_after() -> None:
    """The third record knew one of the other shard, the fifth none."""
    evidence = await _known_of_the_other_shard(0, 0, 0, 0, 2, 0)
    assert "a score differs from its refold" in promises(evidence)


@pytest.mark.parametrize("knows", [True, False])
async def test_an_id_on_two_shards_has_one_score_or_two(*, knows: bool) -> None:
    """Two if neither knew of the other, of which the first write counts; none is no choice."""
    placed, scorer = _on_two_shards(4), MemoryScorer()
    placed[1] = placed[1][0], placed[0][1].model_copy(update={"accepted_at": later(0)})
    for place, event in placed:
        scorer.take(place, event, unknown=() if knows else [event.transaction_id])
    evidence = await scored_run(placed, scorer)
    assert len(evidence.rows) == (3 if knows else 4)
    assert find_score_faults(evidence) == []
    without = [row for row in evidence.rows if row.transaction_id != "landed-1"]
    assert "not scored" in promises(replace(evidence, rows=without))
