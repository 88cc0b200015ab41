"""Signed requests, by themselves and through every kind of route."""

import gzip
import re
import time
from typing import Any

import pytest
from starlette.datastructures import Headers

from tests.builders import IDENTITY_KEY, body, json_bytes, transaction_id
from tests.support.signed_requests import Signed
from tests.txn_api.conftest import Api, AppFixture
from txn_api.access import replay_cache
from txn_api.access.signatures import Signatures
from txn_api.problems import Problem
from txn_core.api_keys import KeyId, split
from txn_core.aws.clients import Aws
from txn_core.dynamodb.signatures import UsedSignatures
from txn_core.dynamodb.tables import TableNames
from txn_core.signing import WINDOW_S, Signature, digest_of, signing_secret
from txn_core.transactions.instants import now

KEY_ID = KeyId("0123456789abcdef")
NOW = 1_767_323_045


class Terminal:
    """Signs requests with a key, a second later each time."""

    def __init__(self, header: dict[str, str]) -> None:
        parts = split(header["Authorization"].removeprefix("Bearer "))
        assert parts is not None
        self.key_id, self.key = parts[0], header
        self.secret = signing_secret(IDENTITY_KEY, self.key_id)
        self.at = int(time.time()) - 100

    def headers(self, method: str, target: str, content: bytes = b"", **more: str) -> dict[str, str]:
        """The headers of a request."""
        self.at += 1
        idempotency_key = more.get("Idempotency-Key", "").encode()
        mac = Signed(self.at, method, target.encode(), idempotency_key, content).mac(self.secret)
        return self.key | more | {"Signature": Signature(self.at, self.key_id, mac).header()}


@pytest.fixture
def terminal(desk: AppFixture) -> Terminal:
    """A terminal whose key takes signed requests only."""
    return Terminal(desk.key("transactions:write", "transactions:read", "cards:lookup", requires_signature=True))


def request(**changes: Any) -> dict[str, Any]:
    """The ASGI scope of a post."""
    return {"method": "POST", "raw_path": b"/transactions", "query_string": b""} | changes


def signature(at: int = NOW, content: bytes = b"{}", key_id: KeyId = KEY_ID) -> Headers:
    """The headers of a signed post."""
    mac = Signed(at, "POST", b"/transactions", b"", content).mac(signing_secret(IDENTITY_KEY, key_id))
    return Headers({"Signature": Signature(at, key_id, mac).header()})


async def verified(signatures: Signatures, headers: Headers, content: bytes = b"{}", **changes: Any) -> str:
    """What is said of a request."""
    try:
        unverified = signatures.read(KEY_ID, request(**changes), headers)
        signatures.hold(unverified, digest_of(content))
        await signatures.use(unverified)
    except Problem as problem:
        return problem.code
    return "good"


async def test_a_signature_is_good_for_its_own_request_alone() -> None:
    """Another body, method, path, query, Idempotency-Key or key makes it invalid."""
    signatures = Signatures(IDENTITY_KEY, clock=lambda: NOW)
    assert await verified(signatures, signature(), b"{} ") == "signature_invalid"
    assert await verified(signatures, signature(), method="GET") == "signature_invalid"
    assert await verified(signatures, signature(), raw_path=b"/transactions/bulk") == "signature_invalid"
    assert await verified(signatures, signature(), query_string=b"a=b") == "signature_invalid"
    with_key = Headers({**signature(), "Idempotency-Key": "another"})
    assert await verified(signatures, with_key) == "signature_invalid"
    assert await verified(signatures, signature(key_id=KeyId("f" * 16))) == "signature_invalid"
    assert await verified(Signatures(bytes(32), clock=lambda: NOW), signature()) == "signature_invalid"
    assert await verified(signatures, Headers({})) == "signature_missing"
    assert await verified(signatures, Headers({"Signature": "v1=0"})) == "signature_invalid"
    assert await verified(signatures, signature()) == "good"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-WINDOW_S, "good"),
        (WINDOW_S, "good"),
        (-WINDOW_S - 1, "signature_expired"),
        (WINDOW_S + 1, "signature_expired"),
    ],
)
async def test_a_signature_is_good_for_five_minutes_around_its_time(seconds: int, said: str) -> None:
    """The bounds are within."""
    assert await verified(Signatures(IDENTITY_KEY, clock=lambda: NOW), signature(NOW + seconds)) == said


