"""Features of the first stage over the sample file, as training computes them: rows a CPU second on one core."""

import time
from typing import Final

from bench.scorer.sample import SAMPLE
from bench.write_path.results import Result, at_most, compared
from fraud.features.catalogue import features_of
from fraud.history.card_history import CardHistory
from fraud.training.labelled import by_card
from txn_cli.fraud.labelled_file import LabelledFile

ROWS: Final = 5_000_000
SECONDS_MAX: Final = 300.0


def measure() -> list[Result]:
    """Every row of the sample once, card by card; 5 million rows are extrapolated."""
    cards = by_card(LabelledFile(str(SAMPLE)).rows())
    rows = sum(map(len, cards.values()))
    began = time.process_time()
    for each in cards.values():
        history = CardHistory.empty()
        for row in each:
            features_of(row.observation, history)
            history.with_(row.observation, {})
    took_s = time.process_time() - began
    name = f"features of 5 M rows, CPU s, extrapolated from {rows:,} rows at {rows / took_s:,.0f}/s"
    return [compared(name, [ROWS * took_s / rows], [SECONDS_MAX], at_most(1), by="CPU")]
