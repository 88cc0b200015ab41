"""`Idempotency-Key` at `POST /transactions`: on a scripted stream, and on real servers."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from prometheus_client import CollectorRegistry

from tests.builders import arrived, body, card_number, full_body, json_bytes
from tests.support.fake_kinesis import Fate, Reply
from tests.support.memory_records import Fault
from tests.txn_api.asgi import Call, until
from tests.txn_api.conftest import Api, AppFixture
from txn_api.writes.idempotency import Bounds, Idempotency
from txn_core.aws.clients import Aws
from txn_core.aws.objects import ObjectStore
from txn_core.dynamodb.cards import CardTable
from txn_core.dynamodb.merchants import MerchantTable
from txn_core.dynamodb.tables import TableNames
from txn_core.idempotency import Fingerprints, IdempotencyTable
from txn_core.lake.layout import DEAD_LETTER_PREFIX
from txn_core.positions import Position, SequenceNumber, ShardId
from workers.events.dead_letters import DeadLetter, DeadLetterBox, Seal
from workers.index.card_ids import CardIds
from workers.index.index_processor import Index, IndexMetrics
from workers.index.merchant_memory import MerchantMemory
from workers.leases.checkpointing import Checkpointer
from workers.leases.ledger_table import LedgerTable
from workers.metrics import WorkerMetrics

KEY = {"Idempotency-Key": '"8e03978e-40d5-43e8-bc93-6894a57f9324"'}
CARD = card_number(0)
DAY_S = 86_400


async def post(place: AppFixture | Api, headers: dict[str, str] = KEY, **changes: Any) -> httpx.Response:
    """Send the usual body, with changes."""
    return await place.client.post("/transactions", json=body(**changes), headers=headers)


async def test_the_first_answer_is_given_again_byte_for_byte(desk: AppFixture) -> None:
    """All of it but the request's own id; it says that it is a replay, and nothing new is on the stream."""
    first, second, third = [await post(desk, transaction_id=...) for _ in range(3)]
    assert first.status_code == second.status_code == 202
    assert first.content == second.content == third.content
    assert "idempotent-replayed" not in first.headers
    own = {"x-request-id", "idempotent-replayed", "ratelimit"}  # what is left of a rate is the moment's
    for again in (second, third):
        assert again.headers["idempotent-replayed"] == "true"
        assert {n: v for n, v in again.headers.items() if n not in own} == {
            n: v for n, v in first.headers.items() if n not in own
        }
    assert len(desk.kinesis.stored) == 1


async def test_a_key_is_bound_to_a_byte_order_mark_too(desk: AppFixture) -> None:
    """The bytes as they were sent count: with the mark again it is the same body, without it is another one."""
    content = "\ufeff".encode() + json_bytes(body(transaction_id=...))
    first, second, other = [
        await desk.client.post("/transactions", content=sent, headers=KEY) for sent in (content, content, content[3:])
    ]
    assert [first.status_code, second.status_code] == [202, 202]
    assert second.headers["idempotent-replayed"] == "true"
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")


async def test_quotes_are_not_part_of_the_key(desk: AppFixture) -> None:
    """One client library quotes it, another does not: the transaction is the same."""
    first = await post(desk, {"Idempotency-Key": '"k-1"'}, transaction_id=...)
    second = await post(desk, {"Idempotency-Key": "k-1"}, transaction_id=...)
    assert first.content == second.content


async def test_another_body_under_the_key_is_refused(desk: AppFixture) -> None:
    """422, and nothing of it is on the stream; a space more is another body."""
    assert (await post(desk)).status_code == 202
    for other in (json_bytes(body(amount_minor=1)), json_bytes(body()) + b" "):
        answer = await desk.client.post("/transactions", content=other, headers=KEY)
        assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")
    assert len(desk.kinesis.stored) == 1


async def test_a_key_is_its_accounts(desk: AppFixture) -> None:
    """Two accounts may use the same; all API keys of one account share theirs."""
    other, same = (desk.key("transactions:write", account=name) for name in ("other", "acme"))
    first = await post(desk)
    assert "idempotent-replayed" not in (await post(desk, KEY | other)).headers
    assert (await post(desk, KEY | same)).content == first.content