async def test_a_signature_opens_once_for_as_long_as_it_could() -> None:
    """One that is ahead of its time can come again for ten minutes; it is remembered so long, and then no longer."""
    at = NOW
    signatures = Signatures(IDENTITY_KEY, clock=lambda: at)
    ahead = signature(NOW + WINDOW_S)
    assert await verified(signatures, ahead) == "good"
    at = NOW + 2 * WINDOW_S
    assert await verified(signatures, ahead) == "signature_replayed"
    at += 1
    assert await verified(signatures, ahead) == "signature_expired"
    assert await verified(signatures, signature(at)) == "good"
    assert signatures._used._total == 1


async def test_a_refused_signature_is_not_remembered() -> None:
    """Garbage fills no memory, and does not use up the sender's own."""
    signatures = Signatures(IDENTITY_KEY, clock=lambda: NOW)
    assert await verified(signatures, signature(), b"other") == "signature_invalid"
    assert signatures._used._total == 0


async def test_what_cannot_be_remembered_is_not_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound a request is refused, with 503; none that was taken becomes free again."""
    monkeypatch.setattr(replay_cache, "USED_MAX", 6)
    signatures = Signatures(IDENTITY_KEY, clock=lambda: NOW)
    said = [await verified(signatures, signature(NOW + second)) for second in range(10)]
    assert said == ["good"] * 3 + ["overloaded"] * 7
    assert [await verified(signatures, signature(NOW + second)) for second in range(3)] == ["signature_replayed"] * 3


async def test_what_one_process_saw_another_refuses_if_they_share_it() -> None:
    """Kept for all until it is out of time anyway; while that cannot be told, nothing is let in."""
    used: dict[str, int] = {}

    async def use(mac: str, expires_at_s: int) -> bool:
        first = mac not in used
        used[mac] = expires_at_s
        return first

    async def away(mac: str, expires_at_s: int) -> bool:
        raise TimeoutError

    one, other = (Signatures(IDENTITY_KEY, use=use, clock=lambda: NOW) for _ in range(2))
    assert await verified(one, signature()) == "good"
    assert await verified(other, signature()) == "signature_replayed"
    assert list(used.values()) == [NOW + WINDOW_S]
    lonely = Signatures(IDENTITY_KEY, use=away, clock=lambda: NOW)
    assert await verified(lonely, signature()) == "store_unavailable"


async def test_two_processes_that_share_signatures_take_one_once(api: Api) -> None:
    """On the real table, and with two applications' memories."""
    settings = api.services.settings
    async with Aws(settings).dynamodb() as client:
        use = UsedSignatures(client, TableNames(settings.table_prefix).idempotency).use
        processes = [Signatures(IDENTITY_KEY, use=use, clock=lambda: NOW) for _ in range(2)]
        unique = json_bytes(body(transaction_id=transaction_id(), occurred_at=now()))
        said = [await verified(process, signature(content=unique), unique) for process in processes]
    assert said == ["good", "signature_replayed"]


async def test_a_signed_post_is_taken_once(desk: AppFixture, terminal: Terminal) -> None:
    """202, then 401 for the same bytes again; signed again it is taken, and is the same transaction."""
    content = json_bytes(body())
    headers = terminal.headers("POST", "/transactions", content)
    first = await desk.client.post("/transactions", content=content, headers=headers)
    replayed = await desk.client.post("/transactions", content=content, headers=headers)
    again = await desk.client.post(
        "/transactions", content=content, headers=terminal.headers("POST", "/transactions", content)
    )
    assert (first.status_code, again.status_code) == (202, 202)
    assert (replayed.status_code, replayed.json()["code"]) == (401, "signature_replayed")
    assert first.json()["transaction_id"] == again.json()["transaction_id"]
    assert len(desk.kinesis.stored) == 2


