"""People who hold one made-up card each."""

from dataclasses import dataclass, field
from datetime import date, timedelta

from txn_cli.simulator.cards import card_number
from txn_cli.simulator.names import FIRST_NAMES, JOBS, LAST_NAMES, STREET_KINDS, STREET_NAMES
from txn_cli.simulator.rng import Rng
from txn_cli.simulator.towns import PLACES, Place


@dataclass(frozen=True, slots=True)
class Customer:
    """A card and its holder; `activity` says how often the card is used, 1 being usual."""

    card: str = field(repr=False)
    first: str
    last: str
    gender: str
    street: str
    place: Place
    job: str
    born: date
    activity: float


def customers(seed: int, count: int) -> list[Customer]:
    """So many people, each with a card that none of the others has."""
    rng = Rng(seed, "customers")
    people: dict[str, Customer] = {}
    while len(people) < count:
        person = _customer(rng)
        people.setdefault(person.card, person)
    return list(people.values())


def _customer(rng: Rng) -> Customer:
    gender = rng.pick(("F", "M"))
    return Customer(
        card=card_number(rng),
        first=rng.pick(FIRST_NAMES[gender]),
        last=rng.pick(LAST_NAMES),
        gender=gender,
        street=_street(rng),
        place=rng.pick(PLACES),
        job=rng.pick(JOBS),
        born=date(1930, 1, 1) + timedelta(days=rng.below(74 * 365)),
        activity=0.25 + 1.5 * rng.fraction(),
    )


def _street(rng: Rng) -> str:
    street = f"{rng.digits(rng.between(3, 5))} {rng.pick(STREET_NAMES)} {rng.pick(STREET_KINDS)}"
    if rng.chance(0.5):
        street += f" {rng.pick(('Apt.', 'Suite'))} {rng.digits(3)}"
    return street
