"""Simulated rows in the Kaggle layout, artefacts and all, in the order of time."""

import csv
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import islice
from operator import attrgetter
from typing import Final, TextIO

from ingest.layouts.kaggle import COLUMNS, MERCHANT_ARTEFACT
from txn_cli.simulator.customers import Customer, customers
from txn_cli.simulator.frauds import frauds
from txn_cli.simulator.merchants import Category, merchants_by_category
from txn_cli.simulator.purchases import purchases
from txn_cli.simulator.rng import Rng, Weighted

START: Final = datetime(2019, 1, 1, tzinfo=UTC)
_FRAUD_SPREAD: Final = 0.25


def simulate_rows(
    *, rows: int, cards: int, seed: int, merchants: Mapping[str, Weighted[str]] | None = None
) -> Iterator[dict[str, str]]:
    """So many rows as cells by column, of purchases with so many cards, in ascending order of time.

    Holders buy all the time (`purchases`), thieves with a few cards for a few days (`frauds`). Fewer rows of the same
    cards and seed are the beginning of more. Ids differ between seeds and between numbers of cards, so that different
    simulations may be loaded into one store. `merchants` are those of each category, by default
    `merchants_by_category`.
    """
    merchants = merchants or merchants_by_category()
    people = customers(seed, cards)
    rng = Rng(seed, "rows")
    bought = merge(purchases(seed, people), frauds(seed, people), key=attrgetter("at_s"))
    for number, each in enumerate(islice(bought, rows)):
        yield {
            "": str(number),
            **_when(START + timedelta(seconds=each.at_s)),
            **_who(each.person, rng),
            "merchant": MERCHANT_ARTEFACT + merchants[each.category.name].pick(rng),
            "category": each.category.name,
            "amt": _amount(each.category, rng, fraud=each.is_fraud),
            "trans_num": hashlib.blake2b(f"{seed}/{cards}/{number}".encode(), digest_size=16).hexdigest(),
            "is_fraud": str(int(each.is_fraud)),
        }


def write_rows(rows: Iterable[dict[str, str]], file: TextIO, *, flush_each: bool = False) -> None:
    """The rows as CSV, header first, handed on row by row; at once if each is to be flushed."""
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(row)
        if flush_each:
            file.flush()


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
