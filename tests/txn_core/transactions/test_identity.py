"""Identities: known answers for ever, since a changed id would tear every stored history apart."""

import hashlib
import hmac
import itertools
import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import CARD_KEY, IDENTITY_KEY, base64_key, card_number, keys, pan
from tests.txn_core.strategies import texts
from txn_core.exceptions import SettingsError
from txn_core.settings import Settings
from txn_core.transactions.faults import ID_PATTERN
from txn_core.transactions.identity import (
    CARD_ID_PATTERN,
    CUSTOMER_ID_PATTERN,
    MERCHANT_ID_PATTERN,
    Account,
    CardId,
    KeyRing,
    TransactionId,
    formerly_normalised,
    normalise_merchant,
)
from txn_core.transactions.invisible import without_ignorable

ACME = Account("acme")
GOLDEN_MERCHANTS = Path(__file__).parents[1] / "golden" / "merchant-ids.json"


def derived(key: bytes, *parts: str) -> str:
    """The definition, by the standard library alone."""
    return hmac.new(key, "\0".join(parts).encode(), hashlib.sha256).hexdigest()[:32]


def test_known_answer_of_a_card_id() -> None:
    """The card id of a made-up number under a fixed key, as a literal and by definition."""
    expected = f"card_1_{derived(CARD_KEY, 'txn-api/card_id', card_number())}"
    assert keys().card_id(pan()) == expected == "card_1_1f8cd94df1870cb9df6133e5164a4d1f"


def test_known_answer_of_a_customer_id_by_card() -> None:
    """Without a reference the customer is the card, under a context of its own."""
    expected = f"cus_{derived(CARD_KEY, 'txn-api/customer_id/card', card_number())}"
    assert keys().customer_id(ACME, None, pan()) == expected == "cus_65b5a893f6f7ff4ed2709cae797bc2b3"


def test_known_answer_of_a_customer_id_by_reference() -> None:
    """With a reference the customer is that reference within its account, whatever the card."""
    expected = f"cus_{derived(IDENTITY_KEY, 'txn-api/customer_id/reference', 'acme', 'c-1001')}"
    assert keys().customer_id(ACME, "c-1001", pan(1)) == expected == "cus_57124c0d0de6f9dc3bc07a900c050243"
    assert keys().customer_id(ACME, "c-1001", pan(2)) == expected
    assert keys().customer_id(Account("other"), "c-1001", pan(1)) != expected


def test_known_answer_of_a_merchant_id() -> None:
    """A merchant is its normalised name under the identity key."""
    expected = f"mer_{derived(IDENTITY_KEY, 'txn-api/merchant_id', 'rippin, kub and mann')}"
    assert keys().merchant_id("Rippin, Kub and Mann") == expected == "mer_bf98482fa2bc544929a28aac3823e495"


def test_merchants_keep_the_ids_that_they_always_had() -> None:
    """Known answers in many scripts, of before ignorable characters were dropped: of names that have none."""
    known: dict[str, str] = json.loads(GOLDEN_MERCHANTS.read_text())
    assert len(known) > 50
    assert {name: keys().merchant_id(name) for name in known} == known
    assert not any(keys().former_merchant_ids(name) for name in known)


def test_known_answer_of_a_former_merchant_id() -> None:
    """A name with an ignorable character is the merchant without it, and was another one before."""
    assert keys().merchant_id("Rippin,\u200b Kub and Mann") == keys().merchant_id("Rippin, Kub and Mann")
    former = "mer_" + derived(IDENTITY_KEY, "txn-api/merchant_id", "rippin,\u200b kub and mann")
    assert keys().former_merchant_ids("Rippin,\u200b Kub and Mann") == (former,)
    assert former == "mer_70d719f4144e24ad058fa1d63469cf13"
    assert keys().former_merchant_ids("Rippin, Kub and Mann") == ()


