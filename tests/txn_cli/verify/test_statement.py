"""Statements: what must be equal is, whatever its form, and nothing else."""

import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.layouts.read_rows import SoundRow
from tests.txn_cli.builders import CARD, OTHER_CARD, sound
from tests.txn_cli.verify.store import KEYS, event_of
from txn_cli.verify.row_content import digest_of
from txn_cli.verify.statement import Identities, Scribe, Statement, StoredIds
from txn_core.card_numbers.issuer_ranges import IssuerRanges
from txn_core.card_numbers.pan import LENGTHS
from txn_core.transactions.identity import KeyRing


def statement(row: SoundRow, scribe: Scribe | None = None) -> Statement:
    found = (scribe or Scribe()).statement(row)
    assert found is not None
    return found


def fit(identities: Identities, row: SoundRow, event: dict[str, Any], scribe: Scribe) -> bool:
    return identities.fit(statement(row, scribe).card, StoredIds.of(event))


def test_a_row_and_its_event_have_the_same_digest_under_whatever_keys() -> None:
    row = sound(2)
    assert statement(row).digest == digest_of(event_of(row)) == statement(row).digest


@pytest.mark.parametrize(
    "changes",
    [
        {"transaction_id": "other-id"},
        {"amount_minor": 498},
        {"occurred_at": "2019-01-01T00:00:18.000001Z"},
        {"occurred_at": "never"},
        {"is_fraud": True},
        {"is_fraud": None},
        {"currency": "EUR"},
        {"type": "refund"},
        {"card_masked": "9" * 16},
        {"merchant": {"name": "Rippin, Kub and Mann"}},
        {"customer": None},
        {"terminal": {"terminal_id": "T1", "entry_mode": None}},
        {"terminal": "T1"},
        {"merchant": {**event_of(sound(2))["merchant"], "chain": "Kub"}},
        {"amount_minor": "497"},
        {"amount_minor": True},
    ],
)
def test_any_other_field_makes_another_digest(changes: dict[str, object]) -> None:
    row = sound(2)
    assert digest_of(event_of(row) | changes) != statement(row).digest


def test_forms_of_the_same_content_have_the_same_digest() -> None:
    event = event_of(sound(2))
    assert digest_of(event | {"occurred_at": "2019-01-01T01:00:18+01:00"}) == digest_of(event)
    assert digest_of(event | {"terminal": {"terminal_id": None, "entry_mode": None}}) == digest_of(event)
    assert digest_of({name: value for name, value in event.items() if value is not None}) == digest_of(event)
    assert digest_of(event | {"merchant": event["merchant"] | {"chain": None}}) == digest_of(event)
    assert digest_of(event | {"customer": event["customer"] | {"city_population": 3495.0}}) == digest_of(event)


@given(st.text(min_size=1, max_size=20), st.text(min_size=1, max_size=20))
def test_digests_tell_names_apart(one: str, other: str) -> None:
    digests = [digest_of({"merchant": {"name": name}}) for name in (one, other)]
    assert (digests[0] == digests[1]) == (one == other)


@pytest.mark.parametrize("changes", [{"cc_num": "99990000"}, {"lat": "91"}, {"street": CARD}])
def test_a_row_that_the_service_refuses_says_nothing(changes: dict[str, str]) -> None:
    assert Scribe().statement(sound(2, **changes)) is None


def test_a_row_that_the_service_takes_without_a_check_digit_says_what_is_stored() -> None:
    row = sound(2, cc_num="9999000000000000")
    assert Scribe().statement(row) is None
    exempt = IssuerRanges.parse("9999", lengths=LENGTHS)
    found = statement(row, Scribe(exempt))
    assert found is not None
    assert found.digest == digest_of(event_of(sound(2)) | {"card_masked": "999900******0000"})


def test_a_statement_knows_its_time_as_the_store_does() -> None:
    assert statement(sound(2)).occurred_at == event_of(sound(2))["occurred_at"]


def test_a_statement_keeps_no_card_number() -> None:
    scribe = Scribe()
    assert CARD not in repr(statement(sound(2), scribe))
    assert CARD not in repr(vars(scribe))


def test_a_scribe_in_another_process_says_the_same_of_a_row() -> None:
    """Its keys go there; what a key ring makes of them cannot."""
    scribe = Scribe(IssuerRanges.parse("9999", lengths=LENGTHS))
    copy = pickle.loads(pickle.dumps(scribe))
    rows = [sound(2), sound(3, cc_num="9999000000000000"), sound(4, lat="91")]
    assert copy.statements(rows) == scribe.statements(rows)
    assert len(copy.statements(rows)) == 2
    assert Scribe().statement(sound(2)) != scribe.statement(sound(2)), "each run has its own names of cards"


def test_equal_cards_have_one_id_each() -> None:
    scribe, identities = Scribe(), Identities()
    rows = [sound(2), sound(3, cc_num=OTHER_CARD), sound(4), sound(5, cc_num=OTHER_CARD)]
    assert all(fit(identities, row, event_of(row), scribe) for row in rows)


@pytest.mark.parametrize(
    "wrong",
    [
        {"card_id": event_of(sound(3, cc_num=OTHER_CARD))["card_id"]},
        {"card_id": None},
        {"customer_id": "cus_" + "0" * 32},
        {"merchant_id": "mer_" + "0" * 32},
        {"account": "other"},
    ],
)
def test_an_id_that_another_has_does_not_fit(wrong: dict[str, object]) -> None:
    scribe, identities = Scribe(), Identities()
    for row in (sound(2), sound(3, cc_num=OTHER_CARD)):
        assert fit(identities, row, event_of(row), scribe)
    assert not fit(identities, sound(4), event_of(sound(4)) | wrong, scribe)


def test_two_cards_with_one_id_do_not_fit() -> None:
    scribe, identities = Scribe(), Identities()
    one, other = sound(2), sound(3, cc_num=OTHER_CARD)
    assert fit(identities, one, event_of(one), scribe)
    ids = {name: event_of(one)[name] for name in ("card_id", "customer_id")}
    assert not fit(identities, other, event_of(other) | ids, scribe)


def test_a_new_version_of_the_card_key_gives_a_card_a_second_id() -> None:
    scribe, identities = Scribe(), Identities()
    rotated = KeyRing({**KEYS.card_keys, 2: b"d" * 32}, KEYS.identity_key)
    assert fit(identities, sound(2), event_of(sound(2)), scribe)
    assert fit(identities, sound(3), event_of(sound(3), keys=rotated), scribe)
    assert fit(identities, sound(4), event_of(sound(4)), scribe)


def test_spellings_of_a_merchant_have_one_id() -> None:
    scribe, identities = Scribe(), Identities()
    rows = [sound(2), sound(3, merchant="fraud_RIPPIN,  kub and Mann"), sound(4, merchant="fraud_Kub")]
    assert all(fit(identities, row, event_of(row), scribe) for row in rows)
