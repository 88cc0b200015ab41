"""Events of simulated rows of a few hundred cards, so that each has a past; and 50 rules that people might write."""

import io
from collections.abc import Iterator
from typing import Final

from bench.drains.fetched import encoded
from fraud.rules.rule import Rule, Rules
from ingest.layouts.kaggle import read_rows
from ingest.layouts.read_rows import SoundRow
from txn_cli.simulator.simulated_rows import simulate_rows, write_rows

RULES: Final = 50
_EXPIRES: Final = "2099-01-01T00:00:00.000000Z"
_CONDITIONS: Final = (
    "amount > {0}00000 && hour < 5",
    'category == "shopping_net" && count_1h > {0} && amount_24h > 500000',
    "amount_to_mean > {0}.0 && count_24h > 9",
    'in_list("blocked_merchants", merchant_id) && amount > {0}000',
    'score > 990 && card_age < 8640{0} && entry_mode != "chip"',
)


def bodies(rows: int, *, cards: int, seed: int = 3) -> Iterator[bytes]:
    """So many request bodies of these cards, in the order of time."""
    file = io.StringIO(newline="")
    write_rows(simulate_rows(rows=rows, cards=cards, seed=seed), file)
    for row in read_rows(io.BytesIO(file.getvalue().encode())):
        if isinstance(row, SoundRow):
            yield row.body


def events(rows: int, *, cards: int, name: str) -> list[bytes]:
    """The same as events, whose ids are of this name and a number."""
    return [encoded(body, f"{name}-{number:08d}") for number, body in enumerate(bodies(rows, cards=cards))]


def fifty_rules() -> Rules:
    """Five kinds of conditions in ten variants each, live, which hit next to nothing."""
    rules = [
        Rule(
            id=f"r{number}",
            when=_CONDITIONS[number % len(_CONDITIONS)].format(number // len(_CONDITIONS) + 1),
            action="review",
            mode="live",
            owner="bench",
            expires_at=_EXPIRES,
        )
        for number in range(RULES)
    ]
    return Rules(rules=rules, lists={"blocked_merchants": ["mer_" + "b" * 32]})
