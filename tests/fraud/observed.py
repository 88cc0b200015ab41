"""Makes observations for tests: defaults that a test changes, made streams, and cards of the sample file."""

import gzip
import io
import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from fraud.observations.category_codes import CATEGORIES
from fraud.observations.observation import MICROSECONDS, Observation
from fraud.observations.reading import observation_of_row
from ingest.layouts.kaggle import read_rows
from ingest.layouts.read_rows import SoundRow

SAMPLE: Final = Path(__file__).parents[3] / "shared" / "data" / "kaggle_like_dev.csv.gz"
DAY: Final = 86_400
BEGIN_S: Final = 17_897 * DAY
"""2019-01-01 UTC."""

needs_sample = pytest.mark.skipif(not SAMPLE.exists(), reason="the sample file is not here")
_HEADER: Final = 1
_CARD_COLUMN: Final = 2


def observation(at_s: int = BEGIN_S, **changes: Any) -> Observation:
    """A purchase of 4.97 USD at a time in seconds since 1970."""
    made = Observation(
        account="acc_one",
        card_id="card_1_" + "a" * 32,
        card_aliases=(),
        transaction_id=f"transaction-{at_s}",
        type="purchase",
        amount_minor=497,
        currency="USD",
        occurred_at_us=at_s * MICROSECONDS,
        category="misc_net",
        merchant_id="mer_" + "b" * 32,
        customer_latitude=36.0788,
        customer_longitude=-81.1781,
        merchant_latitude=36.011293,
        merchant_longitude=-82.048315,
        gender="F",
        date_of_birth="1988-03-09",
        city_population=3495,
        state="NC",
        job="Psychologist, counselling",
        entry_mode="chip",
        terminal_id="T0000042",
    )
    return replace(made, **changes)


def adverse_stream(seed: int, rows: int, cards: int) -> list[Observation]:
    """A stream with everything that a history has rules for.

    Repeats, some with other content, refunds, equal seconds, records days late or beyond the horizon, silences longer
    than it, two accounts that see the same card, currencies, unknown and absent values.
    """
    rng = random.Random(seed)
    now = dict.fromkeys(range(cards), BEGIN_S)
    stream: list[Observation] = []
    for number in range(rows):
        if stream and rng.random() < 0.08:
            repeated = rng.choice(stream[-40:])
            stream.append(rng.choice((repeated, replace(repeated, amount_minor=1, type="purchase"))))
            continue
        card = rng.randrange(cards)
        now[card] += _step(rng)
        late = rng.choice((0, 0, 0, 0, 0, 1, 3_600, DAY, 6 * DAY, 37 * DAY, 40 * DAY))
        stream.append(
            observation(
                now[card] - late,
                account=rng.choice(("acc_one", "acc_one", "acc_two")),
                card_id=f"card_1_{card:032x}",
                transaction_id=f"transaction-{number}",
                occurred_at_us=(now[card] - late) * MICROSECONDS + rng.randrange(MICROSECONDS),
                type=rng.choice(("purchase",) * 8 + ("refund", "reversal")),
                amount_minor=int(10 ** rng.uniform(0, 6))
                if rng.random() < 0.95
                else rng.choice((0, 999_999_999_999)),
                currency=rng.choice(("USD",) * 6 + ("JPY", "KWD", "EUR", "XOF")),
                category=rng.choice((*CATEGORIES[:5], "never heard of", None)),
                merchant_latitude=rng.choice((rng.uniform(-90, 90), -90.0, 90.0, None)),
                merchant_longitude=rng.choice((rng.uniform(-180, 180), -180.0, 180.0, 179.99995)),
                customer_latitude=rng.choice((36.0788, 89.99999, None)),
                gender=rng.choice(("F", "M", "X", None)),
                date_of_birth=rng.choice(("1900-01-01", "2030-02-28", "1988-02-29", "1988-13-01", "", None)),
                city_population=rng.choice((0, 3495, -5, 2**63 - 1, None)),
                entry_mode=rng.choice(("chip", "telepathy", None)),
            )
        )
    return stream


def _step(rng: random.Random) -> int:
    """Seconds to a card's next purchase: often none, sometimes a day, at times longer than the horizon."""
    return rng.choice((0, 0, 30, 1_800, 3_600, 2 * 3_600, 8 * 3_600, DAY, 3 * DAY, rng.choice((7, 30, 37, 38)) * DAY))


def dense_stream(rows: int) -> list[Observation]:
    """More purchases of one card than a history holds, some in one second, some late at its oldest end."""
    rng = random.Random(3)
    times = sorted(BEGIN_S + rng.randrange(10 * DAY) // 60 * 60 for _ in range(rows))
    late = [times[at] for at in range(90, 150)]
    return [observation(at_s, transaction_id=f"dense-{number}") for number, at_s in enumerate([*times, *late])]


def sample_cards(cards: int) -> list[Observation]:
    """All rows of the first cards of the sample file."""
    with gzip.open(SAMPLE, "rb") as file:
        lines = file.read().splitlines(keepends=True)
    numbers = list(dict.fromkeys(line.split(b",", 3)[_CARD_COLUMN] for line in lines[_HEADER : _HEADER + 60 * cards]))
    wanted = set(numbers[:cards])
    chosen = [line for line in lines[_HEADER:] if line.split(b",", 3)[_CARD_COLUMN] in wanted]
    return list(_observations([*lines[:_HEADER], *chosen]))


def _observations(lines: Sequence[bytes]) -> Iterator[Observation]:
    cards: dict[str, str] = {}
    for row in read_rows(io.BytesIO(b"".join(lines))):
        assert isinstance(row, SoundRow)
        body = json.loads(row.body)
        card = cards.setdefault(body["card_number"], f"card_1_{len(cards):032x}")
        yield observation_of_row(body, account="acc_one", card_id=card, merchant_id="mer_" + "0" * 32)
