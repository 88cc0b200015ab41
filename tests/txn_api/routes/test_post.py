"""`POST /transactions`."""

import asyncio
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.builders import body, card_number, full_body, json_bytes, payment_fields
from tests.support.fake_kinesis import Fate, Reply, client_error
from tests.txn_api.asgi import Call, until
from tests.txn_api.conftest import BUFFER_BYTES, Api, AppFixture
from txn_core.aws.clients import Aws
from txn_core.transactions.event import Event

MARK = "\ufeff".encode()


async def test_202_means_that_the_stream_has_it(api: Api) -> None:
    """The acknowledgement names a place on the real stream, and there stands this very transaction."""
    answer = await api.client.post("/transactions", json=full_body(transaction_id=api.account))
    assert answer.status_code == 202
    assert answer.headers["location"] == f"/transactions/{api.account}"
    said = answer.json()
    event = Event.decode(await _record(api, said["shard_id"], said["sequence_number"]))
    assert event.transaction_id == said["transaction_id"] == api.account
    assert event.account == api.account
    assert [event.card_id, event.customer_id, event.merchant_id, event.accepted_at] == [
        said[name] for name in ("card_id", "customer_id", "merchant_id", "accepted_at")
    ]


async def _record(api: Api, shard_id: str, sequence_number: str) -> bytes:
    async with Aws(api.services.settings).kinesis() as kinesis:
        iterator = await kinesis.get_shard_iterator(
            StreamName=api.services.settings.stream,
            ShardId=shard_id,
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            StartingSequenceNumber=sequence_number,
        )
        records = await kinesis.get_records(ShardIterator=iterator["ShardIterator"], Limit=1)
    return records["Records"][0]["Data"]


LATER = {
    "full": full_body(merchant={"name": "Kub", "country": "DE"}, **payment_fields()),
    "short": body(transaction_id="Ab-_09"),
    "offset": body(occurred_at="2019-01-01T01:00:18+01:00"),
}


@pytest.mark.parametrize("name", LATER)
async def test_a_later_version_is_written_when_it_is_set(desk: AppFixture, name: str) -> None:
    """Until then the door says which fields it cannot take, and drops none; of an offset the instant is enough."""
    refused = await desk.client.post("/transactions", json=LATER[name])
    if name == "offset":
        assert refused.status_code == 202
        assert desk.kinesis.data[-1].startswith(b'{"schema":1,')
    else:
        assert (refused.status_code, refused.json()["code"]) == (422, "validation_failed")
        assert {error["code"] for error in refused.json()["errors"]} == {"not_accepted_yet"}
        pointers = {error["pointer"] for error in refused.json()["errors"]}
        expected = [*(f"/{field}" for field in payment_fields()), "/merchant/country"]
        assert pointers == ({"/transaction_id"} if name == "short" else {*expected})
        assert desk.kinesis.data == []
    desk.admit(event_schema=2)
    assert (await desk.client.post("/transactions", json=LATER[name])).status_code == 202
    event = Event.decode(desk.kinesis.data[-1])
    assert (event.schema_version, event.transaction_id) == (2, LATER[name]["transaction_id"])
    assert event.occurred_at_offset_minutes == (60 if name == "offset" else None)
    assert (event.mcc, event.merchant.country) == (("5411", "DE") if name == "full" else (None, None))


async def test_the_same_id_under_a_key_is_answered_by_its_content_of_either_version(desk: AppFixture) -> None:
    """A retry that comes to a process with the other version gets the first answer again, and no conflict."""
    headers = {"idempotency-key": "k-1"}
    first = await desk.client.post("/transactions", json=LATER["offset"], headers=headers)
    desk.admit(event_schema=2)
    again = await desk.client.post("/transactions", json=LATER["offset"], headers=headers)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json() == first.json()
    assert len(desk.kinesis.data) == 1


async def test_no_202_before_the_landing(desk: AppFixture) -> None:
    """Until the stream has answered, nothing is said."""
    desk.script(Reply(after_s=0.05))
    call = Call(desk.app, "/transactions", headers={"authorization": desk.client.headers["authorization"]})
    call.send(json_bytes(body()), more=False)
    await until(lambda: desk.kinesis.in_flight)
    assert call.sent == []
    await call.done()
    assert call.status == 202
    assert len(desk.kinesis.stored) == 1


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(fates=[Fate.REFUSED]), "not_stored"),
        (Reply(error=client_error("ResourceNotFoundException"), stores=False), "not_stored"),
        (Reply(after_s=60.0), "outcome_unknown"),
    ],
)
async def test_no_landing_is_said_honestly(desk: AppFixture, reply: Reply, code: str) -> None:
    """503 tells a transaction that is certainly not stored from one that nobody knows of."""
    desk.script(reply, deadline_s=0.05)
    answer = await desk.client.post("/transactions", json=body())
    assert (answer.status_code, answer.json()["code"]) == (503, code)
    assert answer.headers["retry-after"] == "1"
    counted = {"outcome": "failed" if code == "not_stored" else code}
    assert desk.app.state.registry.get_sample_value("txn_http_answers_total", counted) == 1


