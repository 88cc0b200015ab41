"""What somebody does who has overheard a key for signed requests, but not the secret that signs them."""

import asyncio
import base64
import hashlib
from typing import Final

import pytest

from tests.builders import body, json_bytes
from tests.support.signed_requests import content_digest
from tests.txn_api.access.test_signatures import Terminal
from tests.txn_api.asgi import Call, until
from tests.txn_api.conftest import AppFixture
from txn_api.access import unverified_bodies
from txn_core.quotas import Limits
from txn_core.signing import claimed_digest, digest_of

PATH: Final = "/transactions"
CONTENT: Final = json_bytes(body())
WRONG: Final = "0" * 64
FEW: Final = 8


@pytest.fixture
def terminal(desk: AppFixture, monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """The holder, who may have two requests at once and begin five a second; few may wait unverified."""
    monkeypatch.setattr(unverified_bodies, "WAITING_MAX", FEW)
    limits = Limits(writes_per_s=5, reads_per_s=5, requests_max=2)
    return Terminal(desk.key("transactions:write", "transactions:read", requires_signature=True, limits=limits))


def forged(terminal: Terminal, **more: str) -> dict[str, str]:
    """The headers of somebody who has all but the secret."""
    headers = terminal.headers("POST", PATH, CONTENT, **more)
    return headers | {"Signature": headers["Signature"].partition("v1=")[0] + f"v1={WRONG}"}


def code_of(call: Call) -> str:
    """The code of what was answered."""
    return call.body.decode().partition('"code":"')[2].partition('"')[0]


async def ended(*calls: Call) -> None:
    """End calls that the test has begun."""
    for call in calls:
        call.disconnect()
    await asyncio.gather(*(call.task for call in calls), return_exceptions=True)


@pytest.mark.parametrize(
    ("header", "rule", "code"),
    [
        (None, "docs/access.md: a key for signed requests opens nothing without one", "signature_missing"),
        ("", "an empty one is none", "signature_missing"),
        ("t={t},kid={kid}", "v1 is part of the form", "signature_invalid"),
        ("t={t},v1={mac}", "kid is part of the form", "signature_invalid"),
        ("kid={kid},v1={mac}", "t is part of the form", "signature_invalid"),
        ("t={t},kid={kid},v1={mac} ", "no blanks", "signature_invalid"),
        ("t={t}, kid={kid}, v1={mac}", "no blanks", "signature_invalid"),
        ("t={t},kid={kid},v1={upper}", "lower-case hex digits", "signature_invalid"),
        ("t={t},kid={kid},v1={mac},v2=x", "one form", "signature_invalid"),
        ("kid={kid},t={t},v1={mac}", "in this order", "signature_invalid"),
        ("t={t}.0,kid={kid},v1={mac}", "whole seconds", "signature_invalid"),
        ("t=-{t},kid={kid},v1={mac}", "seconds since 1970", "signature_invalid"),
        ("t=\u0661,kid={kid},v1={mac}", "digits of ASCII", "signature_invalid"),
        ("t={t},kid=ffffffffffffffff,v1={mac}", "the kid is this key's", "signature_invalid"),
        ("t={t},kid={kid},v1={short}", "64 digits", "signature_invalid"),
        ("t={t},kid={kid},v1={mac}, t={t},kid={kid},v1={mac}", "RFC 9110, 5.3: two make a list", "signature_invalid"),
        ("sig1=:AAAA:", "RFC 9421, 4.2, is another form", "signature_invalid"),
        ("t=1,kid={kid},v1={mac}", "300 s around the server's time", "signature_expired"),
        ("t=999999999999,kid={kid},v1={mac}", "300 s around the server's time", "signature_expired"),
    ],
)  # fmt: skip
async def test_what_the_head_says_of_a_signature_is_judged_before_the_body(
    desk: AppFixture, terminal: Terminal, header: str | None, rule: str, code: str
) -> None:
    """Without a byte of the body, and without a place or a token of the holder's."""
    if header is None:
        headers = terminal.key
    else:
        sound = terminal.headers("POST", PATH, CONTENT)["Signature"]
        mac = sound.partition("v1=")[2]
        made = header.format(t=terminal.at, kid=terminal.key_id, mac=mac, upper=mac.upper(), short=mac[1:])
        headers = terminal.key | {"Signature": made.encode().decode("latin-1")}
    for path in (PATH, "/transactions/bulk"):
        call = Call(desk.app, path, headers=headers)
        await call.done()
        assert (call.status, code_of(call)) == (401, code), rule
        assert not [name for name, _ in call.sent[0]["headers"] if name.startswith(b"ratelimit")]


async def test_the_unsigned_take_nothing_from_the_holder(desk: AppFixture, terminal: Terminal) -> None:
    """Hundreds of requests without a signature, or with a wrong one; the holder's five are all there."""
    for number in range(300):
        headers = (terminal.key, forged(terminal))[number % 2]
        answer = await desk.client.post(PATH, content=CONTENT, headers=headers)
        assert answer.status_code == 401
        answer = await desk.client.get("/merchants", headers=terminal.key)
        assert answer.status_code == 401
    for _ in range(5):
        headers = terminal.headers("POST", PATH, CONTENT)
        assert (await desk.client.post(PATH, content=CONTENT, headers=headers)).status_code == 202
    assert len(desk.kinesis.stored) == 5


async def test_bodies_that_never_come_do_not_shut_the_holder_out(desk: AppFixture, terminal: Terminal) -> None:
    """Whoever waits longest goes; the holder's body comes with its head, or right behind it."""
    stalled = [Call(desk.app, PATH, headers=forged(terminal)) for _ in range(5 * FEW)]
    pool = desk.services.gate._unverified
    await until(lambda: sum(call.complete for call in stalled) == 4 * FEW)
    assert len(pool._waiting[terminal.key_id]) == FEW
    assert {(call.status, code_of(call)) for call in stalled if call.complete} == {(429, "too_many_concurrent")}
    assert all(call.complete for call in stalled[: 4 * FEW])
    headers = terminal.headers("POST", PATH, CONTENT)
    assert (await desk.client.post(PATH, content=CONTENT, headers=headers)).status_code == 202
    slow = Call(desk.app, PATH, headers=terminal.headers("POST", PATH, CONTENT))
    slow.send(CONTENT[:10])
    await until(lambda: not slow.unread_pieces)
    more = [Call(desk.app, PATH, headers=forged(terminal)) for _ in range(FEW - 1)]
    slow.send(CONTENT[10:], more=False)
    await slow.done()
    assert slow.status == 202
    await ended(*stalled, *more)
    assert not pool._waiting


async def test_who_sends_the_digest_in_the_head_does_not_wait_among_the_unverified(
    desk: AppFixture, terminal: Terminal
) -> None:
    """However many forged ones come while the body is on its way (RFC 9530, 2)."""
    digest = {"Content-Digest": content_digest(CONTENT)}
    slow = Call(desk.app, PATH, headers=terminal.headers("POST", PATH, CONTENT, **digest))
    slow.send(CONTENT[:10])
    await until(lambda: not slow.unread_pieces)
    forgeries = [Call(desk.app, PATH, headers=forged(terminal)) for _ in range(10 * FEW)]
    await until(lambda: sum(call.complete for call in forgeries) == 9 * FEW)
    slow.send(CONTENT[10:], more=False)
    await slow.done()
    assert slow.status == 202
    await ended(*forgeries)


async def test_a_head_with_a_digest_is_judged_without_its_body(desk: AppFixture, terminal: Terminal) -> None:
    """A forged one and one that was used before are refused while their senders hold the body back."""
    digest = {"Content-Digest": content_digest(CONTENT)}
    call = Call(desk.app, PATH, headers=forged(terminal, **digest))
    await call.done()
    assert (call.status, code_of(call)) == (401, "signature_invalid")
    overheard = terminal.headers("POST", PATH, CONTENT, **digest)
    assert (await desk.client.post(PATH, content=CONTENT, headers=overheard)).status_code == 202
    for headers in (overheard, {name: value for name, value in overheard.items() if name != "Content-Digest"}):
        call = Call(desk.app, PATH, headers=headers)
        await call.done()
        assert (call.status, code_of(call)) == (401, "signature_replayed")


async def test_a_head_that_is_replayed_while_its_body_is_on_its_way_is_refused(
    desk: AppFixture, terminal: Terminal
) -> None:
    """It is used up with the head, or whoever overhears it could begin as many as the holder may have at once."""
    digest = {"Content-Digest": content_digest(CONTENT)}
    headers = terminal.headers("POST", PATH, CONTENT, **digest)
    first = Call(desk.app, PATH, headers=headers)
    first.send(CONTENT[:10])
    await until(lambda: not first.unread_pieces)
    replayed = Call(desk.app, PATH, headers=headers)
    await replayed.done()
    assert (replayed.status, code_of(replayed)) == (401, "signature_replayed")
    first.send(CONTENT[10:], more=False)
    await first.done()
    assert first.status == 202


@pytest.mark.parametrize("path", [PATH, "/transactions/bulk"])
async def test_another_body_than_the_digests_is_refused(desk: AppFixture, terminal: Terminal, path: str) -> None:
    """The signature is good for the body that the head names, and that one did not come."""
    headers = terminal.headers("POST", path, CONTENT, **{"Content-Digest": content_digest(CONTENT)})
    other = json_bytes(body(amount_minor=1_000_000))
    answer = await desk.client.post(path, content=other, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "signature_invalid")
    wrong = terminal.headers("POST", path, CONTENT, **{"Content-Digest": content_digest(other)})
    for content in (CONTENT, other):
        answer = await desk.client.post(path, content=content, headers=wrong)
        assert (answer.status_code, answer.json()["code"]) == (401, "signature_invalid")
    assert not desk.kinesis.stored


async def test_a_verified_request_is_counted_and_refused_beyond_the_limits(
    desk: AppFixture, terminal: Terminal
) -> None:
    """As any other; what is refused so has not used its signature up."""
    sent: list[tuple[dict[str, str], int]] = []
    while 429 not in [status for _, status in sent]:
        headers = terminal.headers("POST", PATH, CONTENT)
        sent.append((headers, (await desk.client.post(PATH, content=CONTENT, headers=headers)).status_code))
        assert len(sent) < 200
    assert {status for _, status in sent} == {202, 429}
    last, _ = sent[-1]
    await asyncio.sleep(0.4)  # two requests' worth
    assert (await desk.client.post(PATH, content=CONTENT, headers=last)).status_code == 202
    assert (await desk.client.post(PATH, content=CONTENT, headers=last)).json()["code"] == "signature_replayed"


DIGEST: Final = base64.b64encode(hashlib.sha256(CONTENT).digest()).decode()


@pytest.mark.parametrize(
    ("header", "known"),
    [
        (f"sha-256=:{DIGEST}:", True),
        (f"sha-512=:AAAA:, sha-256=:{DIGEST}:", True),
        (f"sha-256=:{DIGEST}: ,\tmd5=:AAAA:", True),
        ("", False),
        (f"sha-256={DIGEST}", False),
        (f"sha-256=:{DIGEST[:-1]}:", False),
        (f"SHA-256=:{DIGEST}:", False),
        (f"sha-256=:{DIGEST}:, sha-256=:{DIGEST}:", False),
        ("sha-512=:AAAA:", False),
    ],
)
def test_a_digest_is_read_as_a_dictionary_has_it(header: str, known: bool) -> None:  # noqa: FBT001
    """RFC 9530, 2, and RFC 9651, 3.2: keys in lower case, bytes between colons; what is not read is not there."""
    assert claimed_digest(header) == (digest_of(CONTENT) if known else None)
