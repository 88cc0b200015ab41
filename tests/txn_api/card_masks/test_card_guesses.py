"""The cards of one mask are counted: against an oracle that keeps all, under floods, and in several processes."""

import asyncio
import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from structlog.testing import capture_logs

from tests import builders
from tests.builders import ACCOUNT, keys
from tests.txn_api.card_masks.test_mask_shares import Table
from txn_api.access.rate_limits import Bucket
from txn_api.card_masks import card_guesses
from txn_api.card_masks.card_guesses import DAY_S, SHARED_FROM, CardGuesses
from txn_api.card_masks.mask_cards import CARD_BYTES, MASK_BYTES, ROOM_BYTES
from txn_api.card_masks.mask_shares import UNSHARED_MIN, MaskShares
from txn_api.card_masks.mask_sketch import MaskSketch
from txn_api.problems import TooManyCardsOfMask
from txn_api.writes.fair_memory import FairMemory
from txn_cli.simulator.cards import card_number
from txn_cli.simulator.rng import Rng
from txn_core.card_numbers import pan
from txn_core.transactions.identity import Account, CardId

MASK = "999999******1234"
QUIET = Account("quiet")
LEFT_OF_DAY_S = 3_600
SEED = 11
SAMPLE = Path(__file__).parents[4] / "shared" / "data" / "kaggle_like_dev.csv.gz"


def card(number: int, of: int = 0) -> CardId:
    """The id of a card; what is random about an HMAC is a hash of its number here."""
    return CardId(f"card_1_{Random(number * 1_000_003 + of).getrandbits(128):032x}")


def accepted(
    guesses: CardGuesses, numbers: Iterable[int], *, account: Account = ACCOUNT, mask: str = MASK, most: int = 1_000
) -> list[int]:
    """The cards that were not refused."""
    taken = []
    for number in numbers:
        try:
            guesses.take(account, mask, card(number), most)
        except TooManyCardsOfMask:
            continue
        taken.append(number)
    return taken


@dataclass
class Clock:
    """A clock that is set, at first an hour before a day ends."""

    at: float = 20_000 * DAY_S - LEFT_OF_DAY_S

    def __call__(self) -> float:
        return self.at


@dataclass
class Oracle:
    """What is to be answered, with all cards kept."""

    seen: dict[tuple[str, str], set[int]] = field(default_factory=lambda: defaultdict(set))
    refused: dict[tuple[str, str], int] = field(default_factory=lambda: defaultdict(int))

    def takes(self, account: str, mask: str, number: int, most: int) -> bool:
        """Whether a card is taken."""
        seen, key = self.seen[account, mask], (account, mask)
        if (number in seen and self.refused[key] <= most // 10) or (number not in seen and len(seen) < most):
            seen.add(number)
            return True
        self.refused[key] += 1
        return False


def test_the_first_thousand_cards_of_a_mask_are_taken_and_no_more() -> None:
    """Of 10,002 guesses; who is refused is told to come back tomorrow."""
    guesses = CardGuesses(clock=Clock())
    assert accepted(guesses, range(10_002)) == list(range(1_000))
    with pytest.raises(TooManyCardsOfMask) as refused:
        guesses.take(ACCOUNT, MASK, card(10_003), 1_000)
    assert refused.value.headers == {"Retry-After": str(LEFT_OF_DAY_S)}


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b"]), st.sampled_from(["m", "n"]), st.integers(0, 40)), max_size=200),
    st.sampled_from([1, 5, 10, 20]),
)
def test_counts_are_those_of_an_oracle_that_keeps_everything(sent: list[tuple[str, str, int]], most: int) -> None:
    """Whatever accounts send in whatever order, as long as there is room."""
    guesses, oracle = CardGuesses(clock=Clock()), Oracle()
    for account, mask, number in sent:
        taken = accepted(guesses, [number], account=Account(account), mask=mask, most=most)
        assert bool(taken) == oracle.takes(account, mask, number, most)


