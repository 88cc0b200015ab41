"""The lines of a long upload, and the verdict on memory."""

import json

import pytest
from bench.write_path.load.bodies import bodies
from bench.write_path.memory import halves, pieces

from txn_core.transactions.transaction import parse_transaction


def test_every_line_is_a_transaction_with_an_id_of_its_own() -> None:
    """As many as were asked for, although there are far fewer bodies."""
    lines = b"".join(pieces(list(bodies(7)), 450)).splitlines()
    assert len({parse_transaction(line).transaction_id for line in lines}) == len(lines) == 450


def test_only_the_id_of_a_body_changes() -> None:
    """Percent signs included, which the lines are made by."""
    body = b'{"transaction_id":"0123456789","merchant":{"name":"100% Wool %d"}}'
    (line,) = b"".join(pieces([body], 1)).splitlines()
    assert json.loads(line) == json.loads(body) | {"transaction_id": "0" * 32}


def test_the_first_tenth_belongs_to_neither_half() -> None:
    """A process grows to its working size in it, or shrinks."""
    assert halves([900, 900, *[100] * 9, *[120] * 9]) == (100, 120)


def test_growth_shows_in_the_second_half() -> None:
    """Its maximum counts, wherever it is."""
    assert halves([50, 100, 101, 102, 150, 103]) == (101, 150)


def test_too_few_samples_tell_nothing() -> None:
    """Rather than that all is well."""
    with pytest.raises(ValueError, match="too short"):
        halves([100, 100, 100])
