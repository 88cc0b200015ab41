"""The star and its marts by plain Python over curated rows: what the models have to give, on every engine.

Nothing here is shared with the models but the list of states. One dictionary per transaction, one pass per table.
"""

import csv
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any

from warehouse.dbt.dbt_process import PROJECT

Row = dict[str, Any]
Tables = dict[str, list[tuple[Any, ...]]]
PROFILE = ("gender", "birth_year", "job", "city", "state", "postal_area", "city_population")
BANDS = {18: "under 18", 25: "18-24", 35: "25-34", 45: "35-44", 55: "45-54", 65: "55-64", 999: "65 and over"}


def fold(rows: Sequence[Row]) -> Tables:
    """The tables, each sorted, without load_id and without job_group."""
    regions = {
        line["state"]: line["region"]
        for line in csv.DictReader((PROJECT / "seeds/regions.csv").read_text().splitlines())
    }
    cards, customers = _identities(rows)
    writes: defaultdict[str, list[Row]] = defaultdict(list)
    for row in rows:
        card = cards[row["card_id"]]
        customer = row["customer_id"] if row["has_reference"] else customers[card]
        key, hashed = f"{row['account']}#{row['transaction_id']}", f"{customer}#{row['profile_hash']}".encode()
        known = {"key": key, "card_key": card, "customer_id": customer}
        customer_key = hashlib.md5(hashed).hexdigest() if row["profile_hash"] else None
        writes[key].append({**row, **known, "customer_key": customer_key})
    facts, conflicts = [], []
    for key, several in writes.items():
        several.sort(
            key=lambda w: (w["accepted_at"], w["shard_id"], int(w["sequence_number"]), w["sub_sequence_number"])
        )
        first, *later = several
        facts.append(_fact(first, len(several), regions))
        content = ("content_digest", "card_key")
        for w in later:
            if any(w[name] != first[name] for name in content):
                place = (w["shard_id"], w["sequence_number"], w["sub_sequence_number"])
                conflicts.append(
                    (*place, key, w["accepted_at"], w["content_digest"], w["amount_minor"], w["currency"])
                )
    tables = {"fact_transactions": [tuple(fact.values()) for fact in facts], "fact_conflicts": conflicts}
    return tables | _dimensions(facts, rows, cards, regions) | _marts(facts)


def _identities(rows: Iterable[Row]) -> tuple[dict[str, str], dict[str, str]]:
    """Each card id's key; each key's customer where no reference was given."""
    parent: dict[str, str] = {}

    def root(card: str) -> str:
        while parent.setdefault(card, card) != card:
            card = parent[card]
        return card

    for row in rows:
        for alias in (row["card_aliases"] or "").split():
            parent[root(alias)] = root(row["card_id"])
        root(row["card_id"])
    members: defaultdict[str, list[str]] = defaultdict(list)
    for card in parent:
        members[root(card)].append(card)
    keys = {card: min(own, key=_version) for own in members.values() for card in own}
    customers: dict[str, tuple[Any, ...]] = {}
    for row in rows:
        if not row["has_reference"]:
            key, candidate = keys[row["card_id"]], (*_version(row["card_id"]), row["customer_id"])
            customers[key] = min(customers.get(key, candidate), candidate)
    return keys, {key: candidate[-1] for key, candidate in customers.items()}


def _version(card: str) -> tuple[int, str]:
    return int(card.split("_")[1]), card


def _fact(first: Row, writes: int, regions: dict[str, str]) -> Row:
    at: datetime = first["occurred_at"]
    sign = -1 if first["type"] in {"refund", "reversal"} else 1
    names = ("key", "account", "transaction_id", "type", "original_transaction_id", "amount_minor")
    return {name: first[name] for name in names} | {
        "net_minor": sign * first["amount_minor"],
        **{name: first[name] for name in ("currency", "accepted_at", "occurred_at")},
        "date_key": int(f"{at:%Y%m%d}"),
        "month": at.date().replace(day=1),
        "hour_utc": at.hour,
        "category": first["category"] or "unknown",
        "state": first["state"] if first["state"] in regions else "??",
        "gender": first["gender"] or "unknown",
        "age_band": "unknown"
        if first["age"] is None
        else next(band for under, band in BANDS.items() if first["age"] < under),
        **{
            name: first[name]
            for name in ("meters_from_home", "customer_key", "customer_id", "merchant_id", "card_key")
        },
        **{name: first[name] for name in ("terminal_id", "entry_mode", "is_fraud")},
        "writes": writes,
    }


