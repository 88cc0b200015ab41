"""Tokens that are verified in vain cost their own budget, and shut nobody out for long."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from tests.txn_api.asgi import bearing
from tests.txn_api.issuer import AUDIENCE, ISSUER, base64url, jwk, jwks, token
from txn_api.access.authenticator import Authenticator
from txn_api.access.forgeries import IN_VAIN_PER_S, OF_SUBJECT_PER_S, SUBJECTS_MAX, Forgeries
from txn_api.access.jwks import Jwks
from txn_api.access.rate_limits import Bucket
from txn_api.access.token_claims import Claims
from txn_api.access.tokens import Tokens
from txn_api.problems import Overloaded, Problem
from txn_core.api_keys import ApiKey, KeyId

ALGORITHMS = ("RS256", "ES256", "EdDSA")
CLAIMS = Claims(issuer=ISSUER, audience=AUDIENCE, account="account", scope="scope", scope_prefix="")
CACHE_S, TRUST_S = 5.0, 300.0
FLOOD_PER_S = 400


async def _published() -> bytes:
    return jwks(*map(jwk, ALGORITHMS))


async def _no_key(_: KeyId) -> ApiKey | None:
    return None


@dataclass
class Forger:
    """Presents tokens to an authenticator whose budget is on the test's clock."""

    seconds: float = 1_000.0
    _number: int = 0
    authenticator: Authenticator = field(init=False)

    def __post_init__(self) -> None:
        in_vain = Bucket(IN_VAIN_PER_S, lambda: int(self.seconds * 1_000_000_000))
        keys = Jwks(_published, algorithms=ALGORITHMS, cache_s=TRUST_S, clock=lambda: 0.0)
        tokens = Tokens(keys, CLAIMS, trust_s=TRUST_S, forgeries=Forgeries(in_vain))
        self.authenticator = Authenticator(_no_key, CACHE_S, tokens=tokens)

    async def forge(self, count: int, algorithm: str = "ES256", **said: Any) -> list[str]:
        """What is said of so many tokens that name a key of the issuer's, and were not signed with it."""
        good = token(algorithm, **said)
        return [await self.present(self._forged(good)) for _ in range(count)]

    async def flood(self, count: int) -> None:
        """Forge so many, `FLOOD_PER_S` a second."""
        good = token("RS256")
        for _ in range(count):
            self.seconds += 1 / FLOOD_PER_S
            await self.present(self._forged(good))

    def _forged(self, good: str) -> str:
        self._number += 1
        head, content, signature = good.split(".")
        return f"{head}.{content}.{self._number:010d}{signature[10:]}"

    async def present(self, presented: str) -> str:
        """What is said of a token."""
        try:
            await self.authenticator.principal(bearing(presented))
        except Problem as problem:
            return problem.code
        return "good"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Sets the time since which the authenticator counts."""
    now = [1_000.0]
    monkeypatch.setattr("txn_api.access.authenticator.time.monotonic", lambda: now[0])
    return lambda seconds: now.__setitem__(0, 1_000.0 + seconds)


@pytest.mark.parametrize("algorithm", ALGORITHMS)
async def test_forgeries_stop_being_verified(algorithm: str) -> None:
    """After a second's worth, whatever the algorithm; more are verified as time goes on."""
    forger = Forger()
    said = await forger.forge(IN_VAIN_PER_S + 50, algorithm)
    assert said == ["token_invalid"] * IN_VAIN_PER_S + ["overloaded"] * 50
    forger.seconds += 0.1
    assert (await forger.forge(200, algorithm)).count("token_invalid") == IN_VAIN_PER_S // 10


async def test_a_new_token_gets_in_once_the_flood_ends() -> None:
    """Until then it is told to come back, as nobody knows that it is good: 503, not 401."""
    forger = Forger()
    await forger.forge(IN_VAIN_PER_S)
    good = token()
    with pytest.raises(Overloaded) as refused:
        await forger.authenticator.principal(bearing(good))
    assert refused.value.headers == {"Retry-After": "1"}
    forger.seconds += 0.01
    assert await forger.present(good) == "good"


async def test_a_first_token_gets_in_beside_a_flood_that_goes_on() -> None:
    """It asks again once a second, and has as good a chance as each of 400 forged ones: four seconds."""
    rng, waited_s = Random(3), []
    for client in range(8):
        forger, good, seconds = Forger(), token(sub=f"client-{client}"), 0
        await forger.forge(IN_VAIN_PER_S, "RS256")
        while True:
            place = rng.randrange(FLOOD_PER_S)
            await forger.flood(place)
            forger.seconds += 1 / FLOOD_PER_S  # it takes the place of one of them
            if await forger.present(good) == "good":
                break
            await forger.flood(FLOOD_PER_S - place - 1)
            seconds += 1
        waited_s.append(seconds)
    assert sum(waited_s) / len(waited_s) <= 8


