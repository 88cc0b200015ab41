"""Random sequences: our connection answers them as h11 does, and what is stored follows from what was answered."""

import os
from http import HTTPStatus
from typing import Final

import pytest

from tests.http.judging.report import told
from tests.http.judging.rules import RULES
from tests.http.run import Outcome, run
from tests.http.sequences import kinds, sequence

SEQUENCES: Final = 2_000
SEED: Final = int(os.environ.get("SEED", "18"))
OF_EACH_KIND_MIN: Final = 5
STATUSES: Final = frozenset(
    {200, 202, 400, 401, 403, 404, 405, 408, 413, 414, 415, 422, 431, 501, 503, HTTPStatus.HTTP_VERSION_NOT_SUPPORTED}
)


@pytest.fixture(scope="module")
def outcome() -> Outcome:
    """One run for all tests; in full: `make fuzz-http`."""
    return run(SEED, range(SEQUENCES))


def test_our_connection_answers_as_h11_does(outcome: Outcome) -> None:
    """Number, order, status, fields, framing and bodies of the answers, the end of the connection, and the stream."""
    assert not outcome.faults, "\n".join(told(fault) for fault in outcome.faults)
    assert outcome.sequences == SEQUENCES
    assert outcome.stored > SEQUENCES / 4


def test_every_rule_that_sets_the_oracle_apart_mattered(outcome: Outcome) -> None:
    """A rule that no sequence touches would be an excuse that nobody needs."""
    assert [rule.name for rule in RULES if not outcome.touched[rule.name]] == []


def test_every_kind_of_mutation_was_sent(outcome: Outcome) -> None:
    assert [name for name in kinds() if outcome.kinds[name] < OF_EACH_KIND_MIN] == []


def test_every_status_of_the_door_was_answered(outcome: Outcome) -> None:
    assert STATUSES - outcome.statuses.keys() == frozenset()


def test_the_same_seed_makes_the_same_sequences() -> None:
    """Each by its number alone, so that one that failed can be sent again."""
    assert [sequence(3, number) for number in (5, 1, 9)] == [sequence(3, number) for number in (5, 1, 9)]
    assert sequence(3, 5) != sequence(4, 5)
