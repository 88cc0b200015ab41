"""The shared sample of genuine-looking transactions, held against the domain's rules."""

import gzip
import itertools
import re
from collections import Counter
from pathlib import Path

import pytest

from ingest.layouts.kaggle import read_rows
from ingest.layouts.read_rows import SoundRow
from tests.builders import encoded
from txn_core.card_numbers.pan import passes_luhn
from txn_core.transactions.event import Event
from txn_core.transactions.reading import read_submission
from txn_core.transactions.transaction import TransactionRequest, parse_transaction

ROWS = 20_000
TODAY = "2026-01-02"
FILE = Path(__file__).parents[4] / "shared" / "data" / "kaggle_like_dev.csv.gz"


@pytest.fixture(scope="module")
def bodies() -> list[bytes]:
    """The first rows of the sample as request bodies."""
    if not FILE.exists():
        pytest.skip(f"the sample data is not there: {FILE.name}")
    with gzip.open(FILE) as file:
        rows = list(itertools.islice(read_rows(file), ROWS))  # type: ignore[arg-type]
    return [row.body for row in rows if isinstance(row, SoundRow)]


@pytest.fixture(scope="module")
def requests(bodies: list[bytes]) -> list[TransactionRequest]:
    """The same, parsed."""
    return [parse_transaction(body) for body in bodies]


def test_every_row_passes_every_rule(bodies: list[bytes], requests: list[TransactionRequest]) -> None:
    """No genuine row is refused: not by the model, and not for a card number that is none."""
    assert len(requests) == ROWS
    for body in bodies:
        read_submission(body, None, request_text="", today=TODAY)


def test_genuine_ids_hold_luhn_valid_runs(requests: list[TransactionRequest]) -> None:
    """Ids that a search inside alphanumerics would refuse are in the sample, so the rule above means them."""
    ids = [str(request.transaction_id) for request in requests]
    with_run = [i for i in ids if any(passes_luhn(run) for run in re.findall("[0-9]{13,19}", i))]
    assert with_run


def test_names_hold_commas_and_apostrophes(requests: list[TransactionRequest]) -> None:
    """The punctuation of the names is kept, and the artefact before them is not."""
    names = {request.merchant.name for request in requests}
    assert any("," in name for name in names)
    assert any("'" in name for name in names)
    assert not any(name.startswith("fraud_") for name in names)


def test_every_event_reads_back_without_its_card_number(requests: list[TransactionRequest]) -> None:
    """Every tenth row's event decodes, and its bytes do not hold the number."""
    for request in requests[::10]:
        written = encoded(request)
        assert Event.decode(written.data).amount_minor == request.amount_minor
        assert request.card_number.digits_for_identity().encode() not in written.data


def test_a_card_is_a_customer_and_an_id_a_transaction(requests: list[TransactionRequest]) -> None:
    """Cards and customers are one to one in the sample, and so are they derived."""
    pairs = Counter((written.card_id, written.customer_id) for written in map(encoded, requests[:2_000]))
    assert len({card for card, _ in pairs}) == len({customer for _, customer in pairs}) == len(pairs)
