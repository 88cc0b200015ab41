"""The keys that an issuer publishes: what is taken of them, how often they are fetched, and what when they cannot."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import httpx
import pytest

from tests.txn_api.asgi import until
from tests.txn_api.issuer import jwk, jwks, kid
from txn_api.access.jwks import (
    DOCUMENT_BYTES_MAX,
    FETCH_S_MAX,
    KEYS_MAX,
    REFETCH_S_MIN,
    STALE_S_MAX,
    Jwks,
    JwksError,
    fetch_document,
    parse,
)
from txn_api.problems import StoreUnavailable

ALGORITHMS = ("RS256", "ES256", "EdDSA")
CACHE_S = 300.0


class Issuer:
    """Publishes keys, may be away, and counts how often it is asked."""

    def __init__(self) -> None:
        self.document, self.away, self.asked, self.at = jwks(jwk("ES256")), False, 0, 5_000.0
        self.answers = asyncio.Event()
        self.answers.set()

    async def fetch(self) -> bytes:
        self.asked += 1
        await self.answers.wait()
        if self.away:
            raise httpx.ConnectError("away")
        return self.document

    def keys(self) -> Jwks:
        """The keys as the API sees them."""
        return Jwks(self.fetch, algorithms=ALGORITHMS, cache_s=CACHE_S, clock=lambda: self.at)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


async def test_keys_are_fetched_once_in_a_while(issuer: Issuer) -> None:
    """With the first token, and again when the cache's time is over."""
    keys = issuer.keys()
    assert issuer.asked == 0
    for _ in range(5):
        assert await keys.key(kid("ES256")) is not None
    assert issuer.asked == 1
    issuer.at += CACHE_S
    assert await keys.key(kid("ES256")) is not None
    assert issuer.asked == 2


async def test_a_rotated_key_is_found_and_a_withdrawn_one_is_gone(issuer: Issuer) -> None:
    """An unknown key id makes the set be fetched again; what the new set does not have verifies no more."""
    keys = issuer.keys()
    await keys.key(kid("ES256"))
    issuer.document = jwks(jwk("ES256", 1))
    issuer.at += REFETCH_S_MIN
    assert await keys.key(kid("ES256", 1)) is not None
    assert await keys.key(kid("ES256")) is None


async def test_made_up_key_ids_make_no_load(issuer: Issuer) -> None:
    """However many ask for however many keys, the issuer is asked once in the shortest pause."""
    keys = issuer.keys()
    for number in range(100):
        assert await keys.key(f"made-up-{number}") is None
    assert issuer.asked == 1
    issuer.at += REFETCH_S_MIN
    assert set(await asyncio.gather(*(keys.key(f"made-up-{number}") for number in range(100)))) == {None}
    assert issuer.asked == 2
    assert await keys.key(None) is None
    assert await keys.key(["ES256-0"]) is None


async def test_all_who_ask_at_once_wait_for_one_fetch(issuer: Issuer) -> None:
    """Also when the first of them gives up."""
    issuer.answers.clear()
    keys = issuer.keys()
    calls = [asyncio.create_task(keys.key(kid("ES256"))) for _ in range(10)]
    await until(lambda: issuer.asked)
    calls[0].cancel()
    issuer.answers.set()
    assert all(await asyncio.gather(*calls[1:]))
    assert issuer.asked == 2


async def test_known_keys_outlive_the_issuer_for_an_hour(issuer: Issuer) -> None:
    """Unknown ones are 503 then and not 401: it cannot be told; when it is back, all is well."""
    keys = issuer.keys()
    await keys.key(kid("ES256"))
    issuer.away = True
    issuer.at += STALE_S_MAX - 1
    assert await keys.key(kid("ES256")) is not None
    with pytest.raises(StoreUnavailable):
        await keys.key("another")
    issuer.at += 1
    with pytest.raises(StoreUnavailable):
        await keys.key(kid("ES256"))
    issuer.away = False
    issuer.at += REFETCH_S_MIN
    assert await keys.key(kid("ES256")) is not None


async def test_an_issuer_that_was_never_reached_is_not_asked_by_every_request(issuer: Issuer) -> None:
    """503 for all, one try in the shortest pause."""
    issuer.away = True
    keys = issuer.keys()
    for _ in range(10):
        with pytest.raises(StoreUnavailable):
            await keys.key(kid("ES256"))
    assert issuer.asked == 1


@pytest.mark.parametrize("document", [b"", b"[]", b"{}", b'{"keys":{}}', b'{"keys":null}', b"<html>", b"\xff"])
async def test_what_is_no_set_of_keys_changes_nothing(issuer: Issuer, document: bytes) -> None:
    """A broken answer is as good as none: the known keys stay."""
    keys = issuer.keys()
    await keys.key(kid("ES256"))
    issuer.document = document
    issuer.at += CACHE_S
    assert await keys.key(kid("ES256")) is not None


