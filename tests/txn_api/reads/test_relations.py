"""The relations of a transaction against a plain model: rows in any order give the same answer."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import from_json, to_json

from tests.builders import encoded, request
from txn_api.reads.relations import relations_of
from txn_core.dynamodb.ranges import Row, SortKey

PURCHASE = encoded(request(amount_minor=500, currency="USD", merchant={"name": "Kub"})).data.decode()
OWN: dict[str, Any] = from_json(PURCHASE)
_CARDS = (OWN["card_id"], f"card_1_{'0' * 32}")
_rows = st.lists(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(["refund", "reversal"]),
            "amount_minor": st.integers(0, 600),
            "currency": st.sampled_from(["USD", "EUR"]),
            "card_id": st.sampled_from(_CARDS),
            "merchant": st.sampled_from([{"name": " KUB "}, {"name": "Elsewhere"}]),
        }
    ),
    max_size=5,
)


def row(changes: dict[str, Any]) -> Row:
    """A row that refers to the purchase."""
    return Row(SortKey("sort"), to_json(OWN | changes).decode())


@given(_rows, st.randoms(use_true_random=False))
def test_relations_are_those_of_a_plain_model(changes: list[dict[str, Any]], rng: Any) -> None:
    """Sums of its own currency by type; a flag is there when one row, or all together, raise it."""
    shuffled = rng.sample(changes, len(changes))
    found = relations_of(PURCHASE, [row(each) for each in shuffled], is_all=True)
    own = [each for each in changes if each["currency"] == "USD"]
    assert found.refunded_minor == sum(each["amount_minor"] for each in own if each["type"] == "refund")
    assert found.reversed_minor == sum(each["amount_minor"] for each in own if each["type"] == "reversal")
    assert found.reversed == ((found.reversed_minor or 0) >= 500)
    assert set(found.flags) == {
        *(["exceeds_original"] if sum(each["amount_minor"] for each in own) > 500 else []),
        *(["currency_differs"] if len(own) < len(changes) else []),
        *(["card_differs"] if any(each["card_id"] != OWN["card_id"] for each in changes) else []),
        *(["merchant_differs"] if any(each["merchant"]["name"] == "Elsewhere" for each in changes) else []),
    }
    assert found == relations_of(PURCHASE, [row(each) for each in changes], is_all=True)


def test_an_older_id_of_the_card_is_the_same_card() -> None:
    """After a compromise of the card key."""
    aliased = row({"type": "refund", "card_id": _CARDS[1], "card_aliases": [OWN["card_id"]]})
    assert relations_of(PURCHASE, [aliased], is_all=True).flags == ()
