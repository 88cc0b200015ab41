"""Keys that may little, and what they are refused: 401, 403 and 429 to requests with a marked card number in them.

The local stack's own key may everything and has no limits, so it never sees one of these answers.
"""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Final, Self

from tests.canary.probes import Probe, Prober, json_of
from tests.support.signed_requests import Signed
from tests.txn_api.issuer import token
from txn_core.api_keys import SCOPES, ApiKey, ApiKeyTable, mint, split
from txn_core.aws.clients import Aws
from txn_core.dynamodb.tables import TableNames
from txn_core.quotas import UNLIMITED, Limits
from txn_core.settings import Settings
from txn_core.signing import WINDOW_S, Signature, signing_secret
from txn_core.transactions.identity import Account

ACCOUNT: Final = Account("canary")
TERMINAL: Final = "T0000001"
AT_ONCE: Final = 6
"""Requests in a row by a key that may one at once, or one a second: the suite sends more at the same time."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys as their holders present them."""

    writer: str
    reader: str
    bound: str
    signing: str
    slow: str
    single: str
    guesser: str
    revoked: str
    expired: str
    signing_secret: str

    @classmethod
    async def made(cls, settings: Settings) -> Self:
        """New ones in the stack's table."""
        minted = {
            "writer": _minted("transactions:write"),
            "reader": _minted("transactions:read"),
            "bound": _minted(*SCOPES, terminal_ids=[TERMINAL]),
            "signing": _minted(*SCOPES, requires_signature=True),
            "slow": _minted(*SCOPES, limits=Limits(1, 1, 1, 0)),
            "single": _minted(*SCOPES, limits=Limits(0, 0, 0, 1)),
            "guesser": _minted(*SCOPES, limits=Limits(0, 0, 0, 0, cards_of_mask_max=1)),
            "revoked": _minted(*SCOPES),
            "expired": _minted(*SCOPES, expires_in=timedelta(seconds=-1)),
        }
        async with Aws(settings).dynamodb() as client:
            table = ApiKeyTable(client, TableNames.of(settings).api_keys)
            for key, _ in minted.values():
                await table.put(key)
            await table.revoke(minted["revoked"][0].key_id)
        identity_key = settings.identity_key
        assert identity_key is not None
        secret = signing_secret(identity_key.get_secret_value(), minted["signing"][0].key_id)
        return cls(**{name: presented for name, (_, presented) in minted.items()}, signing_secret=secret)


def _minted(*scopes: Any, **bounds: Any) -> tuple[ApiKey, str]:
    return mint(account=ACCOUNT, scopes=scopes, name="canary", **({"limits": UNLIMITED} | bounds))


def refusals(prober: Prober, keys: Keys) -> Iterator[Probe]:
    """Requests that end at the gate, or shortly behind it."""
    foreign = token(aud="https://another.test", sub=prober.marks.new("a token's subject"))
    unsound = {"unknown": f"{keys.writer[:-4]}0000", "revoked": keys.revoked, "expired": keys.expired}
    for name, key in {**unsound, "foreign token": foreign, "no": ""}.items():
        yield from _everywhere(prober, f"{name} key", key)
    # What a token says of itself has no place of its own in an answer, even if it is good.
    good = token(account=ACCOUNT, sub=prober.marks.new("a good token's subject"), scope=" ".join(SCOPES))
    yield from _everywhere(prober, "a good token", good)
    for name in ("writer", "reader", "bound"):
        yield from _everywhere(prober, f"the {name}'s key", getattr(keys, name))
    number = prober.marks.new("another account")
    yield Probe(
        "another account",
        _by(prober, keys.reader).http("GET", "/transactions/canary-0000?account=another", b"", {"Cookie": number}),
    )
    for account in ("another", number):
        content = json_of({"card_number": prober.marks.new("another account"), "account": account})
        yield Probe("another account", _by(prober, keys.bound).http("POST", "/transactions/search", content))
    for _ in range(AT_ONCE):
        yield from _everywhere(prober, "a key at its rate", keys.slow)
    yield from _side_by_side(prober, keys)
    yield from _guessing(prober, keys)
    yield from _signed(prober, keys)