async def test_a_key_does_not_open_what_its_bearer_may_not(desk: AppFixture) -> None:
    """Who may not write gets no answer of who may."""
    await post(desk)
    assert (await post(desk, KEY | desk.key("transactions:read"))).status_code == 403


async def test_the_bodys_own_id_names_the_transaction(desk: AppFixture) -> None:
    """With both, the key is for the answer alone: what the client called the transaction is what it is called."""
    assert (await post(desk, transaction_id="given-by-the-client")).json()["transaction_id"] == "given-by-the-client"
    derived = (await post(desk, {"Idempotency-Key": "other"}, transaction_id=...)).json()["transaction_id"]
    assert derived.startswith("txn_")


async def test_a_refused_body_does_not_use_the_key_up(desk: AppFixture) -> None:
    """A 4xx stored nothing, not even its key: the corrected body may have it."""
    refused = await post(desk, amount_minor=-1)
    assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")
    assert desk.records.stored == {}
    assert (await post(desk)).status_code == 202


async def test_a_request_under_way_is_said(desk: AppFixture) -> None:
    """409 with a time to come back, and the answer then."""
    desk.script(Reply(after_s=0.1))
    headers = {"authorization": desk.client.headers["authorization"], **KEY}
    call = Call(desk.app, "/transactions", headers=headers)
    call.send(json_bytes(body()), more=False)
    await until(lambda: desk.kinesis.in_flight)
    answer = await desk.client.post("/transactions", content=json_bytes(body()), headers=KEY)
    assert (answer.status_code, answer.json()["code"]) == (409, "idempotency_key_in_flight")
    assert answer.headers["retry-after"] == "1"
    await call.done()
    again = await desk.client.post("/transactions", content=json_bytes(body()), headers=KEY)
    assert again.content == call.body
    assert len(desk.kinesis.stored) == 1


@pytest.mark.parametrize(
    ("reply", "code"),
    [(Reply(fates=[Fate.REFUSED]), "not_stored"), (Reply(after_s=60.0), "outcome_unknown")],
)
async def test_a_failure_is_not_replayed(desk: AppFixture, reply: Reply, code: str) -> None:
    """The retry tries, at once; another body does not get in between."""
    desk.script(reply, deadline_s=0.05)
    answer = await post(desk)
    assert (answer.status_code, answer.json()["code"]) == (503, code)
    desk.script()
    assert (await post(desk, amount_minor=1)).json()["code"] == "idempotency_key_reused"
    retried = await post(desk)
    assert retried.status_code == 202
    assert "idempotent-replayed" not in retried.headers


async def test_without_the_table_a_key_is_refused_and_no_key_is_not(desk: AppFixture) -> None:
    """503 before anything is sent; who sends no key does not depend on the table."""
    desk.records.faults = [Fault.REFUSED] * 3
    answer = await post(desk)
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
    assert "retry-after" in answer.headers
    assert desk.kinesis.calls == []
    desk.records.faults = [Fault.REFUSED] * 3
    assert (await post(desk, {})).status_code == 202
    assert len(desk.records.faults) == 3


async def test_an_answer_that_cannot_be_kept_is_not_given(desk: AppFixture) -> None:
    """503 `outcome_unknown` behind the landing: no 202 is given that a later one may differ from."""
    desk.records.faults = [Fault.NOTHING, *[Fault.REFUSED] * 3]
    answer = await post(desk)
    assert (answer.status_code, answer.json()["code"]) == (503, "outcome_unknown")
    assert len(desk.kinesis.stored) == 1


@pytest.mark.parametrize("presence", ["before the landing", "behind the landing"])
async def test_a_cut_connection_leaves_one_effect(desk: AppFixture, presence: str) -> None:
    """The client goes away while its transaction is under way, or never reads the answer: the retry gets it."""
    desk.script(Reply(after_s=0.02))
    headers = {"authorization": desk.client.headers["authorization"], **KEY}
    call = Call(desk.app, "/transactions", headers=headers)
    call.send(json_bytes(body()), more=False)
    if presence == "behind the landing":
        call.reading.clear()
        await until(lambda: any(record.answer for record in desk.records.stored.values()))
    else:
        await until(lambda: desk.kinesis.in_flight)
    call.disconnect()
    call.reading.set()
    await call.done()
    answer = await desk.client.post("/transactions", content=json_bytes(body()), headers=KEY)
    assert answer.status_code == 202
    assert answer.headers["idempotent-replayed"] == "true"
    assert len(desk.kinesis.stored) == 1


