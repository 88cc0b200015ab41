"""OAuth2 access tokens: which are good, what they say, and what they open."""

import asyncio
import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx
import jwt
import pytest

from operations.http.resources import RESOURCES
from tests.builders import body
from tests.support.one_mask import cards_of_mask
from tests.txn_api.conftest import AppFixture
from tests.txn_api.issuer import AUDIENCE, ISSUER, claims, jwk, jwks, kid, private_key, token
from txn_api.access.jwks import Jwks
from txn_api.access.strict_jws import Compact, compact
from txn_api.access.token_claims import LEEWAY_S, Claims, Holder
from txn_api.access.tokens import TOKEN_CHARS_MAX, Tokens
from txn_api.app import create_app
from txn_api.problems import TokenInvalid
from txn_core.settings import Settings

ALGORITHMS = ("RS256", "ES256", "EdDSA")
CLAIMS = Claims(issuer=ISSUER, audience=AUDIENCE, account="account", scope="scope", scope_prefix="")


class Issuer:
    """Publishes what it has, and counts how often it is asked."""

    def __init__(self) -> None:
        self.members: list[object] = [jwk(algorithm) for algorithm in ALGORITHMS]
        self.asked = 0

    async def fetch(self) -> bytes:
        self.asked += 1
        return jwks(*self.members)

    def _now(self) -> float:
        return time.monotonic()  # looked up at each call: a test may have put another in its place

    def tokens(self, claims: Claims = CLAIMS, *, algorithms: tuple[str, ...] = ALGORITHMS) -> "VerifyingTokens":
        """What verifies its tokens."""
        keys = Jwks(self.fetch, algorithms=algorithms, cache_s=300.0, clock=self._now)
        return VerifyingTokens(keys, claims, trust_s=300.0)


class VerifyingTokens(Tokens):
    """Makes no difference between tokens that are refused."""

    async def verify(self, token: str) -> Holder:
        """Whom a token was issued to. Raises `TokenInvalid` of any that is refused."""
        if (holder := await self.holder(token)) is None:
            raise TokenInvalid
        return holder


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


def unsigned(headers: dict[str, Any], mac: Callable[[bytes], bytes] = lambda _: b"", **changes: Any) -> str:
    """A token that no key of the issuer signed."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=") for part in (headers, claims(**changes))
    ]
    content = b".".join(parts)
    return (content + b"." + base64.urlsafe_b64encode(mac(content)).rstrip(b"=")).decode()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_a_token_says_who_it_is(issuer: Issuer, algorithm: str) -> None:
    """Account, those scopes that are ours, a subject to count by, and when it ends."""
    holder = await issuer.tokens().verify(token(algorithm, exp=2_000_000_000))
    assert holder.account == "acme"
    assert holder.scopes == frozenset({"transactions:read"})
    assert holder.expires_at_s == 2_000_000_000 + LEEWAY_S
    again = await issuer.tokens().verify(token(algorithm))
    assert again.subject == holder.subject
    others = [await issuer.tokens().verify(token(sub="client-2")), await issuer.tokens().verify(token(account="b"))]
    assert len({holder.subject, *(other.subject for other in others)}) == 3


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://issuer.test"},
        {"iss": ...},
        {"aud": "https://txn.test/"},
        {"aud": ["https://other.test"]},
        {"aud": ...},
        {"exp": int(time.time()) - LEEWAY_S - 1},
        {"exp": ...},
        {"exp": "tomorrow"},
        {"exp": float("inf")},
        {"exp": float("nan")},
        {"nbf": int(time.time()) + 3_600},
        {"sub": ...},
        {"sub": ""},
        {"sub": "x" * 1_025},
        {"account": ...},
        {"account": ["acme"]},
        {"account": "Acme"},
        {"account": "acme#1"},
        {"account": "*"},
    ],
)
async def test_a_token_that_says_something_else_is_invalid(issuer: Issuer, changes: dict[str, Any]) -> None:
    """Another issuer or audience, out of its time, or nobody's."""
    with pytest.raises(TokenInvalid):
        await issuer.tokens().verify(token(**changes))