KEYS: Final[tuple[tuple[str, str, object, bool], ...]] = (
    ("RS256", "RFC 7517, 4: a public key", jwk("RS256"), True),
    ("ES256", "RFC 7518, 6.2.1: on P-256", jwk("ES256"), True),
    ("EdDSA", "RFC 8037, 2: Ed25519", jwk("EdDSA"), True),
    ("with its algorithm", "RFC 7517, 4.4: what it is for", jwk("ES256", alg="ES256"), True),
    ("without use", "RFC 7517, 4.2: optional", jwk("ES256", use=...), True),
    ("with what we do not know", "RFC 7517, 4: members not understood are ignored", jwk("ES256", note="x"), True),
    ("to encrypt", "RFC 7517, 4.2: use enc verifies nothing", jwk("RS256", use="enc"), False),
    ("another algorithm", "RFC 8725, 3.1: none that is not pinned", jwk("RS256", alg="PS256"), False),
    ("none", "RFC 8725, 3.2", jwk("RS256", alg="none"), False),
    ("another's algorithm", "RFC 8725, 3.1: the algorithm fits the key", jwk("ES256", alg="RS256"), False),
    ("private", "RFC 7517, 9.2: a private key is nothing to publish", jwk("RS256", d="AQAB"), False),
    ("without a name", "RFC 7517, 4.5, and ours: a token names its key", jwk("RS256", kid=...), False),
    ("named by a number", "RFC 7517, 4.5: a text", jwk("RS256", kid=7), False),
    ("broken", "RFC 7518, 6.3.1.1: n is base64url", jwk("RS256", n="!"), False),
    ("another curve", "RFC 7518, 3.4: ES256 is on P-256", jwk("ES256", crv="P-384"), False),
    ("off the curve", "RFC 7518, 6.2.1: a point of the curve", jwk("ES256", x="AAAA"), False),
    ("symmetric", "RFC 8725, 2.1", {"kty": "oct", "kid": "x", "k": "c2VjcmV0", "alg": "HS256"}, False),
    ("symmetric in disguise", "RFC 8725, 2.1", {"kty": "oct", "kid": "x", "k": "c2VjcmV0", "alg": "RS256"}, False),
    ("of no kind", "RFC 7517, 4.1: kty MUST be present", {"kid": "x"}, False),
    ("null", "RFC 7517, 5.1: an object", None, False),
    ("a text", "RFC 7517, 5.1: an object", "key", False),
    ("a list", "RFC 7517, 5.1: an object", [], False),
)


@pytest.mark.parametrize(
    ("member", "rule", "is_taken"),
    [(member, rule, is_taken) for _, rule, member, is_taken in KEYS],
    ids=[name for name, *_ in KEYS],
)
def test_only_public_signing_keys_of_pinned_algorithms_are_taken(
    member: object, rule: str, *, is_taken: bool
) -> None:
    """One that is none spoils nothing: its neighbour is there."""
    found = parse(jwks(member, jwk("ES256", kid="neighbour")), ALGORITHMS)
    assert len(found) == 1 + is_taken, rule
    assert "neighbour" in found


def test_a_key_of_an_algorithm_that_is_not_asked_for_is_passed_over() -> None:
    """The setting pins them."""
    assert list(parse(jwks(*(jwk(algorithm) for algorithm in ALGORITHMS)), ["EdDSA"])) == [kid("EdDSA")]


@pytest.mark.parametrize(
    ("document", "rule"),
    [
        (b"", "RFC 7517, 5: a JSON object"),
        (b"[]", "RFC 7517, 5: a JSON object"),
        (b"{}", "RFC 7517, 5.1: keys MUST be present"),
        (b'{"keys": {}}', "RFC 7517, 5.1: a list"),
        (b'{"keys": null}', "RFC 7517, 5.1: a list"),
        (b'{"keys": "', "RFC 8259, 2"),
        (b"\xff", "RFC 8259, 8.1"),
    ],
)
def test_what_is_no_set_of_keys_is_refused(document: bytes, rule: str) -> None:
    """What was known before goes on."""
    with pytest.raises(JwksError):
        parse(document, ALGORITHMS)
    assert rule


def test_a_set_of_too_many_keys_is_none() -> None:
    """Each costs time and memory."""
    assert len(parse(jwks(*[jwk("ES256", kid=f"{n}") for n in range(KEYS_MAX)]), ALGORITHMS)) == KEYS_MAX
    with pytest.raises(JwksError):
        parse(jwks(*[jwk("ES256")] * (KEYS_MAX + 1)), ALGORITHMS)


def _client(answer: httpx.Response) -> httpx.AsyncClient:
    """A client that would follow redirects if it were not told otherwise."""
    transport = httpx.MockTransport(lambda _: answer)
    return httpx.AsyncClient(transport=transport, timeout=FETCH_S_MAX, follow_redirects=True)


async def test_a_document_is_fetched_up_to_its_bound() -> None:
    """Larger ones are given up in their middle."""
    sent = 0

    async def pieces(piece: bytes, times: int) -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(times):
            sent += 1
            yield piece

    async with _client(httpx.Response(200, content=pieces(b" " * 65_536, 1_000))) as client:
        with pytest.raises(JwksError):
            await fetch_document(client, "https://issuer.test/keys")
    assert sent <= DOCUMENT_BYTES_MAX // 65_536 + 1
    async with _client(httpx.Response(200, content=pieces(jwks(jwk("ES256")), 1))) as client:
        assert parse(await fetch_document(client, "https://issuer.test/keys"), ALGORITHMS)


@pytest.mark.parametrize("status", [301, 404, 500])
async def test_another_status_is_no_document(status: int) -> None:
    """A redirect is not followed: the URL is what was configured."""
    answer = httpx.Response(status, content=jwks(jwk("ES256")), headers={"Location": "https://other.test/"})
    async with _client(answer) as client:
        with pytest.raises(httpx.HTTPStatusError):
            await fetch_document(client, "https://issuer.test/keys")
