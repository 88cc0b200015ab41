"""People who hold one made-up card each."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from txn_cli.simulator.cards import card_number
from txn_cli.simulator.dice import Dice
from txn_cli.simulator.names import FIRST_NAMES, JOBS, LAST_NAMES, STREET_KINDS, STREET_NAMES
from txn_cli.simulator.places import PLACES, Place

_BORN_FIRST: Final = date(1930, 1, 1)
_BORN_DAYS: Final = 74 * 365


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
    dice = Dice(seed, "customers")
    people: dict[str, Customer] = {}
    while len(people) < count:
        person = _customer(dice)
        people.setdefault(person.card, person)
    return list(people.values())


def _customer(dice: Dice) -> Customer:
    gender = dice.pick(("F", "M"))
    return Customer(
        card=card_number(dice),
        first=dice.pick(FIRST_NAMES[gender]),
        last=dice.pick(LAST_NAMES),
        gender=gender,
        street=_street(dice),
        place=dice.pick(PLACES),
        job=dice.pick(JOBS),
        born=_BORN_FIRST + timedelta(days=dice.below(_BORN_DAYS)),
        activity=0.25 + 1.5 * dice.fraction(),
    )


def _street(dice: Dice) -> str:
    street = f"{dice.digits(dice.between(3, 5))} {dice.pick(STREET_NAMES)} {dice.pick(STREET_KINDS)}"
    if dice.chance(0.5):
        street += f" {dice.pick(('Apt.', 'Suite'))} {dice.digits(3)}"
    return street