async def test_nothing_that_is_kept_is_what_was_sent(desk: AppFixture) -> None:
    """Neither the key, nor a digit group of the card number, nor a name; the fingerprint is keyed."""
    key, number = "key-of-the-client", card_number(77)
    sent = full_body(card_number=number)
    answer = await desk.client.post("/transactions", json=sent, headers={"Idempotency-Key": key})
    assert answer.status_code == 202
    (record,) = desk.records.stored.values()
    kept = repr((record, record.answer))
    for text in (key, number, number[:8], number[6:14], "Jennifer", "Rippin", "Perry Cove"):
        assert text not in kept
    assert set(json.loads(record.answer or b"")) == {
        *("transaction_id", "card_id", "customer_id", "merchant_id", "status", "accepted_at", "shard_id"),
        "sequence_number",
    }


@pytest.mark.parametrize(
    "key",
    [CARD, f'"{CARD}"', f'"{CARD[:4]} {CARD[4:8]} {CARD[8:]}"', f"order-{CARD}", rf'"{CARD[:6]}\"{CARD[6:]}"'],
)
async def test_a_card_number_in_the_key_is_refused(desk: AppFixture, key: str) -> None:
    """As anywhere in a request, however it is written; nothing is kept of it."""
    answer = await post(desk, {"Idempotency-Key": key})
    assert (answer.status_code, answer.json()["code"]) == (422, "card_number_misplaced")
    assert desk.records.stored == {}
    assert desk.kinesis.calls == []


async def test_a_key_out_of_form_is_refused_before_anything_is_done(desk: AppFixture) -> None:
    """It is not passed over, which would leave its sender unprotected."""
    for key in ('"open', "one, two", "k" * 256):
        answer = await post(desk, {"Idempotency-Key": key})
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency_key_malformed")
    assert desk.kinesis.calls == []


# On real servers


@asynccontextmanager
async def changed(api: Api, *, ahead_s: float = 0.0, **settings: object) -> AsyncIterator[IdempotencyTable]:
    """Let the application be another process: with other settings, or that much later."""
    own = api.services.settings.model_copy(update=settings)
    async with Aws(own).dynamodb() as dynamodb:
        table = IdempotencyTable(dynamodb, TableNames.of(own).idempotency)
        idempotency = Idempotency(
            table,
            Fingerprints.of(api.services.keys),
            Bounds.of(own),
            CollectorRegistry(),
            clock=lambda: time.time() + ahead_s,
        )
        api.app.state.services = replace(api.services, idempotency=idempotency)
        yield table


async def test_one_process_replays_what_another_kept(api: Api) -> None:
    """The table is the memory of all; what stands there is not what was sent, and goes by its `expires_at`."""
    first = await post(api, transaction_id=...)
    async with changed(api) as table:
        second = await post(api, transaction_id=...)
        assert second.headers["idempotent-replayed"] == "true"
        assert first.content == second.content
        key = KEY["Idempotency-Key"].strip('"')
        record_id = Fingerprints.of(api.services.keys).record_id(api.account, "POST /transactions", key)
        record = await table.find(record_id)
    assert record is not None
    assert record.answer == first.content
    assert 6.9 * DAY_S < record.expires_at_s - time.time() < 7 * DAY_S
    assert CARD not in repr((record, record.answer))


