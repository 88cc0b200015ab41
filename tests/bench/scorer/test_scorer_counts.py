"""What the scorer writes and publishes, counted on a few simulated rows; the long form is `make bench-scorer`."""

import asyncio

from bench.drains.fetched import fetched
from bench.scorer.free_stores import SHARD, FreeScorer, free_settings, usual_versions
from bench.scorer.simulated import bodies, events
from bench.scorer.speed import scored_s
from bench.scorer.units import SCORE_BYTES_MAX, UNITS_MAX, Writing

from txn_core.drains import SCORE
from txn_core.dynamodb.tables import TableNames
from workers.reading.read_position import records_of

CARDS = 3
ROWS = 320
"""Of three cards: 50 days."""


def test_a_score_takes_at_most_three_units_and_its_item_is_small() -> None:
    writing = Writing()
    asyncio.run(writing.write(bodies(ROWS, cards=CARDS)))
    assert writing.transactions > 20
    assert writing.scores.items == writing.transactions
    assert writing.states.items <= writing.transactions
    assert writing.scores.bytes / writing.scores.items < SCORE_BYTES_MAX
    assert (writing.scores.units + writing.states.units) / writing.transactions <= UNITS_MAX


def test_rows_without_an_alert_publish_nothing_and_cards_and_counts_are_written_once_a_flush() -> None:
    rows = 100
    with free_settings() as settings:
        scorer = FreeScorer(settings, versions=usual_versions()._replace(champion=None))
        asyncio.run(scored_s(scorer, records_of(SHARD, fetched(events(rows, cards=CARDS, name="counts")))))
        names = TableNames.of(settings)
    tables = {name: len(items) for name, items in scorer.client.tables.items() if items}
    states = names.of_drain(SCORE.name, SCORE.tables[0].name)
    assert tables == {names.scores: rows, names.score_counts: 1, states: CARDS}
    assert scorer.client.calls["put_item"] == CARDS + 1
    assert scorer.stream.put == 0
    assert scorer.objects.bytes > 0