def test_known_answer_of_a_transaction_id_by_idempotency_key() -> None:
    """Account and Idempotency-Key make the id of a transaction that was sent without one."""
    expected = f"txn_{derived(IDENTITY_KEY, 'txn-api/transaction_id', 'acme', 'retry-1')}"
    assert keys().transaction_id(ACME, "retry-1") == expected == "txn_6cbae1625591ac02feb7ff3dbf623244"
    assert keys().transaction_id(Account("other"), "retry-1") != expected


def test_known_answer_of_an_alert_id_and_a_case_id() -> None:
    """A transaction has one alert, and the cases of a card are numbered."""
    ring, card = keys(), CardId("card_1_2de66a60894b5631ccd6ee4e2a46a67b")
    alert = f"alr_{derived(IDENTITY_KEY, 'txn-api/alert_id', 'acme', 'my-transaction')}"
    assert ring.alert_id(ACME, TransactionId("my-transaction")) == alert == "alr_b260cee3bdc97d5d1ee907a59a553965"
    case = f"cas_{derived(IDENTITY_KEY, 'txn-api/case_id', 'acme', card, '1')}"
    assert ring.case_id(ACME, card, 1) == case == "cas_b2aa3093537419bbdcc3f33e9fe3ea2e"
    assert ring.case_id(ACME, card, 2) != case


def test_ids_are_in_the_form_that_events_are_held_to() -> None:
    """Every derived id matches the pattern by which an event with it is read again."""
    ring = keys(versions=3)
    assert re.fullmatch(CARD_ID_PATTERN, ring.card_id(pan()))
    assert re.fullmatch(CUSTOMER_ID_PATTERN, ring.customer_id(ACME, None, pan()))
    assert re.fullmatch(CUSTOMER_ID_PATTERN, ring.customer_id(ACME, "x", pan()))
    assert re.fullmatch(MERCHANT_ID_PATTERN, ring.merchant_id("x"))
    assert re.fullmatch(ID_PATTERN, ring.transaction_id(ACME, "x"))


def test_the_highest_key_version_signs_and_older_ones_serve() -> None:
    """A new card key leaves ids under older versions, of merchants and of references as they were."""
    old, new = keys(), keys(versions=3)
    assert new.signing_version == 3
    assert new.card_id(pan()).startswith("card_3_")
    assert new.card_ids(pan()) == tuple(new.card_id(pan(), version) for version in (3, 2, 1))
    assert new.card_ids(pan())[-1] == old.card_id(pan())
    assert new.merchant_id("Kub") == old.merchant_id("Kub")
    assert new.customer_id(ACME, "x", pan()) == old.customer_id(ACME, "x", pan())


def test_an_unknown_key_version_is_an_error() -> None:
    """No id is made up under a version that the ring does not hold."""
    with pytest.raises(KeyError):
        keys().card_id(pan(), 7)


def test_different_cards_and_contexts_never_share_an_id() -> None:
    """Cards of every length, alone and as customers, have ids of their own."""
    numbers = [pan(1, length=length) for length in range(8, 20)]
    ids = [keys().card_id(number)[-32:] for number in numbers]
    ids += [keys().customer_id(ACME, None, number)[-32:] for number in numbers]
    assert len(set(ids)) == 24


def test_account_and_subject_do_not_run_into_each_other() -> None:
    """Moving a letter from the reference to the account makes another customer."""
    ids = {keys().customer_id(Account(a), b, pan()) for a, b in [("ab", "c"), ("a", "bc"), ("abc", "x")]}
    assert len(ids) == 3


def test_a_ring_does_not_show_its_keys() -> None:
    """Printing a key ring is harmless."""
    shown = repr(keys()) + str(keys())
    assert str(CARD_KEY) not in shown
    assert "\\x01" not in shown
    assert "\\x02" not in shown


