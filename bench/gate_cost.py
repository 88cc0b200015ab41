"""What the way in costs a request: `python -m bench.gate_cost`, in microseconds of CPU time.

A cached API key without limits, one with all of them (the header fields that tell what is left included), a cached
access token, and what the header fields alone cost.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable

from starlette.types import Message, Scope

from txn_api.access.auth import Authenticator, Gate
from txn_api.access.rate_limits import Allowance, Allowances, Limiter
from txn_api.access.replay_cache import ReplayCache
from txn_api.access.signatures import Signatures
from txn_api.edge.headers import RawHeaders
from txn_core.api_keys import ApiKey, KeyId, mint
from txn_core.quotas import UNLIMITED, Limits
from txn_core.signing import Signature, SignedHead, digest_of, signing_secret
from txn_core.transactions.identity import Account

CALLS = 100_000
ROUNDS = 5
GENEROUS = Limits(writes_per_s=10**9, reads_per_s=10**9, requests_max=10**6)
IDENTITY_KEY = bytes(32)


async def main() -> None:
    """Measure and print."""
    for name, limits, signed in (
        ("a key without limits", UNLIMITED, False),
        ("a key with all limits, and the header fields", GENEROUS, False),
        ("a signed request of 600 bytes, key without limits", UNLIMITED, True),
    ):
        print(f"{name:<52} {await _least_us(await _request(limits, signed=signed)):6.2f} us")
    allowance = Allowances(GENEROUS).writes
    assert allowance is not None

    async def fields() -> None:
        allowance.fields()

    print(f"{'the header fields alone':<52} {await _least_us(fields):6.2f} us")


async def _request(limits: Limits, *, signed: bool) -> Callable[[], Awaitable[None]]:
    kept, presented = mint(
        account=Account("acme"), scopes=["transactions:write"], limits=limits, requires_signature=signed
    )

    async def find(_: KeyId) -> ApiKey:
        return kept

    limiter, signatures = Limiter(UNLIMITED), Signatures(IDENTITY_KEY)
    authenticator = Authenticator(find, 3_600.0, limiter=limiter)
    gate = Gate(authenticator, signatures, body_bytes_max=65_536, body_deadline_s=30.0)
    body, secret = b"x" * 600, signing_secret(IDENTITY_KEY, kept.key_id)

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def request() -> None:
        scope = _scope(presented)
        if signed:
            _sign(scope, kept.key_id, secret, body)
            signatures._used = ReplayCache()  # the same second again and again  # noqa: SLF001
        await gate.admit(scope, receive, RawHeaders(scope), "transactions:write")
        allowance: Allowance | None = scope["state"].get("allowance")
        if allowance is not None:
            allowance.fields()
            allowance.leave()

    return request


def _scope(presented: str) -> Scope:
    headers = [(b"host", b"127.0.0.1"), (b"content-type", b"application/json"), (b"content-length", b"600")]
    headers.append((b"authorization", b"Bearer " + presented.encode()))
    return {
        "method": "POST",
        "raw_path": b"/transactions",
        "query_string": b"",
        "headers": headers,
        "state": {"request_id": "req_1"},
    }


def _sign(scope: Scope, key_id: KeyId, secret: str, body: bytes) -> None:
    at = int(time.time())
    mac = SignedHead(at, "POST", b"/transactions", b"").mac(secret, digest_of(body))
    scope["headers"].append((b"signature", Signature(at, key_id, mac).header().encode()))


async def _least_us(call: Callable[[], Awaitable[None]]) -> float:
    """The least of some rounds: others work on the machine, too."""
    rounds = []
    for _ in range(ROUNDS):
        begun = time.process_time()
        for _ in range(CALLS):
            await call()
        rounds.append((time.process_time() - begun) / CALLS * 1e6)
    return min(rounds)


if __name__ == "__main__":
    asyncio.run(main())
