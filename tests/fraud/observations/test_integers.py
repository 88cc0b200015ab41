"""Amounts, places and categories as integers."""

import math

import pytest

from fraud.observations.category_codes import CATEGORIES, category_code
from fraud.observations.distances import degrees_e4, squared_steps
from fraud.observations.reference_amount import REFERENCE_AMOUNT_MAX, reference_amount

STEP_KM = 0.0111195


@pytest.mark.parametrize(
    ("minor", "currency", "reference"),
    [
        (497, "USD", 497),
        (1_000, "JPY", 650),  # no decimals
        (1_000, "KWD", 330),  # three decimals
        (1_000, "XOF", 100_000),  # no rate and no decimals: counts as dollars
        (1, "VND", 0),
        (-5, "USD", 0),
        (2**63 - 1, "USD", REFERENCE_AMOUNT_MAX),
        (7, "no currency", 7),
    ],
)
def test_amounts_are_hundredths_of_a_dollar(minor: int, currency: str, reference: int) -> None:
    assert reference_amount(minor, currency) == reference


def test_a_category_keeps_its_code_for_ever() -> None:
    assert [category_code(name) for name in (None, "never heard of", "entertainment", "travel")] == [0, 1, 2, 15]
    assert len({category_code(name) for name in CATEGORIES}) == len(CATEGORIES)


@pytest.mark.parametrize(
    ("latitude", "longitude", "other_latitude", "other_longitude", "km"),
    [
        (36.0788, -81.1781, 36.0113, -82.0483, 78.6),
        (0.0, 179.99, 0.0, -179.99, 2.2),  # over the date line
        (60.0, 10.0, 60.0, 11.0, 55.6),
        (90.0, 0.0, 90.0, 180.0, 0.0),  # all longitudes meet
        (-90.0, 0.0, 90.0, 0.0, 20_015),
    ],
)
def test_distances(
    latitude: float, longitude: float, other_latitude: float, other_longitude: float, km: float
) -> None:
    one = degrees_e4(latitude, 90), degrees_e4(longitude, 180)
    other = degrees_e4(other_latitude, 90), degrees_e4(other_longitude, 180)
    assert math.sqrt(squared_steps(*one, *other)) * STEP_KM == pytest.approx(km, rel=0.01, abs=0.05)
    assert squared_steps(*one, *other) == squared_steps(*other, *one)


def test_places_off_the_earth_are_held_to_it() -> None:
    assert (degrees_e4(1e300, 90), degrees_e4(-1e300, 180)) == (900_000, -1_800_000)