@pytest.mark.parametrize(
    "names",
    [
        ("Rippin, Kub and Mann", "rippin,  KUB and\tmann ", " Rippin,\u00a0Kub and Mann\u3000"),
        ("Stra\u00dfe", "STRASSE", "stra\u1e9ee"),
        ("\u039f\u03b4\u03cc\u03c2", "\u039f\u0394\u038c\u03a3", "\u03bf\u03b4\u03cc\u03c3"),
        ("Caf\u00e9", "Cafe\u0301", "CAFE\u0301"),
        ("\uff2b\uff35\uff22", "kub", "\u212aub"),
        ("\u0390x", "\u0399\u0308\u0301X", "\u03aa\u0301x"),
        ("\ufb01sh", "FISH"),
        ("O'Hara", "o'HARA"),
        ("Kub", "K\u200bub", "\ufeffKUB", "Kub\u00ad", "\u202aK\u2060u\u034fb\u202c", "kub\U000e0041", "Kub\ufe0f"),
        ("Caf\u00e9", "Cafe\u034f\u0301", "CAF\u00ad\u00c9", "Caf\u00e9 \u200b", "\u200b \u3164 Caf\u00e9"),
        ("Heart \u2764 Shop", "heart \u2764\ufe0f shop"),
        ("\ud55c\uad6d", "\ud55c\u3164\uad6d", "\u1112\u1161\u11ab\u1160\u1100\u116e\u11a8"),
    ],
)
def test_a_merchant_is_the_same_in_any_casing_and_spacing(names: tuple[str, ...]) -> None:
    """Casing, white space, composition, width, ligatures and what is ignorable do not make another merchant."""
    assert len({normalise_merchant(name) for name in names}) == 1
    assert len({keys().merchant_id(name) for name in names}) == 1


def test_punctuation_makes_another_merchant() -> None:
    """Commas, apostrophes and accents tell merchants apart."""
    names = ["Kub and Mann", "Kub, and Mann", "Kub and Mann's", "K\u00fcb and Mann"]
    assert all(normalise_merchant(a) != normalise_merchant(b) for a, b in itertools.combinations(names, 2))


@given(texts(100))
def test_normalising_again_changes_nothing(name: str) -> None:
    """The normalised form is its own normalised form, so that a stored key finds itself."""
    normal = normalise_merchant(name)
    assert normalise_merchant(normal) == normal


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_a_name_without_ignorable_characters_has_the_form_that_it_had(name: str) -> None:
    """And so the same id, in whatever script."""
    plain = without_ignorable(name)
    assert normalise_merchant(plain) == formerly_normalised(plain)


@given(
    texts(60), st.lists(st.tuples(st.integers(0, 60), st.sampled_from("\u00ad\u034f\u200b\u200d\u3164\ufe0f\ufeff")))
)
def test_ignorable_characters_make_no_other_merchant(name: str, inserted: list[tuple[int, str]]) -> None:
    """Wherever they stand, also between a letter and its accent."""
    marked = name
    for place, character in inserted:
        marked = f"{marked[:place]}{character}{marked[place:]}"
    if normalise_merchant(without_ignorable(name)):
        assert normalise_merchant(marked) == normalise_merchant(name)


@pytest.mark.parametrize("name", ["\u200b", " \ufeff\u200b ", "\u3164", "\uffa0\u115f"])
def test_a_name_of_nothing_else_keeps_its_former_form(name: str) -> None:
    """Earlier events have such names: a view still has to hold them, and they are not all one merchant."""
    assert normalise_merchant(name) == formerly_normalised(name) != ""
    assert keys().former_merchant_ids(name) == ()


@given(st.text(st.characters(categories=("Lu", "Ll", "Zs"), exclude_characters="\u0131"), max_size=30))
def test_upper_and_lower_case_name_the_same_merchant(name: str) -> None:
    """Whatever the letters, a name in capitals is the same merchant; only the dotless i stays its own."""
    assert normalise_merchant(name.upper()) == normalise_merchant(name) == normalise_merchant(name.lower())


def test_a_ring_comes_from_the_settings_or_not_at_all(own_environment: pytest.MonkeyPatch) -> None:
    """Both kinds of keys are required; there is no default."""
    whole = Settings(card_keys={1: base64_key(1)}, identity_key=base64_key(2))
    assert KeyRing.from_settings(whole) == keys()
    for lacking in (Settings(card_keys={1: base64_key(1)}), Settings(identity_key=base64_key(2)), Settings()):
        with pytest.raises(SettingsError, match="required"):
            KeyRing.from_settings(lacking)
