"""What a look-up by id shows of the scorer's work."""

from dataclasses import replace

import pytest

from tests.builders import body, transaction_id
from tests.txn_api.conftest import Api
from txn_core.dynamodb.review.scores import ScoreItem, score_of, write_of
from txn_core.positions import WriteOrder
from txn_core.transactions.identity import Account, CardId, TransactionId

OTHER_CARD = CardId("card_1_" + "e" * 32)


def item(account: Account, id_: str, card_id: CardId, score: int | None, decision: str = "pass") -> ScoreItem:
    """A score of some write."""
    return ScoreItem(
        account, TransactionId(id_), card_id, f"{score or 0:012x}", score, decision, "mdl_1", rules="rules_7"
    )


async def test_a_transaction_shows_its_risk_once_it_is_scored(api: Api) -> None:
    """Before that it shows none, and the tag of the answer tells the two apart; parts and tables show none."""
    event = await api.index(body(transaction_id=transaction_id()))
    path = f"/transactions/{event.transaction_id}"
    before = await api.client.get(path)
    assert before.json()["risk"] is None
    scored = item(api.account, event.transaction_id, event.card_id, 973, decision="alert")
    await api.services.scores.put_all([scored])
    after = await api.client.get(path, headers={"If-None-Match": before.headers["etag"]})
    assert (after.status_code, after.json()["risk"]) == (200, {"score": 973, "decision": "alert", "model": "mdl_1"})
    assert (await api.client.get(path, headers={"If-None-Match": after.headers["etag"]})).status_code == 304
    assert (await api.client.get(path, params={"fields": "transaction_id"})).json() == {
        "transaction_id": event.transaction_id
    }
    assert "risk" not in (await api.client.get(path, headers={"Accept": "text/csv"})).text
    assert await api.services.scores.of(api.account, event.transaction_id) == [scored]


async def test_a_conflicts_score_is_never_shown_beside_the_transaction(api: Api) -> None:
    """An id that was sent again under another card, and one whose record two shards have scored."""
    event = await api.index(body(transaction_id=transaction_id()))
    path = f"/transactions/{event.transaction_id}"
    await api.services.scores.put_all([item(api.account, event.transaction_id, OTHER_CARD, 999, decision="alert")])
    assert (await api.client.get(path)).json()["risk"] is None
    stored = await api.services.transactions.get(api.account, event.transaction_id)
    assert stored is not None
    repeat, first = (
        item(api.account, event.transaction_id, event.card_id, 7),
        item(api.account, event.transaction_id, event.card_id, 8),
    )
    await api.services.scores.put_all([repeat, replace(first, write=write_of(stored.order))])
    assert (await api.client.get(path)).json()["risk"]["score"] == 8


@pytest.mark.parametrize("cards", [("card_2_" + "a" * 32, OTHER_CARD), (OTHER_CARD,)])
def test_a_repeat_that_turns_out_to_be_first_has_its_cards_score(cards: tuple[str, ...]) -> None:
    """Also where the card has a newer id by now."""
    order = WriteOrder("an order that nothing was scored under")
    scores = [item(Account("acme"), "a", CardId("card_1_" + "f" * 32), 1), item(Account("acme"), "a", OTHER_CARD, 2)]
    assert score_of(scores, cards, order) == scores[1]
    assert score_of(scores[:1], cards, order) is None


async def test_scores_go_in_batches_and_are_small(api: Api) -> None:
    """More than one batch of them; one of rules alone has no score; each is under 200 bytes."""
    scores = [item(api.account, transaction_id(), OTHER_CARD, n) for n in range(30)]
    unscored = item(api.account, transaction_id(), OTHER_CARD, None, decision="review")
    scores.append(replace(unscored, model=None, fallback="model_unavailable"))
    await api.services.scores.put_all(scores)
    for score in (scores[0], scores[29], scores[30]):
        assert await api.services.scores.of(api.account, score.transaction_id) == [score]
        names_and_values = [name + str(*value.values()) for name, value in score.attributes().items()]
        assert len("".join(names_and_values)) < 200


async def test_a_score_that_cannot_be_read_holds_up_no_look_up(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The transaction is answered without its risk."""
    event = await api.index(body(transaction_id=transaction_id()))
    monkeypatch.setattr(api.services.scores, "_name", "a-table-that-is-not-there")
    answer = await api.client.get(f"/transactions/{event.transaction_id}")
    assert (answer.status_code, answer.json()["risk"]) == (200, None)