def test_a_card_that_came_before_is_no_new_guess() -> None:
    """At the bound it still comes in, until guesses are refused: then it would tell that somebody had used it."""
    guesses = CardGuesses(clock=Clock())
    accepted(guesses, range(1_000))
    assert accepted(guesses, [5] * 100) == [5] * 100
    assert accepted(guesses, range(1_000, 1_101)) == []
    assert accepted(guesses, range(1_000)) == []


def test_who_looks_for_the_card_that_was_used_today_does_not_find_it_by_what_is_refused() -> None:
    """A thousand guesses, and then all other numbers: the one that was used is refused as they are."""
    guesses, used = CardGuesses(clock=Clock()), 17_777
    accepted(guesses, [used])
    accepted(guesses, range(1_000))
    assert accepted(guesses, range(1_000, 20_000)) == []


def test_a_new_day_begins_with_nothing() -> None:
    """The bound is of a day of UTC."""
    clock = Clock()
    guesses = CardGuesses(clock=clock)
    assert len(accepted(guesses, range(1_200))) == 1_000
    clock.at += LEFT_OF_DAY_S - 1
    assert accepted(guesses, range(2_000, 2_010)) == []
    clock.at += 1
    assert len(accepted(guesses, range(2_000, 3_200))) == 1_000


def test_accounts_and_masks_are_apart_and_zero_is_no_bound() -> None:
    """What one is refused, another is not."""
    guesses = CardGuesses(clock=Clock())
    accepted(guesses, range(2_000))
    assert len(accepted(guesses, range(1_000), account=QUIET)) == 1_000
    assert len(accepted(guesses, range(1_000), mask="999999******1235")) == 1_000
    assert len(accepted(guesses, range(2_000), account=Account("free"), most=0)) == 2_000
    assert len(accepted(guesses, range(3_000, 4_000), most=0)) == 1_000


def test_many_cards_are_logged_and_counted_without_saying_which() -> None:
    """From a hundred on, once a mask and day, and once more when they are refused."""
    registry = CollectorRegistry()
    with capture_logs() as logs:
        guesses = CardGuesses(registry=registry, clock=Clock())
        accepted(guesses, range(99))
        accepted(guesses, range(99))
        assert logs == []
        accepted(guesses, range(1_500))
    assert logs == [
        {"event": "many_cards_of_mask", "log_level": "warning", "account": ACCOUNT, "cards": 100},
        {"event": "cards_of_mask_refused", "log_level": "warning", "account": ACCOUNT, "cards": 1_000},
    ]
    assert registry.get_sample_value("txn_api_masks_noticed_total") == 1
    assert registry.get_sample_value("txn_api_cards_of_mask_refused_total") == 500


def test_log_lines_are_bounded_and_counts_are_not() -> None:
    """A flood of masks, each of which would be worth a line."""
    registry = CollectorRegistry()
    with capture_logs() as logs:
        guesses = CardGuesses(registry=registry, clock=Clock())
        for mask in range(300):
            accepted(guesses, range(100), mask=str(mask))
    assert registry.get_sample_value("txn_api_masks_noticed_total") == 300
    assert len(logs) < 150


