"""MissBudget at a card number, at once and at two processes behind one port."""

import asyncio
from pathlib import Path
from typing import Final

from tests.builders import body
from tests.races.served import client_of, serving
from tests.support.one_mask import cards_of_mask
from tests.workers.conftest import world_of
from txn_api.card_masks.card_guesses import SHARED_FROM
from txn_api.card_masks.mask_shares import UNSHARED_MIN
from txn_core.settings import Settings

BOUND: Final = 200
GUESSES: Final = 1_200
AT_ONCE: Final = 32


async def test_two_processes_stop_guesses_near_the_bound(settings: Settings, tmp_path: Path) -> None:
    """Each may take what it does not tell of, and what it takes before it has heard of the other."""
    settings = settings.model_copy(update={"api_processes": 2, "key_cards_of_mask_max": BOUND})
    async with world_of(settings) as world, serving(settings, tmp_path) as api, client_of(world) as client:
        cards = iter(cards_of_mask(GUESSES))
        taken: list[str] = []
        refused: set[str] = set()

        async def guess() -> None:
            for card in cards:
                told = await client.post(api.url, body(transaction_id=f"guess-{card[6:12]}", card_number=card))
                if told.status == 202:
                    taken.append(card)
                else:
                    refused.add(told.code)

        await asyncio.gather(*(guess() for _ in range(AT_ONCE)))
        assert refused == {"too_many_cards_of_mask"}
        assert BOUND - UNSHARED_MIN <= len(taken) <= BOUND + 2 * (SHARED_FROM + UNSHARED_MIN)