async def test_a_full_buffer_is_said_before_anything_is_buffered(desk: AppFixture) -> None:
    """503 overloaded, with a time to come back; what is refused is nowhere."""
    desk.script(Reply(after_s=0.05), *[Reply()] * 9)
    big = [desk.services.producer.submit(f"card{number}", bytes(BUFFER_BYTES // 5)) for number in range(4)]
    held = desk.services.producer.submit("card9", bytes(BUFFER_BYTES // 5 - 100))
    answer = await desk.client.post("/transactions", json=body())
    assert (answer.status_code, answer.json()["code"]) == (503, "overloaded")
    assert answer.json()["type"].endswith("http-problem-types#temporary-reduced-capacity")
    assert answer.headers["retry-after"] == "1"
    await asyncio.gather(*big, held)
    assert not any(b"transaction_id" in data for data in desk.kinesis.data)
    assert (await desk.client.post("/transactions", json=body())).status_code == 202


async def test_a_client_that_goes_away_does_not_take_its_transaction_along(desk: AppFixture) -> None:
    """What was handed over lands; the retry finds it there."""
    desk.script(Reply(after_s=0.02))
    call = Call(desk.app, "/transactions", headers={"authorization": desk.client.headers["authorization"]})
    call.send(json_bytes(body()), more=False)
    await until(lambda: desk.kinesis.in_flight)
    call.disconnect()
    await call.done()
    assert len(desk.kinesis.stored) == 1


async def test_a_client_that_goes_away_in_its_body_stores_nothing(desk: AppFixture) -> None:
    """Half a body is no transaction, even one that would parse."""
    call = Call(desk.app, "/transactions", headers={"authorization": desk.client.headers["authorization"]})
    call.send(json_bytes(body()))
    call.disconnect()
    await call.done()
    assert desk.kinesis.calls == []


async def test_a_body_that_does_not_come_is_given_up(desk: AppFixture) -> None:
    """408, and the connection is closed: the rest may never come."""
    desk.change(body_deadline_s=0.02)
    call = Call(desk.app, "/transactions", headers={"authorization": desk.client.headers["authorization"]})
    call.send(b"{")
    await call.done()
    assert call.status == 408
    assert (b"connection", b"close") in call.sent[0]["headers"]
    assert desk.kinesis.calls == []


async def test_a_body_that_trickles_is_given_up(desk: AppFixture) -> None:
    """The bound is on the whole body: a piece now and then does not hold a request for ever."""
    desk.change(body_deadline_s=0.05)
    call = Call(desk.app, "/transactions", headers={"authorization": desk.client.headers["authorization"]})
    async with asyncio.timeout(60):
        while not call.task.done():
            call.send(b" ")
            await asyncio.sleep(0.005)
    assert call.status == 408


async def test_an_id_is_made_of_the_idempotency_key(desk: AppFixture) -> None:
    """The same key in the same account is the same id, so that a retry is no second transaction."""
    other = desk.key("transactions:write", account="other")
    ids = []
    for key, headers in (("a", {}), ("a", {}), ("b", {}), ("a", other)):
        answer = await desk.client.post(
            "/transactions", json=body(transaction_id=...), headers={**headers, "Idempotency-Key": key}
        )
        assert answer.status_code == 202
        ids.append(answer.json()["transaction_id"])
    assert ids[0] == ids[1]
    assert len(set(ids)) == 3


async def test_the_account_is_the_keys(desk: AppFixture) -> None:
    """A body cannot write to another account."""
    answer = await desk.client.post("/transactions", json=body(), headers=desk.key("transactions:write", account="b"))
    assert answer.status_code == 202
    assert json.loads(desk.kinesis.data[0])["account"] == "b"
    assert (await desk.client.post("/transactions", json=body(account="a"))).status_code == 422


async def test_concurrent_posts_share_calls_and_keep_a_cards_order(desk: AppFixture) -> None:
    """Each has its own place; the transactions of a card stand in the order in which they were sent."""
    numbers = [card_number(number) for number in range(4)]
    answers = await asyncio.gather(
        *(
            desk.client.post("/transactions", json=body(transaction_id=f"{n:08d}", card_number=numbers[n % 4]))
            for n in range(40)
        )
    )
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["sequence_number"] for answer in answers}) == 40
    assert len(desk.kinesis.calls) < 40
    accepted = sorted((json.loads(data) for data in desk.kinesis.data), key=lambda event: event["accepted_at"])
    for card_id in {event["card_id"] for event in accepted}:
        on_stream = [e["transaction_id"] for e in map(json.loads, desk.kinesis.data) if e["card_id"] == card_id]
        assert on_stream == [e["transaction_id"] for e in accepted if e["card_id"] == card_id]


@pytest.mark.parametrize("name", ["Kub", "K\u00fcb"])
async def test_a_byte_order_mark_in_front_is_skipped(desk: AppFixture, name: str) -> None:
    """As .NET and PowerShell write it; what is stored is what would be stored without, also when the mark is cut."""
    content = json_bytes(body(merchant={"name": name}))
    plain = await desk.client.post("/transactions", content=content)
    marked = await desk.client.post("/transactions", content=MARK + content)
    call = Call(desk.app, "/transactions", headers={"authorization": desk.client.headers["authorization"]})
    for byte in MARK:
        call.send(bytes([byte]))
    call.send(content, more=False)
    await call.done()
    assert [plain.status_code, marked.status_code, call.status] == [202, 202, 202]
    first, *others = [{**json.loads(data), "accepted_at": ""} for data in desk.kinesis.data]
    assert others == [first, first]


def documents() -> st.SearchStrategy[bytes]:
    """JSON that has the contract's names and anything as their values."""
    leaves = st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=8)
    names = st.sampled_from([*body(), "customer"])
    values = st.recursive(
        leaves, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=4), max_leaves=8
    )
    return values.map(lambda value: json.dumps(value).encode())


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode) | documents())
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_whatever_is_sent_is_answered_with_a_problem(desk: AppFixture, content: bytes) -> None:
    """Any bytes and any JSON get a documented 4xx and store nothing."""
    answer = await desk.client.post("/transactions", content=content)
    assert answer.status_code in {400, 422}
    assert desk.kinesis.calls == []
