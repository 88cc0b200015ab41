"""The conflicts of a transaction, on the real index: what they said, masked, to those alone who may read it."""

from typing import Any

from tests.builders import body, card_number, customer, json_bytes, position
from tests.txn_api.conftest import Api, AppFixture
from txn_api.reads.fields import PERSONAL
from txn_core.dynamodb.transactions import IndexItem
from txn_core.positions import WriteOrder
from txn_core.transactions.event import Event

ID = "contradicted"


async def contradict(api: Api, number: int, *, content: bool = True, **changes: Any) -> Event:
    """Note a later write of the id, as the index worker would."""
    own = api.services.admission.admit(
        json_bytes(body(transaction_id=ID, **changes)), account=api.account, request_text=""
    )
    event = Event.decode(own.data)
    item = IndexItem.of(event, own.data, WriteOrder.of(event.accepted_at, position(number)))
    found = await api.services.transactions.get(api.account, event.transaction_id)
    assert found is not None
    assert await api.services.transactions.note(item, seen=found.order, conflict=True, other=None, content=content)
    return event


async def test_a_client_reads_what_contradicts(api: Api) -> None:
    """With the fields that differ; of what is not kept, that it was there."""
    first = await api.index(body(transaction_id=ID))
    later = await contradict(api, 2, amount_minor=1, card_number=card_number(7))
    lost = await contradict(api, 3, content=False, amount_minor=2)
    answer = await api.client.get(f"/transactions/{ID}/conflicts")
    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
    kept, gone = answer.json()["data"]
    assert kept["differs"] == ["card_id", "amount_minor"]
    told = kept.pop("transaction")
    assert told == {
        **later.model_dump(mode="json", by_alias=True, exclude={"schema_version"}),
        "conflicts": [],
    }
    assert card_number(7) not in answer.text
    assert (gone["accepted_at"], gone["differs"], gone["transaction"]) == (lost.accepted_at, None, None)
    whole = (await api.client.get(f"/transactions/{ID}")).json()
    assert (whole["amount_minor"], len(whole["conflicts"])) == (first.amount_minor, 2)
    assert whole["conflicts"][0] | {"differs": kept["differs"]} == kept


async def test_without_conflicts_there_are_none(api: Api) -> None:
    """Which is not the same as no transaction."""
    await api.index(body(transaction_id=ID))
    assert (await api.client.get(f"/transactions/{ID}/conflicts")).json() == {"data": []}
    for missing in ("nowhere-1", "no"):
        answer = await api.client.get(f"/transactions/{missing}/conflicts")
        assert (answer.status_code, answer.json()["code"]) == (404, "transaction_not_found")


async def test_conflicts_are_the_accounts_own(api: Api) -> None:
    """A stranger finds nothing, and asks for another account in vain."""
    await api.index(body(transaction_id=ID))
    await contradict(api, 2, amount_minor=1)
    stranger = await api.key("transactions:read", account="stranger")
    answer = await api.client.get(f"/transactions/{ID}/conflicts", headers=stranger)
    assert answer.json()["code"] == "transaction_not_found"
    asked = {"account": api.account}
    answer = await api.client.get(f"/transactions/{ID}/conflicts", params=asked, headers=stranger)
    assert answer.json()["code"] == "account_forbidden"
    granted = await api.key("transactions:read", account="stranger", granted=(api.account,))
    answer = await api.client.get(f"/transactions/{ID}/conflicts", params=asked, headers=granted)
    assert len(answer.json()["data"]) == 1


async def test_who_a_customer_is_needs_a_scope(api: Api) -> None:
    """Neither what a conflict said of the person nor that it said something else is shown without it."""
    await api.index(body(transaction_id=ID, customer=customer()))
    await contradict(api, 2, amount_minor=1, customer=customer(first_name="Marked", city="Elsewhere"))
    [full] = (await api.client.get(f"/transactions/{ID}/conflicts")).json()["data"]
    assert full["differs"] == ["amount_minor", "customer.first_name", "customer.city"]
    assert full["transaction"]["customer"]["first_name"] == "Marked"
    answer = await api.client.get(f"/transactions/{ID}/conflicts", headers=await api.key("transactions:read"))
    [less] = answer.json()["data"]
    assert less["differs"] == ["amount_minor", "customer.city"]
    assert less["transaction"]["customer"]["city"] == "Elsewhere"
    assert "Marked" not in answer.text
    assert PERSONAL["customer"].isdisjoint(less["transaction"]["customer"])


async def test_no_store_is_said(desk: AppFixture) -> None:
    """And nothing is waited for without end."""
    answer = await desk.client.get(f"/transactions/{ID}/conflicts")
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
