"""What a look-up by id shows of the scorer's work."""

import pytest

from tests.builders import body, transaction_id
from tests.txn_api.conftest import Api
from txn_core.dynamodb.scores import ScoreItem


async def test_a_transaction_shows_its_risk_once_it_is_scored(api: Api) -> None:
    """Before that it shows none, and the tag of the answer tells the two apart; parts and tables show none."""
    event = await api.index(body(transaction_id=transaction_id()))
    path = f"/transactions/{event.transaction_id}"
    before = await api.client.get(path)
    assert before.json()["risk"] is None
    scored = ScoreItem(api.account, event.transaction_id, 973, "alert", "mdl_1", rules="rules_7", fallback=None)
    await api.services.scores.put_all([scored])
    after = await api.client.get(path, headers={"If-None-Match": before.headers["etag"]})
    assert (after.status_code, after.json()["risk"]) == (200, {"score": 973, "decision": "alert", "model": "mdl_1"})
    assert (await api.client.get(path, headers={"If-None-Match": after.headers["etag"]})).status_code == 304
    assert (await api.client.get(path, params={"fields": "transaction_id"})).json() == {
        "transaction_id": event.transaction_id
    }
    assert "risk" not in (await api.client.get(path, headers={"Accept": "text/csv"})).text
    assert await api.services.scores.of(api.account, event.transaction_id) == scored


async def test_scores_go_in_batches_and_are_small(api: Api) -> None:
    """More than one batch of them; one of rules alone has no score; each is under 200 bytes."""
    scores = [ScoreItem(api.account, transaction_id(), n, "pass", "mdl_1", "rules_7") for n in range(30)]
    scores.append(ScoreItem(api.account, transaction_id(), None, "review", None, fallback="model_unavailable"))
    await api.services.scores.put_all(scores)
    for score in (scores[0], scores[29], scores[30]):
        assert await api.services.scores.of(api.account, score.transaction_id) == score
        names_and_values = [name + str(*value.values()) for name, value in score.attributes().items()]
        assert len("".join(names_and_values)) < 200


async def test_a_score_that_cannot_be_read_holds_up_no_look_up(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """The transaction is answered without its risk."""
    event = await api.index(body(transaction_id=transaction_id()))
    monkeypatch.setattr(api.services.scores, "_name", "a-table-that-is-not-there")
    answer = await api.client.get(f"/transactions/{event.transaction_id}")
    assert (answer.status_code, answer.json()["risk"]) == (200, None)