async def test_a_token_without_a_good_signature_is_invalid(issuer: Issuer) -> None:
    """None, a symmetric one under the public key, another key's, another algorithm's, and demands unknown to us."""
    public = jwk("RS256")["n"].encode()
    good = token()
    head, content, signature = good.split(".")
    bad = [
        unsigned({"alg": "none", "kid": kid("RS256")}),
        unsigned({"alg": "NONE", "kid": kid("RS256")}),
        unsigned({"alg": "HS256", "kid": kid("RS256")}, lambda message: hmac.digest(public, message, hashlib.sha256)),
        token("ES256", generation=1, key_id=kid("ES256")),
        token("ES256", key_id=kid("RS256")),
        token("ES256", key_id="unknown"),
        jwt.encode(claims(), private_key("ES256"), "ES256"),
        jwt.encode(claims(), private_key("RS256"), "RS384", headers={"kid": kid("RS256")}),
        jwt.encode(claims(), private_key("RS256"), "PS256", headers={"kid": kid("RS256")}),
        token(headers={"crit": ["exp-policy"], "exp-policy": "x"}),
        f"{head}.{content}.{signature[:-8]}AAAAAAAA",
        f"{head}.{content[:-4]}AAAA.{signature}",
        f"{head}.{content}.",
        "..",
        "a.b.c",
        "\u00e9.\u00e9.\u00e9",
        f"{good}{'A' * TOKEN_CHARS_MAX}",
        unsigned({"alg": "ES256", "kid": ["ES256-0"]}),
        unsigned({"alg": "ES256", "kid": {"a": 1}}),
    ]
    tokens = issuer.tokens()
    for presented in bad:
        with pytest.raises(TokenInvalid):
            await tokens.verify(presented)
    await tokens.verify(good)
    assert issuer.asked == 1


async def test_a_deeply_nested_token_is_invalid(issuer: Issuer) -> None:
    """Within its length, a token cannot hurt the parser."""
    head = base64.urlsafe_b64encode(b"[" * 6_000).decode()
    with pytest.raises(TokenInvalid):
        await issuer.tokens().verify(f"{head}.e30.")


async def test_an_algorithm_that_is_not_pinned_is_not_verified(issuer: Issuer) -> None:
    """The issuer's own key and signature do not help."""
    tokens = issuer.tokens(algorithms=("RS256",))
    await tokens.verify(token("RS256"))
    with pytest.raises(TokenInvalid):
        await tokens.verify(token("ES256"))


@pytest.mark.parametrize(
    ("scope", "prefix", "scopes"),
    [
        ("transactions:write transactions:read cards:lookup admin", "", 4),
        (["transactions:write", "admin", 7], "", 2),
        ("https://txn.test/transactions:write transactions:read", "https://txn.test/", 1),
        ("transactions:writeX", "", 0),
        ({"transactions:write": True}, "", 0),
        (None, "", 0),
        (..., "", 0),
    ],
)
async def test_scopes_are_those_that_are_named(issuer: Issuer, scope: Any, prefix: str, scopes: int) -> None:
    """As one text or a list, behind the issuer's prefix; whatever else stands there gives none."""
    holder = await issuer.tokens(replace(CLAIMS, scope_prefix=prefix)).verify(token(scope=scope))
    assert len(holder.scopes) == scopes


async def test_other_claims_may_name_account_and_scopes(issuer: Issuer) -> None:
    """Issuers differ in what they call them."""
    claims = replace(CLAIMS, account="https://txn.test/account", scope="roles")
    changes: dict[str, Any] = {"https://txn.test/account": "beta", "roles": ["admin"], "scope": "transactions:write"}
    holder = await issuer.tokens(claims).verify(token(**changes))
    assert holder.account == "beta"
    assert holder.scopes == frozenset({"admin"})


def bearing(presented: str) -> dict[str, str]:
    """The header that presents a token."""
    return {"Authorization": f"Bearer {presented}"}


@pytest.fixture
def guarded(desk: AppFixture, issuer: Issuer) -> AppFixture:
    """An application that takes the issuer's tokens besides API keys."""
    desk.take_tokens(issuer.tokens())
    return desk


async def test_a_token_opens_what_its_scopes_open(guarded: AppFixture, issuer: Issuer) -> None:
    """It posts to its account, and 403 or 401 is what is left; keys go on as before."""
    write = bearing(token(scope="transactions:write", account="beta"))
    answer = await guarded.client.post("/transactions", json=body(), headers=write)
    assert answer.status_code == 202
    assert b'"account":"beta"' in next(iter(guarded.kinesis.data))
    named = {"merchant_name": "A", "fields": "customer.street"}
    for scope, status in (("transactions:read", 403), ("transactions:read customer:read", 503)):  # no store is there
        answer = await guarded.client.get("/transactions", params=named, headers=bearing(token(scope=scope)))
        assert answer.status_code == status
    read = bearing(token(scope="transactions:read"))
    answer = await guarded.client.post("/transactions", json=body(), headers=read)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")
    answer = await guarded.client.get("/transactions/short", params={"account": "beta"}, headers=read)
    assert answer.status_code == 404
    answer = await guarded.client.get("/merchants", params={"account": "beta"}, headers=read)
    assert (answer.status_code, answer.json()["code"]) == (403, "account_forbidden")
    answer = await guarded.client.post("/transactions", json=body(), headers=bearing(token(iss="another")))
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert (await guarded.client.post("/transactions", json=body())).status_code == 202
    answer = await guarded.client.post("/transactions", json=body(), headers=bearing("neither"))
    assert (answer.status_code, answer.json()["code"]) == (401, "api_key_invalid")
    assert issuer.asked == 1


