"""What takes more than one request: keyed posts and their retries, and look-ups that are paged, in every form."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

from tests.canary.exchanges import header_of
from tests.canary.fault.sitecustomize import FAULT_LENGTH
from tests.canary.probes import NDJSON, Probe, Prober, json_of

Send = Callable[[Probe], Awaitable[bytes]]
CSV: Final = "text/csv"
TRACE: Final = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
RACERS: Final = 8
PAGES_MAX: Final = 5
SLOW: Final = 40
"""Bodies that do not end: more than the API of a run answers at once."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A card that has transactions in the stack."""

    card: str
    transaction_ids: tuple[str, ...]


async def keyed(prober: Prober, send: Send) -> Kept:
    """Posts under keys of their own: done, replayed, in conflict, and at the same time; with an id and without."""
    use = "a keyed post"
    card = prober.marks.new(use)
    ids = []
    for number in range(3):
        content = json_of(prober.sound(use, card_number=card, occurred_at=f"2019-01-01T00:00:0{number}Z"))
        ids.append(str(json.loads(content)["transaction_id"]))
        for name in ("first", "again"):
            await send(_keyed(prober, f"{use}, {name}", f"canary-{number}", content))
        other = json_of(prober.sound(f"{use}, another body"))
        await send(_keyed(prober, f"{use}, another body", f"canary-{number}", other))
    nameless = prober.sound(use)
    del nameless["transaction_id"]
    for _ in range(2):
        await send(_keyed(prober, f"{use} without an id", "canary-nameless", json_of(nameless)))
    await send(_keyed(prober, f"{use}, malformed", "a, b", json_of(prober.sound(use))))
    await race(prober, send, use)
    return Kept(card, tuple(ids))


async def race(prober: Prober, send: Send, use: str) -> None:
    """Identical posts under one key, at the same time."""
    content = json_of(prober.sound(f"{use}, in a race"))
    probe = _keyed(prober, f"{use}, in a race", f"canary-race-{use.replace(' ', '-')}", content)
    await asyncio.gather(*(send(probe) for _ in range(RACERS)))


async def read_all_forms(prober: Prober, send: Send, kept: Kept) -> None:
    """Pages by the card's number as JSON, as a table, in part, and as heads alone, to their end; and single ones."""
    for form in ("application/json", CSV):
        # An id is not a number: what reads by one has its mark in a header.
        headers = {"Accept": form, "traceparent": TRACE, "User-Agent": prober.marks.new(f"a reader of {form}")}
        for fields in ("", "&fields=transaction_id,card_masked,merchant"):
            await _pages(prober, send, f"?card_number={kept.card}&limit=1{fields}", headers)
        for method in ("GET", "HEAD"):
            target = f"/transactions/{kept.transaction_ids[0]}"
            answer = await send(Probe(f"{method} one as {form}", prober.http(method, target, b"", headers)))
            again = headers | {"If-None-Match": header_of(answer, "ETag")}
            await send(Probe(f"{method} one as {form} again", prober.http(method, target, b"", again)))
        content = json_of({"card_number": kept.card, "limit": 1})
        await send(Probe(f"search as {form}", prober.http("POST", "/transactions/search", content, headers)))
    misplaced = prober.marks.new("fields")
    for query in (
        f"card_number={kept.card}&fields={misplaced}",
        f"merchant_name={misplaced}",
        f"limit=0&card_number={misplaced}",
    ):
        await send(Probe("look-up as a table", prober.http("GET", f"/transactions?{query}", b"", {"Accept": CSV})))
    reversed_range = f"/transactions?card_number={kept.card}&from=2020-01-01T00:00:00Z&to=2019-01-01T00:00:00Z"
    await send(Probe("a range reversed", prober.http("GET", reversed_range)))


async def _pages(prober: Prober, send: Send, query: str, headers: dict[str, str]) -> None:
    cursor = ""
    for _ in range(PAGES_MAX):
        target, name = f"/transactions{query}{cursor}", f"page as {headers['Accept']}"
        await send(Probe(f"HEAD {name}", prober.http("HEAD", target, b"", headers)))
        answer = await send(Probe(name, prober.http("GET", target, b"", headers)))
        following = header_of(answer, "X-Next-Cursor") or _next_cursor(answer)
        if not following:
            return
        cursor = f"&cursor={following}"


def _next_cursor(answer: bytes) -> str:
    body = answer.partition(b"\r\n\r\n")[2]
    document: Any = json.loads(body) if body.startswith(b"{") else {}
    return document.get("next_cursor") or ""


def faults(prober: Prober) -> Iterator[Probe]:
    """Requests that end in an unexpected error, whose text has the number in it (`fault/sitecustomize.py`)."""

    def faulty() -> tuple[str, bytes]:
        number = prober.marks.new("a fault", length=FAULT_LENGTH)
        return number, json_of(prober.sound("beside a fault", card_number=number))

    yield Probe("a fault in a post", prober.http("POST", "/transactions", faulty()[1]))
    yield _keyed(prober, "a fault in a keyed post", "canary-fault", faulty()[1])
    for query in ("", "?results=all"):
        lines = faulty()[1] + b"\n" + json_of(prober.sound("behind a fault")) + b"\n"
        request = prober.http("POST", f"/transactions/bulk{query}", lines, {"Content-Type": NDJSON})
        yield Probe(f"a fault in an upload {query}", request)
    for method in ("GET", "HEAD"):
        yield Probe(f"a fault in a {method}", prober.http(method, f"/transactions?card_number={faulty()[0]}"))
    content = json_of({"card_number": faulty()[0]})
    yield Probe("a fault in a search", prober.http("POST", "/transactions/search", content))


async def crowd(prober: Prober, send: Send) -> None:
    """More posts at once than the API answers, none of which ends."""
    use = "one of a crowd"
    contents = [json_of(prober.sound(use)) for _ in range(SLOW)]
    requests = [
        prober.http("POST", "/transactions", content, {"Content-Length": str(len(content) + 1)})
        for content in contents
    ]
    await asyncio.gather(*(send(Probe(use, request)) for request in requests))


def _keyed(prober: Prober, name: str, key: str, content: bytes) -> Probe:
    return Probe(name, prober.http("POST", "/transactions", content, {"Idempotency-Key": key}))