def _everywhere(prober: Prober, use: str, key: str) -> Iterator[Probe]:
    by = _by(prober, key)
    card = prober.marks.new(use)
    yield Probe(f"post by {use}", by.http("POST", "/transactions", json_of(by.sound(use))))
    lines = json_of(by.sound(use)) + b"\n" + json_of(by.sound(use, terminal=None)) + b"\n"
    yield Probe(
        f"bulk by {use}",
        by.http("POST", "/transactions/bulk", lines, {"Content-Type": "application/x-ndjson"}),
    )
    yield Probe(f"look-up by {use}", by.http("GET", f"/transactions?card_number={card}"))
    yield Probe(f"HEAD by {use}", by.http("HEAD", f"/transactions?card_number={card}"))
    yield Probe(f"search by {use}", by.http("POST", "/transactions/search", json_of({"card_number": card})))


def _guessing(prober: Prober, keys: Keys) -> Iterator[Probe]:
    """Cards with the mask of one that was sent, by a key that may send one."""
    by, use = _by(prober, keys.guesser), "a guess"
    sent = by.sound(use)
    yield Probe("the first card of a mask", by.http("POST", "/transactions", json_of(sent)))
    marks, card = by.marks, sent["card_number"]
    yield Probe(
        "a post's guess",
        by.http("POST", "/transactions", json_of(by.sound(use, card_number=marks.beside(card, use)))),
    )
    lines = b"".join(json_of(by.sound(use, card_number=marks.beside(card, use))) + b"\n" for _ in range(2))
    upload = {"Content-Type": "application/x-ndjson"}
    yield Probe("an upload's guesses", by.http("POST", "/transactions/bulk", lines, upload))
    number = marks.beside(card, use)
    yield Probe("a look-up's guess", by.http("GET", f"/transactions?card_number={number}"))
    content = json_of({"card_number": marks.beside(card, use)})
    yield Probe("a search's guess", by.http("POST", "/transactions/search", content))


def _side_by_side(prober: Prober, keys: Keys) -> Iterator[Probe]:
    """Bodies that do not end keep a key's one place taken."""
    by = _by(prober, keys.single)
    for _ in range(AT_ONCE):
        content = json_of(by.sound("a key at its concurrency"))
        request = by.http("POST", "/transactions", content, {"Content-Length": str(len(content) + 1)})
        yield Probe("a key at its concurrency", request)


def _signed(prober: Prober, keys: Keys) -> Iterator[Probe]:
    """Signatures that are missing, of another body, too old, good, and used again; and what is none."""
    by, use = _by(prober, keys.signing), "a signed post"
    yield Probe("not signed", by.http("POST", "/transactions", json_of(by.sound(use))))
    content, at = json_of(by.sound(use)), int(time.time())
    for name, signed_at, signed in (
        ("another body's signature", at, b"{}"),
        ("an old signature", at - 2 * WINDOW_S, content),
        ("a signature", at, content),
        ("a used signature", at, content),
    ):
        header = _signature(keys, signed_at, signed)
        yield Probe(name, by.http("POST", "/transactions", content, {"Signature": header}))
    number = by.marks.new("in a signature")
    mac = number * 4
    for name, header in {
        "time": f"t={number},kid={'0' * 16},v1={'0' * 64}",
        "key": f"t={at},kid={number},v1={'0' * 64}",
        "mac": f"t={at},kid={'0' * 16},v1={mac}",
        "nothing else": number,
    }.items():
        content = json_of(by.sound(use))
        yield Probe(
            f"a number as signature's {name}", by.http("POST", "/transactions", content, {"Signature": header})
        )


def _signature(keys: Keys, at: int, body: bytes) -> str:
    parts = split(keys.signing)
    assert parts is not None
    mac = Signed(at, "POST", b"/transactions", b"", body).mac(keys.signing_secret)
    return Signature(at, parts[0], mac).header()


def _by(prober: Prober, key: str) -> Prober:
    return replace(prober, api_key=key)