async def test_a_key_for_signed_requests_opens_no_route_without(desk: AppFixture, terminal: Terminal) -> None:
    """Every operation that needs a key says so, stores and reads nothing, and is documented to take a signature."""
    walked = 0
    for path, operations in desk.app.openapi()["paths"].items():
        for method, operation in operations.items():
            if operation["security"] and {} not in operation["security"]:
                answer = await desk.client.request(method, re.sub(r"{\w+}", "0" * 8, path), headers=terminal.key)
                assert (answer.status_code, answer.json()["code"]) == (401, "signature_missing"), (method, path)
                assert "www-authenticate" in answer.headers
                assert [{*needed} for needed in operation["security"]] == [
                    {"bearer"},
                    {"apiKey"},
                    {"bearer", "signature"},
                    {"apiKey", "signature"},
                ]
                walked += 1
    assert walked >= 20
    assert not desk.kinesis.stored


async def test_a_signed_idempotency_key_decides_the_id(desk: AppFixture, terminal: Terminal) -> None:
    """It is signed with the rest: the same signature with another one is no way to a second transaction."""
    content = json_bytes(body(transaction_id=...))
    headers = terminal.headers("POST", "/transactions", content, **{"Idempotency-Key": "once-0001"})
    taken = await desk.client.post("/transactions", content=content, headers=headers)
    other = await desk.client.post(
        "/transactions", content=content, headers=headers | {"Idempotency-Key": "once-0002"}
    )
    assert (taken.status_code, other.status_code) == (202, 401)
    assert len(desk.kinesis.stored) == 1


async def test_a_byte_order_mark_is_signed_with_the_rest(desk: AppFixture, terminal: Terminal) -> None:
    """The signature covers the bytes as they are sent; the mark is skipped behind it."""
    content = "\ufeff".encode() + json_bytes(body())
    sound = terminal.headers("POST", "/transactions", content)
    without = terminal.headers("POST", "/transactions", content[3:])
    answers = [await desk.client.post("/transactions", content=content, headers=each) for each in (sound, without)]
    assert [answer.status_code for answer in answers] == [202, 401]
    upload = terminal.headers("POST", "/transactions/bulk", content)
    answer = await desk.client.post("/transactions/bulk", content=content, headers=upload)
    assert '"accepted":1' in answer.text


async def test_the_body_of_a_signed_request_reaches_its_route(desk: AppFixture, terminal: Terminal) -> None:
    """A search, a compressed upload and a look-up with a query, each signed as it was sent."""
    search = json_bytes({"card_number": "2703186189652095", "from": "2", "to": "1"})
    answer = await desk.client.post(
        "/transactions/search", content=search, headers=terminal.headers("POST", "/transactions/search", search)
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "parameter_invalid")
    upload = gzip.compress(b"\n".join(json_bytes(body(transaction_id=f"line-{n:04d}")) for n in range(50)))
    headers = terminal.headers("POST", "/transactions/bulk", upload) | {"Content-Encoding": "gzip"}
    answer = await desk.client.post("/transactions/bulk", content=upload, headers=headers)
    assert '"accepted":50' in answer.text
    target = "/transactions?card_id=card_1_0&limit=1"
    answer = await desk.client.get(target, headers=terminal.headers("GET", target))
    assert (answer.status_code, answer.json()["code"]) == (422, "parameter_invalid")
    tampered = await desk.client.get(f"{target}0", headers=terminal.headers("GET", target))
    assert (tampered.status_code, tampered.json()["code"]) == (401, "signature_invalid")


async def test_a_signed_body_is_bounded(desk: AppFixture, terminal: Terminal) -> None:
    """An upload that is signed has to be read before any of it is taken, so it is as small as a single post."""
    upload = b"x" * (desk.services.settings.body_bytes_max + 1)
    headers = terminal.headers("POST", "/transactions/bulk", upload)
    answer = await desk.client.post("/transactions/bulk", content=upload, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