def test_many_masks_with_few_cards_are_not_refused_and_a_guesser_among_them_is(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As late on a busy day: masks are counted exactly only when their cell has many bits.

    By then 44 cards came on average, which count for nothing.
    """
    monkeypatch.setattr(card_guesses, "MASKS_A_BIT", 20)
    random, guesses = Random(SEED), CardGuesses(clock=Clock())
    for number in range(40_000):
        guesses.take(QUIET, str(random.getrandbits(40)), card(number), 1_000)
    assert len(guesses._counted) < 600
    taken = accepted(guesses, range(5_000))
    assert taken[:1_000] == list(range(1_000))
    assert len(taken) <= 1_000 + 75
    assert accepted(guesses, [number for number in range(1_000) for _ in range(3)], account=QUIET) == [
        number for number in range(1_000) for _ in range(3)
    ]


def test_a_flood_of_cards_buys_few_guesses_for_what_it_costs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each time that the sketch is filled up, less than 44 cards of a mask are forgotten, and no others' are refused.

    A full sketch of the real size is 24 million cards; what is counted exactly is not forgotten by any flood.
    """
    monkeypatch.setattr(card_guesses, "MASKS_A_BIT", 0.01)  # from the second mask on, 32 bits are needed
    monkeypatch.setattr(card_guesses, "MaskSketch", lambda: MaskSketch(cells=256, full_at=20 * 256))
    random, guesses, taken, fills = Random(SEED), CardGuesses(clock=Clock()), 0, 10

    def flood() -> None:
        for _ in range(24 * 256):
            guesses.take(ACCOUNT, str(random.getrandbits(40)), card(random.getrandbits(40)), 1_000)

    for fill in range(fills):
        flood()
        taken += len(accepted(guesses, range(fill * 1_000, fill * 1_000 + 20), most=300))
    taken += len(accepted(guesses, range(50_000, 51_000), most=300))
    assert taken <= 300 + 44 * (fills + 1)
    flood()
    assert accepted(guesses, range(60_000, 60_100), most=300) == []
    assert len(accepted(guesses, range(1_000), account=QUIET)) == 1_000


def test_room_is_bounded_and_who_fills_it_is_refused() -> None:
    """A flood of masks with many cards is refused beyond the account's part; another account finds room."""
    room = FairMemory(200 * MASK_BYTES)
    guesses = CardGuesses(room=room, clock=Clock())
    taken = sum(len(accepted(guesses, range(50), mask=str(mask))) for mask in range(500))
    assert taken < 500 * 50 / 4
    assert room.held <= room.bytes_max
    assert len(accepted(guesses, range(500), account=QUIET)) == 500
    assert room.held <= room.bytes_max


def processes(table: Table, count: int, room_bytes: int = ROOM_BYTES) -> tuple[list[CardGuesses], list[MaskShares]]:
    """So many processes that tell each other by one table."""
    rooms = [FairMemory(room_bytes) for _ in range(count)]
    shares = [MaskShares(table.add, keys().mask_id, room, rate=Bucket(1_000_000), away_s=0.01) for room in rooms]
    return [CardGuesses(told, room, clock=Clock()) for told, room in zip(shares, rooms, strict=True)], shares


async def sent(guesses: Sequence[CardGuesses], numbers: Iterable[int]) -> list[int]:
    """The cards that were taken, each by the process whose turn it is."""
    taken = []
    for place, number in enumerate(numbers):
        taken += accepted(guesses[place % len(guesses)], [number])
        await asyncio.sleep(0)
    return taken


async def closed(shares: Iterable[MaskShares]) -> None:
    """Tell what is left."""
    for told in shares:
        await told.close()


async def test_cards_of_other_processes_take_no_room_from_other_accounts() -> None:
    """An account has filled its part at each process, and the last one hears of all of them at once."""
    table, masks = Table(), [str(number) for number in range(60)]
    guesses, shares = processes(table, 5, 200 * MASK_BYTES)
    for place, process in enumerate(guesses):
        if process is guesses[-1]:
            table.open.clear()
        for mask in masks:
            accepted(process, range(place * 1_000, place * 1_000 + 40), mask=mask)
            await asyncio.sleep(0)
        table.open.set()
        await closed(shares)
    last, heard = guesses[-1], shares[-1]._room
    assert sum(heard._held_by.values()) == heard.held
    assert heard.held <= 100 * MASK_BYTES
    assert len(accepted(last, range(10), account=QUIET)) == 10
    assert [accepted(last, range(9_000, 9_010), mask=mask, most=210) for mask in masks] == [[]] * len(masks)


@pytest.mark.parametrize("count", [2, 4])
async def test_guesses_that_are_spread_over_processes_are_stopped_near_the_bound(count: int) -> None:
    """Each process may take those that it does not tell of at first, and a few that it has not told of yet."""
    guesses, shares = processes(Table(), count)
    taken = await sent(guesses, range(10_002))
    await closed(shares)
    assert 1_000 <= len(taken) <= 1_000 + count * (SHARED_FROM + 8)


async def test_cards_that_all_processes_see_count_once() -> None:
    """As a large acquirer's do, whose connections lead to all of them."""
    guesses, shares = processes(Table(), 4)
    taken = await sent(guesses, [number for number in range(600) for _ in range(4)])
    assert len(taken) == 2_400
    assert len(await sent(guesses[:1], range(600, 900))) == 300
    await closed(shares)


async def test_a_restart_forgets_little() -> None:
    """The new process hears of the others' and of its own from before when it tells of its first cards."""
    table, taken = Table(), 0
    for start in range(10):
        guesses, shares = processes(table, 1)
        taken += len(await sent(guesses, range(start * 1_000, start * 1_000 + 1_000)))
        await closed(shares)
    assert 1_000 <= taken <= 1_000 + 9 * (SHARED_FROM + 8)


async def test_bursts_that_the_table_is_too_slow_for_are_refused_until_it_answers() -> None:
    """All processes together pass the bound by less than they may take unheard, which is less and less."""
    table = Table()
    guesses, shares = processes(table, 4)
    taken = 0
    for begin in range(0, 20_000, 1_000):
        table.open.clear()
        taken += len(await sent(guesses, range(begin, begin + 1_000)))
        table.open.set()
        await closed(shares)
    assert 900 <= taken <= 1_000 + 4 * 334 + 4 * UNSHARED_MIN


async def test_behind_a_burst_that_had_to_wait_known_cards_come_in_as_new_ones_do() -> None:
    """Its refusals are over when the table has answered, and they took no room."""
    table = Table()
    guesses, shares = processes(table, 1)
    table.open.clear()
    taken = await sent(guesses, range(700))
    room = shares[0]._room
    assert room._held_by[ACCOUNT] == MASK_BYTES + CARD_BYTES * len(taken)
    with pytest.raises(TooManyCardsOfMask) as refused:
        guesses[0].take(ACCOUNT, MASK, card(taken[0]), 1_000)
    assert refused.value.headers == {"Retry-After": "1"}
    table.open.set()
    await closed(shares)
    assert await sent(guesses, [*taken, *range(5_000, 5_050)]) == [*taken, *range(5_000, 5_050)]
    await closed(shares)


def test_a_key_with_a_larger_bound_sends_known_cards_that_one_with_a_smaller_is_refused() -> None:
    """What the smaller one was refused is no reason, as long as the larger one's new cards are taken."""
    guesses = CardGuesses(clock=Clock())
    accepted(guesses, range(500), most=100)
    assert accepted(guesses, range(50), most=100) == []
    assert accepted(guesses, range(50), most=1_000) == list(range(50))


async def test_while_the_table_is_away_each_process_holds_its_own_bound() -> None:
    """Posts go on, none of them waits, and no process takes more than the bound."""
    guesses, shares = processes(Table(away=True), 2)
    taken = await sent(guesses, range(6_000))
    await closed(shares)
    assert 1_000 <= len(taken) <= 2_000


def masks_with_many(numbers: Iterable[str]) -> int:
    """How many cards the mask has that has most, of so many distinct card numbers."""
    return max(Counter(pan.mask(number) for number in set(numbers)).values())


def test_made_up_traffic_is_far_from_the_bound() -> None:
    """A load by the simulator, and the cards that tests and benchmarks make."""
    rng = Rng(1, "cards")
    assert masks_with_many(card_number(rng) for _ in range(30_000)) < SHARED_FROM / 2
    assert masks_with_many(builders.card_number(number) for number in range(10_000)) < SHARED_FROM


def test_the_sample_is_far_from_the_bound() -> None:
    """The shared sample of genuine-looking transactions."""
    if not SAMPLE.exists():
        pytest.skip(f"the sample data is not there: {SAMPLE.name}")
    with gzip.open(SAMPLE, "rt") as file:
        numbers = {row["cc_num"] for row in islice(csv.DictReader(file), 20_000)}
    assert len(numbers) > 500
    assert masks_with_many(numbers) < 5
