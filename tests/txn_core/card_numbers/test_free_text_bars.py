"""What the search for card numbers refuses of lists without one; `python -m tests.txn_core.card_lists` prints it."""

import pytest

from tests.txn_core.card_lists import ibans, lettered_ids, numeric_ids, telephone_texts
from tests.txn_core.card_lists.__main__ import share_of_refused


@pytest.mark.parametrize("kind", [kind for kind in numeric_ids.KINDS if kind != numeric_ids.LIKE_CARDS])
def test_few_numeric_ids_are_refused(kind: str) -> None:
    """At most three in a hundred, where one in ten passes the Luhn check."""
    assert share_of_refused(numeric_ids.ids(kind, 20_000, seed=1)) <= 0.03


@pytest.mark.parametrize("kind", lettered_ids.ENCODED)
def test_hardly_an_id_of_letters_and_digits_is_refused(kind: str) -> None:
    """At most one in a thousand, though many have a letter in front of digits."""
    assert share_of_refused(lettered_ids.ids(kind, 10_000, seed=1)) <= 0.001


def test_few_numbers_behind_a_label_are_refused() -> None:
    """No more than of numbers that stand alone."""
    assert share_of_refused(lettered_ids.labelled_ids(20_000, seed=1)) <= 0.03


def test_hardly_a_store_with_its_telephone_is_refused() -> None:
    """At most one in a hundred, in the forms of thirty countries."""
    assert share_of_refused(telephone_texts.telephone_texts(20_000, seed=1)) <= 0.01


@pytest.mark.parametrize("form", telephone_texts.NORTH_AMERICA)
def test_no_form_of_north_america_is_refused(form: str) -> None:
    """Behind a store's number of four digits."""
    assert share_of_refused(telephone_texts.texts_of(form, 1_000, seed=1)) == 0


def test_hardly_an_iban_is_refused() -> None:
    """At most one in a hundred of grouped ones, of 34 countries."""
    assert share_of_refused(ibans.grouped_ibans(20_000, seed=1)) <= 0.01