def _dimensions(facts: Sequence[Row], rows: Sequence[Row], cards: dict[str, str], regions: dict[str, str]) -> Tables:
    profiles = {row["profile_hash"]: tuple(row[name] for name in PROFILE) for row in rows}
    by_key = {
        hashlib.md5(f"{fact['customer_id']}#{hashed}".encode()).hexdigest(): profile
        for fact in facts
        for hashed, profile in profiles.items()
        if hashed
    }
    history, customers, segments = [], [], []
    for customer, own in _grouped(facts, "customer_id").items():
        seen = sorted((f for f in own if f["customer_key"]), key=lambda f: (f["occurred_at"], f["key"]))
        steps = [(key, next(group)["occurred_at"]) for key, group in groupby(seen, lambda f: f["customer_key"])]
        ends = [*(at for _, at in steps[1:]), None]
        spans = [(key, at, end) for (key, at), end in zip(steps, ends, strict=False)]
        for number, (key, at, end) in enumerate(spans, 1):
            about = (*by_key[key], _urbanicity(by_key[key][-1]))
            history.append((key, customer, *about, at, end, end is None, number))
        for key in {key for key, *_ in spans}:
            about, mine = (*by_key[key], _urbanicity(by_key[key][-1])), [span for span in spans if span[0] == key]
            until = None if mine[-1][2] is None else mine[-1][2]
            customers.append((key, customer, *about, mine[0][1], until, until is None))
            last = max((f["occurred_at"], f["age_band"]) for f in seen if f["customer_key"] == key)
            segments.append(
                (key, customer, about[0] or "unknown", last[1], regions.get(about[4], "unknown"), about[-1])
            )
    spelt = {row["merchant_id"]: row["merchant_name"] for row in sorted(rows, key=_accepted_last_first)}
    merchants = _grouped(facts, "merchant_id")
    masks = {cards[row["card_id"]]: row["card_masked"] for row in rows}
    ids: defaultdict[str, set[str]] = defaultdict(set)
    for card, key in cards.items():
        ids[key].add(card)
    return {
        "dim_customer_history": history,
        "dim_customer": customers,
        "customer_segments": segments,
        "dim_merchant": [(merchant, spelt[merchant], *_ends(own)) for merchant, own in merchants.items()],
        "dim_card": [
            (card, _last_holder(own), masks[card], *_ends(own), len(ids[card]))
            for card, own in _grouped(facts, "card_key").items()
        ],
        "dim_date": list(map(_day, _days(facts))),
    }


def _marts(facts: Sequence[Row]) -> Tables:
    cube = ("month", "state", "category", "gender", "age_band", "currency")
    return {
        "cube_month": [
            (*cell, len(own), _net(own), len(own) - _refunds(own), *_labels(own))
            for cell, own in _grouped(facts, *cube).items()
        ],
        "customer_month": [
            (*cell, len(own), _net(own), *_ends(own), _labels(own)[1])
            for cell, own in _grouped(facts, "month", "customer_id", "currency").items()
        ],
        "kpi_day": [
            (*cell, len(own), _net(own), len(own) - _refunds(own), _refunds(own), *_labels(own))
            for cell, own in _grouped(facts, "date_key", "currency").items()
        ],
    }


def _grouped(facts: Iterable[Row], *names: str) -> dict[Any, list[Row]]:
    groups: defaultdict[Any, list[Row]] = defaultdict(list)
    for fact in facts:
        groups[fact[names[0]] if len(names) == 1 else tuple(fact[name] for name in names)].append(fact)
    return groups


def _accepted_last_first(row: Row) -> tuple[float, list[int]]:
    """Orders rows so that the spelling accepted first comes last; of several the first by its bytes."""
    return -row["accepted_at"].timestamp(), [-byte for byte in row["merchant_name"].encode()]


def _ends(own: Iterable[Row]) -> tuple[datetime, datetime]:
    times = sorted(f["occurred_at"] for f in own)
    return times[0], times[-1]


def _last_holder(own: Iterable[Row]) -> str:
    """Who used a card last."""
    newest = max(f["occurred_at"] for f in own)
    return min(str(f["customer_id"]) for f in own if f["occurred_at"] == newest)


def _net(own: Iterable[Row]) -> int:
    return sum(f["net_minor"] for f in own)


def _refunds(own: Iterable[Row]) -> int:
    return sum(f["type"] != "purchase" for f in own)


def _labels(own: Sequence[Row]) -> tuple[int, int]:
    return sum(f["is_fraud"] is not None for f in own), sum(f["is_fraud"] is True for f in own)


def _urbanicity(population: int | None) -> str:
    if population is None:
        return "unknown"
    return next(
        name
        for under, name in ((2_500, "rural"), (50_000, "town"), (500_000, "city"), (10**12, "metropolis"))
        if population < under
    )


def _days(facts: Sequence[Row]) -> list[date]:
    years = sorted({f["month"].year for f in facts})
    first = date(years[0], 1, 1)
    return [first + timedelta(days=n) for n in range((date(years[-1], 12, 31) - first).days + 1)]


def _day(day: date) -> tuple[Any, ...]:
    monday = day - timedelta(days=day.weekday())
    names = (day.year, (day.month + 2) // 3, day.replace(day=1), monday, day.isoweekday(), f"{day:%A}")
    return (int(f"{day:%Y%m%d}"), day, *names, day.isoweekday() > 5)