async def test_64_at_once_under_one_key_are_one(api: Api) -> None:
    """One new answer, its replays, and 409 for who came too early; of 64 bodies one is taken and 63 are refused."""
    # On a busy machine 64 calls at once take the local table seconds.
    async with changed(api, idempotency_timeout_s=60.0):
        same = await asyncio.gather(*(post(api, transaction_id=...) for _ in range(64)))
        key = {"Idempotency-Key": "many-bodies"}
        others = await asyncio.gather(*(post(api, key, transaction_id=..., amount_minor=n) for n in range(64)))
    told = [(answer.status_code, "idempotent-replayed" in answer.headers) for answer in same]
    assert told.count((202, False)) == 1
    assert set(told) <= {(202, False), (202, True), (409, False)}
    assert len({answer.content for answer in same if answer.status_code == 202}) == 1
    codes = [answer.json().get("code", "accepted") for answer in others]
    assert sorted(codes) == ["accepted", *["idempotency_key_reused"] * 63]


async def test_a_key_that_is_used_again_after_its_time_is_a_conflict_for_ever(api: Api) -> None:
    """The expired answer is not given, although it is still there (deletion by TTL lags, local servers have none).
    But the id that is derived from the key is the same: what the key was used for first stays the transaction.
    """
    first = await post(api, transaction_id=..., amount_minor=1)
    async with changed(api, ahead_s=8 * DAY_S):
        second = await post(api, transaction_id=..., amount_minor=2)
    assert first.status_code == second.status_code == 202
    assert "idempotent-replayed" not in second.headers
    assert first.json()["transaction_id"] == second.json()["transaction_id"]

    async with index_of(api) as (index, dead_letters):
        for answer in (second, first):  # in whatever order a worker meets them
            said = answer.json()
            at = Position(ShardId(said["shard_id"]), SequenceNumber(said["sequence_number"]))
            await index.write(arrived(await record_at(api, at), at))
        (letter,) = [
            letter async for letter in dead_letters if letter.origin.position.sequence_number == at_of(second)
        ]
    shown = (await api.client.get(first.headers["location"])).json()
    assert shown["amount_minor"] == 1
    assert [conflict["accepted_at"] for conflict in shown["conflicts"]] == [second.json()["accepted_at"]]
    assert (letter.reason, json.loads(letter.data)["amount_minor"]) == ("conflict", 2)


def at_of(answer: httpx.Response) -> str:
    """The sequence number of an acknowledgement."""
    return str(answer.json()["sequence_number"])


async def record_at(api: Api, at: Position) -> bytes:
    """A record that stands alone on the stream."""
    async with Aws(api.services.settings).kinesis() as kinesis:
        iterator = await kinesis.get_shard_iterator(
            StreamName=api.services.settings.stream,
            ShardId=at.shard_id,
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            StartingSequenceNumber=at.sequence_number,
        )
        records = await kinesis.get_records(ShardIterator=iterator["ShardIterator"], Limit=1)
    return records["Records"][0]["Data"]


@asynccontextmanager
async def index_of(api: Api) -> AsyncIterator[tuple[Index, AsyncIterator[DeadLetter]]]:
    """The index as its worker writes it, and the dead letters."""
    settings, metrics = api.services.settings, WorkerMetrics("index")
    seal, names = Seal.of(settings), TableNames.of(settings)
    async with Aws(settings).s3() as s3, Aws(settings).dynamodb() as dynamodb:
        store = ObjectStore(s3, settings.lake_bucket)
        index = Index(
            transactions=api.services.transactions,
            merchants=MerchantTable(dynamodb, names.merchants),
            cards=CardIds(CardTable(dynamodb, names.cards)),
            dead_letters=DeadLetterBox(store, seal, "index", settings.stream, metrics),
            metrics=metrics,
            counts=IndexMetrics(metrics),
            memory=MerchantMemory(),
            checkpointer=Checkpointer(LedgerTable(dynamodb, names.ledger("index"))),
            slots=asyncio.Semaphore(1),
            writes_max=1,
        )
        yield index, _dead_letters(store, seal)


async def _dead_letters(store: ObjectStore, seal: Seal) -> AsyncIterator[DeadLetter]:
    async for key in store.keys(DEAD_LETTER_PREFIX):
        yield seal.open(await store.read(key))


async def test_a_missing_table_is_said(api: Api) -> None:
    """Nothing is sent without the protection that was asked for."""
    async with changed(api, table_prefix="no-such"):
        answer = await post(api)
    assert (answer.status_code, answer.json()["code"]) == (503, "store_unavailable")
