"""Simulated rows in the Kaggle layout, artefacts and all, in the order of time."""

import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Final, TextIO

from ingest.layouts.kaggle import COLUMNS, MERCHANT_ARTEFACT
from txn_cli.simulator.customers import Customer, customers
from txn_cli.simulator.merchants import CATEGORIES, Category, merchants_by_category
from txn_cli.simulator.rng import Rng, Weighted

START: Final = datetime(2019, 1, 1, tzinfo=UTC)
FRAUD_PROBABILITY: Final = 0.0075
# What the sample data shows: 2.1 purchases a card and day, fewer in the morning, most in the evening.
PURCHASES_PER_CARD_DAY: Final = 2.1
_HOURLY: Final = (.65, .65, .65, .65, .65, .65, .65, .65, .65, .65, .65, .65,
                  1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1., 1.)  # fmt: skip
_HOURLY_MEAN: Final = sum(_HOURLY) / len(_HOURLY)
_DAY_S: Final = 86_400
_FRAUD_SPREAD: Final = 0.25
_USUAL: Final = Weighted(CATEGORIES, [category.per_mille for category in CATEGORIES])
_FRAUDULENT: Final = Weighted(CATEGORIES, [category.fraud_per_mille for category in CATEGORIES])


def simulate_rows(
    *, rows: int, cards: int, seed: int, merchants: Mapping[str, Weighted[str]] | None = None
) -> Iterator[dict[str, str]]:
    """So many rows as cells by column, of purchases with so many cards, in ascending order of time.

    Fewer rows of the same cards and seed are the beginning of more. Ids differ between seeds and between numbers
    of cards, so that different simulations may be loaded into one store. `merchants` are those of each category,
    by default `merchants_by_category`.
    """
    merchants = merchants or merchants_by_category()
    people = customers(seed, cards)
    by_activity = Weighted(people, [person.activity for person in people])
    rng = Rng(seed, "purchases")
    for number, moment in zip(range(rows), _moments(seed, cards), strict=False):
        fraud = rng.chance(FRAUD_PROBABILITY)
        category = (_FRAUDULENT if fraud else _USUAL).pick(rng)
        yield {
            "": str(number),
            **_when(moment),
            **_who(by_activity.pick(rng), rng),
            "merchant": MERCHANT_ARTEFACT + merchants[category.name].pick(rng),
            "category": category.name,
            "amt": _amount(category, rng, fraud=fraud),
            "trans_num": hashlib.blake2b(f"{seed}/{cards}/{number}".encode(), digest_size=16).hexdigest(),
            "is_fraud": str(int(fraud)),
        }


def write_rows(rows: Iterable[dict[str, str]], file: TextIO, *, flush_each: bool = False) -> None:
    """The rows as CSV, header first, handed on row by row; at once if each is to be flushed."""
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(row)
        if flush_each:
            file.flush()


def _moments(seed: int, cards: int) -> Iterator[datetime]:
    """When somebody buys: at random, thinned out in the hours in which fewer do."""
    rng = Rng(seed, "moments")
    mean_gap_s = _DAY_S * _HOURLY_MEAN / (PURCHASES_PER_CARD_DAY * cards)
    elapsed_s = 0.0
    for _ in count():
        elapsed_s += rng.gap(mean_gap_s)
        if rng.chance(_HOURLY[int(elapsed_s % _DAY_S) // 3600]):
            yield START + timedelta(seconds=int(elapsed_s))


def _when(moment: datetime) -> dict[str, str]:
    return {
        "trans_date_trans_time": f"{moment:%Y-%m-%d %H:%M:%S}",
        "unix_time": str(int(_seven_years_before(moment).timestamp())),
    }


def _seven_years_before(moment: datetime) -> datetime:
    """The layout's clock, which nobody should read."""
    leap_day = (moment.month, moment.day) == (2, 29)
    return moment.replace(year=moment.year - 7, day=28 if leap_day else moment.day)


def _who(person: Customer, rng: Rng) -> dict[str, str]:
    home = person.place
    return {
        "cc_num": person.card,
        "first": person.first,
        "last": person.last,
        "gender": person.gender,
        "street": person.street,
        "city": home.city,
        "state": home.state,
        "zip": home.zip_code,
        "lat": f"{home.latitude:.4f}",
        "long": f"{home.longitude:.4f}",
        "city_pop": str(home.population),
        "job": person.job,
        "dob": person.born.isoformat(),
        "merch_lat": f"{home.latitude + _offset(rng):.6f}",
        "merch_long": f"{home.longitude + _offset(rng):.6f}",
    }


def _offset(rng: Rng) -> float:
    """How far from home, by a degree at most in either direction."""
    return 2.0 * rng.fraction() - 1.0


def _amount(category: Category, rng: Rng, *, fraud: bool) -> str:
    """Dollars with as few decimals as a spreadsheet would write, one at least: `45.0`, `101.6`, `4.97`."""
    median, spread = (
        (category.fraud_median_cents, _FRAUD_SPREAD) if fraud else (category.median_cents, category.spread)
    )
    dollars, cents = divmod(max(100, round(rng.log_normal(median, spread))), 100)
    return f"{dollars}.{f'{cents:02d}'.removesuffix('0')}"
