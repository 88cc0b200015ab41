"""The twelve answers in plain Python over the facts, with exact fractions, without SQL and without marts.

Written from what a question's header says, for comparison with what its SQL gives.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction
from itertools import product
from typing import Any, Final, Self, TypeVar

from tests.warehouse.questions.star_schema import Fact

Row = tuple[object, ...]
Key = TypeVar("Key", bound=tuple[Any, ...])
Select = Callable[[str], Iterable[tuple[Any, ...]]]
"""Gives the rows of a statement in SQL."""

BANDS: Final = ("under 18", "18-24", "25-34", "35-44", "45-54", "55-64", "65 and over", "unknown")
URBANICITIES: Final = ("rural", "town", "city", "metropolis", "unknown")
Z: Final = Decimal("1.959964")


@dataclass(frozen=True, slots=True)
class Dimensions:
    """What the answers take from the dimensions."""

    states: Mapping[str, tuple[str, str]]  # the name and the region of a state
    exponents: Mapping[str, int]
    merchants: Mapping[str, str]
    weekdays: Mapping[int, tuple[date, int, str]]  # by date key of the whole calendar: month, number, name
    urbanicities: Mapping[str, str]  # by customer_key

    @classmethod
    def of(cls, select: Select) -> Self:
        """The dimensions of a database."""
        return cls(
            {
                s: (name, region)
                for s, name, region in select("select state, state_name, region from star.dim_region")
            },
            dict(select("select currency, exponent from star.dim_currency")),
            dict(select("select merchant_id, name from star.dim_merchant")),
            {k: tuple(day) for k, *day in select("select date_key, month, weekday, weekday_name from star.dim_date")},
            dict(select("select customer_key, urbanicity from star.customer_segments")),
        )


class Oracle:
    """The answers over some facts."""

    def __init__(self, facts: Sequence[Fact], dimensions: Dimensions) -> None:
        self._facts = facts
        self._dimensions = dimensions

    @classmethod
    def of(cls, select: Select) -> Self:
        """The oracle over the facts of a database."""
        columns = ", ".join(field.name for field in fields(Fact))
        rows = select(f"select {columns} from star.fact_transactions")
        return cls([Fact(*row) for row in rows], Dimensions.of(select))

    def answer(self, name: str) -> list[Row]:
        """The rows of the question of a name, in order."""
        answer: Callable[[], Iterable[Row]] = getattr(self, f"_{name}")
        return list(answer())

    def _q01(self) -> Iterator[Row]:
        for (month, region, currency), cell in self._cells(lambda f: (f.month, self._region(f), f.currency)):
            net = self._money(_net(cell), currency)
            yield month, region, currency, _people(cell), len(cell), _to(net, 3), _to(net / len(cell), 3)

    def _q02(self) -> Iterator[Row]:
        cells = dict(self._cells(lambda f: (self._region(f), f.currency, f.category)))
        for (region, currency, category), cell in cells.items():
            of_region = sum(_net(c) for (r, u, _), c in cells.items() if (r, u) == (region, currency))
            of_category = sum(_net(c) for (_, u, k), c in cells.items() if (u, k) == (currency, category))
            of_all = sum(_net(c) for (_, u, _), c in cells.items() if u == currency)
            share, everywhere = _part(_net(cell), of_region), _part(of_category, of_all)
            # The index is of the shares as they are, which eight decimals stand for.
            index = None if share is None or not everywhere else 100 * _eight(share) / _eight(everywhere)
            yield region, category, currency, _people(cell), _to(share, 2), _to(everywhere, 2), _to(index, 0)

    def _q03(self) -> Iterator[Row]:
        for (category, gender, currency), cell in self._cells(lambda f: (f.category, f.gender, f.currency)):
            people = _people(cell)
            net = self._money(_net(cell), currency) / people
            yield category, gender, currency, people, _to(Fraction(len(cell), people), 1), _to(net, 3)

    def _q04(self) -> Iterator[Row]:
        cells = dict(self._cells(lambda f: (BANDS.index(f.age_band), f.category)))
        for (band, category), cell in cells.items():
            of_band = sum(len(c) for (b, _), c in cells.items() if b == band)
            yield BANDS[band], category, _people(cell), len(cell), _to(_part(len(cell), of_band), 2)

    def _q05(self) -> Iterator[Row]:
        weekdays = self._dimensions.weekdays
        cells = dict(self._cells(lambda f: (weekdays[f.date_key][1], f.hour_utc)))
        names = {(number, name) for _, number, name in weekdays.values()}
        for (weekday, name), hour in product(sorted(names), range(24)):
            cell = cells.get((weekday, hour), [])
            share = _to(_part(len(cell), len(self._facts)), 2)
            yield weekday, name, hour, _people(cell), len(cell), share

    def _q06(self) -> Iterator[Row]:
        of_place: dict[tuple[str, str], list[tuple[int, str, list[Fact]]]] = defaultdict(list)
        for (category, currency, merchant), cell in self._cells(lambda f: (f.category, f.currency, f.merchant_id)):
            of_place[category, currency].append((-_net(cell), merchant, cell))
        for (category, currency), merchants in sorted(of_place.items()):
            for standing, (lost, merchant, cell) in enumerate(sorted(merchants, key=lambda m: m[:2])[:5], 1):
                name, net = self._dimensions.merchants[merchant], _to(self._money(-lost, currency), 3)
                yield category, currency, standing, name, _people(cell), len(cell), net

    def _q07(self) -> Iterator[Row]:
        for (state,), cell in self._cells(lambda f: (f.state,), lambda f: f.is_fraud is not None):
            frauds = sum(fact.is_fraud is True for fact in cell)
            yield (
                state,
                self._dimensions.states[state][0],
                _people(cell),
                len(cell),
                frauds,
                *_wilson(frauds, len(cell)),
            )

    def _q08(self) -> Iterator[Row]:
        bands = BANDS.index
        cells = dict(
            self._cells(lambda f: (f.gender, bands(f.age_band), f.category), lambda f: f.is_fraud is not None)
        )
        occurring = [sorted(set(each)) for each in zip(*cells, strict=True)] or [[], [], []]
        for gender, band, category in product(*occurring):
            cell = cells.get((gender, band, category), [])
            frauds = sum(fact.is_fraud is True for fact in cell)
            rate = None if not cell else _to(Fraction(10_000 * frauds, len(cell)), 1)
            yield gender, BANDS[band], category, _people(cell), len(cell), frauds, rate

    def _q09(self) -> Iterator[Row]:
        keys = [fact.date_key for fact in self._facts]
        of_calendar = [m for key, (m, _, _) in self._dimensions.weekdays.items() if min(keys) <= key <= max(keys)]
        daily: dict[tuple[date, str], tuple[Fraction, Fraction]] = {}
        for (month, currency), cell in self._cells(lambda f: (f.month, f.currency)):
            days = of_calendar.count(month)
            often, minor = Fraction(len(cell), days), Fraction(_net(cell), days)
            daily[month, currency] = often, minor
            before = daily.get((_month_before(month), currency))
            growths = (None, None) if before is None else (_growth(often, before[0]), _growth(minor, before[1]))
            net = self._money(_eight(minor), currency)
            shown = _to(often, 1), _to(net, 3), _to(growths[0], 1), _to(growths[1], 1)
            yield month, currency, _people(cell), days, *shown

    def _q10(self) -> Iterator[Row]:
        per_customer = dict(self._cells(lambda f: (f.currency, f.customer_id)))
        for currency in sorted({fact.currency for fact in self._facts}):
            of_customer = [cell for (used, _), cell in per_customer.items() if used == currency]
            measures = [(max(f.occurred_at for f in cell), len(cell), _net(cell)) for cell in of_customer]
            segments: dict[tuple[int, ...], list[Fact]] = defaultdict(list)
            for cell, measured in zip(of_customer, measures, strict=True):
                segments[tuple(_third(measured[n], [m[n] for m in measures]) for n in range(3))] += cell
            of_currency = sum(measured[2] for measured in measures)
            for thirds, cell in sorted(segments.items()):
                net, share = _to(self._money(_net(cell), currency), 3), _to(_part(_net(cell), of_currency), 2)
                yield currency, *thirds, _people(cell), len(cell), net, share

    def _q11(self) -> Iterator[Row]:
        months: dict[str, set[date]] = defaultdict(set)
        for fact in self._facts:
            months[fact.customer_id].add(fact.month)
        every = sorted({month for active in months.values() for month in active})
        for cohort in sorted({min(active) for active in months.values()}):
            members = [active for active in months.values() if min(active) == cohort]
            for month in (month for month in every if month >= cohort):
                kept = sum(month in active for active in members)
                after = 12 * (month.year - cohort.year) + month.month - cohort.month
                yield cohort, after, len(members), kept, _to(_part(kept, len(members)), 1)

    def _q12(self) -> Iterator[Row]:
        of_key = self._dimensions.urbanicities
        for (place,), cell in self._cells(
            lambda f: (URBANICITIES.index(of_key.get(f.customer_key or "", "unknown")),),
            lambda f: f.meters_from_home is not None,
        ):
            meters = [fact.meters_from_home or 0 for fact in cell]
            beyond = _to(_part(sum(each > 100_000 for each in meters), len(cell)), 1)
            mean = _to(Fraction(sum(meters), 1000 * len(cell)), 1)
            yield URBANICITIES[place], _people(cell), len(cell), mean, beyond

    def _cells(
        self, key_of: Callable[[Fact], Key], takes: Callable[[Fact], bool] = lambda _: True
    ) -> Iterator[tuple[Key, list[Fact]]]:
        """The facts of each cell that are taken, the cells in the order of their keys."""
        cells: dict[Key, list[Fact]] = defaultdict(list)
        for fact in self._facts:
            if takes(fact):
                cells[key_of(fact)].append(fact)
        yield from sorted(cells.items())

    def _region(self, fact: Fact) -> str:
        return self._dimensions.states[fact.state][1]

    def _money(self, minor: int | Fraction, currency: str) -> Fraction:
        return Fraction(minor) / Fraction(10 ** self._dimensions.exponents[currency])


def _people(cell: Iterable[Fact]) -> int:
    return len({fact.customer_id for fact in cell})


def _net(cell: Iterable[Fact]) -> int:
    return sum(fact.net_minor for fact in cell)


def _part(some: int, of: int) -> Fraction | None:
    return None if of == 0 else Fraction(100 * some, of)


def _growth(now: Fraction, before: Fraction) -> Fraction | None:
    return None if before <= 0 else 100 * (_eight(now) - _eight(before)) / _eight(before)


def _eight(value: Fraction) -> Fraction:
    """A value as it is kept between two steps, with eight decimals."""
    rounded = _to(value, 8)
    return Fraction(0 if rounded is None else rounded)


def _to(value: Fraction | None, decimals: int) -> Decimal | None:
    """A value with so many decimals by way of eight, as every engine computes it; halves go away from zero."""
    if value is None:
        return None
    with localcontext(prec=60, rounding=ROUND_HALF_UP):
        eight = (Decimal(value.numerator) / Decimal(value.denominator)).quantize(Decimal("1e-8"))
        return eight.quantize(Decimal(1).scaleb(-decimals))


def _wilson(frauds: int, labelled: int) -> tuple[Decimal | None, Decimal | None, Decimal | None]:
    """Frauds in 10,000 and the ends of their interval, by Wilson's formula as textbooks write it."""
    if labelled == 0:
        return None, None, None
    n, p = Decimal(labelled), Decimal(frauds) / Decimal(labelled)
    middle = (p + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * (p * (1 - p) / n + Z * Z / (4 * n * n)).sqrt()
    low, high = max(Decimal(0), middle - half), min(Decimal(1), middle + half)
    rate, lowest, highest = (_to(Fraction(10_000 * each), 1) for each in (p, low, high))
    return rate, lowest, highest


def _month_before(month: date) -> date:
    return month.replace(year=month.year - 1, month=12) if month.month == 1 else month.replace(month=month.month - 1)


def _third(own: Any, of_all: Sequence[Any]) -> int:
    """1 to 3: in which third a customer stands who is behind those with more; equal ones stand together."""
    ahead = len([other for other in of_all if other > own])
    return 1 + min(2, 3 * ahead // len(of_all))