async def test_a_verified_token_is_not_verified_again(
    guarded: AppFixture, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next request with it is a look-up, until it ends or the issuer's keys are due."""
    seconds, verified = time.monotonic(), 0

    def counting(presented: str) -> Compact:
        nonlocal verified
        verified += 1
        return compact(presented)

    monkeypatch.setattr("txn_api.access.tokens.compact", counting)
    monkeypatch.setattr("txn_api.access.authenticator.time.monotonic", lambda: seconds)
    headers = bearing(token(scope="transactions:write"))
    for _ in range(3):
        assert (await guarded.client.post("/transactions", json=body(), headers=headers)).status_code == 202
    assert verified == 1
    # Withdrawn by the issuer: noticed when the verification is due again.
    issuer.members = [jwk("RS256")]
    seconds += 301.0
    answer = await guarded.client.post("/transactions", json=body(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


async def test_a_cached_token_ends_on_time(guarded: AppFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """The cache does not lengthen a token's life."""
    ends_at = int(time.time()) + 60
    headers = bearing(token(scope="transactions:write", exp=ends_at))
    assert (await guarded.client.post("/transactions", json=body(), headers=headers)).status_code == 202
    monkeypatch.setattr("txn_api.access.authenticator.time.time", lambda: ends_at + LEEWAY_S)
    answer = await guarded.client.post("/transactions", json=body(), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


async def test_all_tokens_of_a_client_share_its_limits(desk: AppFixture, issuer: Issuer) -> None:
    """A new token is no new allowance."""
    desk.change(key_writes_per_s=2)
    desk.take_tokens(issuer.tokens())
    statuses = [
        (
            await desk.client.post(
                "/transactions", json=body(), headers=bearing(token(scope="transactions:write", jti=f"{number}"))
            )
        ).status_code
        for number in range(12)
    ]
    assert statuses[:2] == [202, 202]
    assert 429 in statuses


async def test_tokens_and_subjects_of_an_account_guess_by_one_budget(desk: AppFixture, issuer: Issuer) -> None:
    """Another token, of the same client or of another one, is no new budget of cards with one mask."""
    desk.change(key_cards_of_mask_max=5)
    desk.take_tokens(issuer.tokens())
    taken = 0
    for number, card in enumerate(cards_of_mask(12)):
        headers = bearing(token(scope="transactions:write", jti=f"{number}", sub=f"client-{number % 3}"))
        answer = await desk.client.post("/transactions", json=body(card_number=card), headers=headers)
        taken += answer.status_code == 202
    assert taken == 5


async def test_an_application_that_is_told_of_an_issuer_takes_its_tokens(settings: Settings, stage: str) -> None:
    """From the settings alone, with the keys over HTTP and everything else as in production."""

    async def publish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        document = jwks(jwk("ES256"))
        writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n" % len(document) + document)
        writer.close()

    async with await asyncio.start_server(publish, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        told = {
            **dict.fromkeys(("stream", "table_prefix", "bucket"), stage),
            "jwt_issuer": ISSUER,
            "jwt_audience": AUDIENCE,
            "jwt_jwks_url": f"http://127.0.0.1:{port}/jwks.json",
        }
        app = create_app(settings.model_copy(update=told), resources=RESOURCES)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://txn.test") as client,
        ):
            answer = await client.get("/transactions/of-nobody", headers=bearing(token()))
            assert (answer.status_code, answer.json()["code"]) == (404, "transaction_not_found")
            answer = await client.get("/transactions/of-nobody", headers=bearing(token(aud="another")))
            assert (answer.status_code, answer.json()["code"]) == (401, "token_invalid")


def test_settings_that_name_no_whole_issuer_are_refused() -> None:
    """Issuer, audience and the place of its keys go together, and keys come over TLS."""
    whole: dict[str, Any] = {
        "jwt_issuer": ISSUER,
        "jwt_audience": AUDIENCE,
        "jwt_jwks_url": "https://issuer.test/keys",
    }
    Settings.model_validate(whole)
    Settings.model_validate(whole | {"jwt_jwks_url": "http://127.0.0.1:8000/keys"})
    urls = ("http://issuer.test/keys", "http://localhost:x@issuer.test/keys", "https://issuer.test/keys#1")
    changes: list[dict[str, Any]] = [*({name: None} for name in whole), *({"jwt_jwks_url": url} for url in urls)]
    for change in changes:
        with pytest.raises(ValueError, match=r"go together|neither https|with a user|sound host"):
            Settings.model_validate(whole | change)
    for algorithms in (["HS256"], ["none"], []):
        with pytest.raises(ValueError, match="jwt_algorithms"):
            Settings.model_validate(whole | {"jwt_algorithms": algorithms})