async def test_the_next_token_of_a_known_subject_gets_in_beside_any_flood() -> None:
    """At once, and also when forged tokens of other subjects of its account come, or longer ones that name it."""
    forger = Forger()
    assert await forger.present(token(sub="client-2")) == "good"
    await forger.forge(IN_VAIN_PER_S)
    several: list[dict[str, Any]] = [
        {"sub": "client-3"},
        {"sub": "client-2", "account": "other"},
        {"sub": "client-2", "more": "x" * 2_000},
    ]
    for said in several:
        assert set(await forger.forge(20, **said)) == {"overloaded"}
    assert await forger.present(token(sub="client-2", exp=4_000_000_000)) == "good"
    assert await forger.present(token(sub="client-4")) == "overloaded"


async def test_forged_tokens_of_a_known_subject_spend_what_is_its_own() -> None:
    """What is left for others is not less, nor is more verified than that."""
    forger = Forger()
    for client in ("client-2", "client-3"):
        assert await forger.present(token(sub=client)) == "good"
    await forger.forge(IN_VAIN_PER_S)
    said = await forger.forge(3 * OF_SUBJECT_PER_S, sub="client-2")
    assert said == ["token_invalid"] * OF_SUBJECT_PER_S + ["overloaded"] * 2 * OF_SUBJECT_PER_S
    assert await forger.present(token(sub="client-2", exp=4_000_000_000)) == "overloaded"
    assert await forger.present(token(sub="client-3", exp=4_000_000_000)) == "good"


async def test_subjects_that_are_known_are_bounded() -> None:
    forgeries = Forgeries()
    for number in range(SUBJECTS_MAX + 10):
        forgeries.held(str(number))
        forgeries.held("0")
    assert len(forgeries._of_subjects) == SUBJECTS_MAX
    assert "0" in forgeries._of_subjects


@pytest.mark.parametrize(
    "claims",
    [b"[]", b"{", b'{"sub":"a"}', b'{"account":["acme"],"sub":"a"}', b'{"account":"acme","sub":"\\ud800"}', b"\xff"],
)
async def test_claims_that_say_no_subject_are_of_nobody(claims: bytes) -> None:
    """Read before anything is verified, they may be anything."""
    forger = Forger()
    await forger.forge(IN_VAIN_PER_S)
    head, _, signature = token().split(".")
    assert await forger.present(f"{head}.{base64url(claims)}.{signature}") == "overloaded"


async def test_a_token_that_was_found_good_is_not_touched(clock: Callable[[float], None]) -> None:
    """Neither while it is trusted, nor when it has to be verified again."""
    forger, good = Forger(), token()
    assert await forger.present(good) == "good"
    await forger.forge(2 * IN_VAIN_PER_S)
    assert await forger.present(good) == "good"
    clock(TRUST_S + 1)
    assert await forger.present(good) == "good"


async def test_good_tokens_and_those_of_unknown_keys_spend_nothing() -> None:
    """The former need no budget, and for the latter nothing is verified."""
    forger = Forger()
    for number in range(3):
        assert await forger.present(token(sub=f"client-{number}")) == "good"
        assert await forger.present(token(key_id=f"other-{number}")) == "token_invalid"
    assert await forger.forge(IN_VAIN_PER_S) == ["token_invalid"] * IN_VAIN_PER_S


@pytest.mark.parametrize("refused", [{"exp": 1}, {"aud": "https://other.test"}, {"account": ...}])
async def test_a_refused_token_is_verified_once_in_a_while(
    clock: Callable[[float], None], refused: dict[str, Any]
) -> None:
    """A client that goes on with its expired token spends nobody's budget; it is verified again seconds later."""
    forger, late = Forger(), token(**refused)
    assert [await forger.present(late) for _ in range(2 * IN_VAIN_PER_S)] == ["token_invalid"] * 2 * IN_VAIN_PER_S
    assert (await forger.forge(IN_VAIN_PER_S)).count("token_invalid") == IN_VAIN_PER_S - 1
    assert await forger.present(late) == "token_invalid"
    clock(CACHE_S + 1)
    assert await forger.present(late) == "overloaded"


async def test_a_token_of_an_unknown_key_is_not_remembered() -> None:
    """Nobody has verified it, and the key may be published in a moment; nor could made-up keys push others out."""
    forger = Forger()
    assert await forger.present(token(generation=1)) == "token_invalid"
    assert not forger.authenticator._refused
