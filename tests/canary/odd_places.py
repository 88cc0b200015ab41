"""Numbers in odd places and odd dress: headers in their own form, segments of paths, names and values of a query.

A place that takes free text takes a number in any dress; what has a form of its own (a key, a token, a trace) is only
read as far as it is in that form, so the number stands inside it.
"""

import base64
from collections.abc import Callable, Iterator
from typing import Final
from urllib.parse import quote

from tests.canary.probes import Probe, Prober, json_of

_FULL_WIDTH: Final = str.maketrans("0123456789", "".join(map(chr, range(0xFF10, 0xFF1A))))
_ARABIC: Final = str.maketrans("0123456789", "".join(map(chr, range(0x0660, 0x066A))))
ENCODINGS: Final[dict[str, Callable[[str], str]]] = {
    "plain": str,
    "spaced": lambda number: " ".join(number[at : at + 4] for at in range(0, len(number), 4)),
    "dashed": "-".join,
    "full-width": lambda number: number.translate(_FULL_WIDTH),
    "in Arabic digits": lambda number: number.translate(_ARABIC),
    "percent-encoded": lambda number: "".join(f"%{ord(digit):02X}" for digit in number),
    "in base64": lambda number: base64.b64encode(number.encode()).decode(),
    "in hex": lambda number: number.encode().hex(),
}
LENGTHS: Final = (13, 16, 19)
STORED: Final = (("merchant", "name"), ("merchant", "category"), ("customer", "job"), ("customer", "street"))
FREE_HEADERS: Final = (
    "User-Agent",
    "Cookie",
    "X-Request-ID",
    "Referer",
    "Idempotency-Key",
    "If-None-Match",
    "Accept",
)
FORMS: Final[dict[str, tuple[str, ...]]] = {
    "Idempotency-Key": ('"{n}"', '"card {n}"', "card-{n}"),
    "traceparent": (
        "00-{n:0>32}-b7ad6b7169203331-01",
        "00-{n}{n}-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-{n}-01",
        "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-{n}",
    ),
    "tracestate": ("card={n}", "{n}=card"),
    "baggage": ("card={n}",),
    "Authorization": (
        "Basic {base64}",
        'Digest username="{n}"',
        "Bearer txn_{n}_{n}{n}{n}{n}",
        "Bearer {n}.{n}.{n}",
        "{n} {n}",
    ),
    "X-API-Key": ("txn_{n}_{n}{n}{n}{n}",),
    "Host": ("{n}.test", "127.0.0.1:{n}"),
    "User-Agent": ("Terminal/{n} (card {n})",),
    "Cookie": ("card={n}; {n}=card",),
    "Content-Type": (
        "application/json; charset={n}",
        "application/{n}",
        "{n}/json",
        "multipart/form-data; boundary={n}",
    ),
    "Content-Encoding": ("gzip, {n}", "{n}, zstd"),
    "Accept": ("application/json; card={n}", "text/{n};q=0.5", "text/csv; header={n}"),
    "Accept-Encoding": ("{n};q=1", "gzip;q=0.{n}"),
    "If-None-Match": ('"{n}"', 'W/"{n}"'),
    "Range": ("bytes={n}-",),
    "Forwarded": ('for="{n}";by={n};host={n}.test',),
    "X-Forwarded-For": ("{n}, 127.0.0.1",),
    "Proxy-Authorization": ("Basic {base64}",),
    "b3": ("{n}{n}-{n}-1",),
}
"""Headers with what is theirs around a number."""
TARGETS: Final = (
    "/{n}",
    "//{n}",
    "/transactions/{n}",
    "/transactions/{n}/",
    "/transactions/{n}/refunds",
    "/transactions/bulk/{n}",
    "/transactions;card={n}",
    "/{n}/../transactions",
    "/merchants/{n}",
    "/problems/{n}",
    "/runbook/{n}",
    "/docs/{n}",
    "/page/{n}",
    "/?{n}",
    "/docs?card={n}",
    "/problems?{n}=1",
    "/runbook?{n}=1",
    "/openapi.json?card={n}",
    "/page/main.js?card={n}",
    "/problems/not_stored?card={n}",
    "/transactions?card_id={n}",
    "/transactions?merchant_name={n}",
    "/transactions?card_number=1&card_number={n}",
    "/transactions?fields={n}",
    "/merchants?name_prefix={n}",
)


def odd(prober: Prober) -> Iterator[Probe]:
    """All of them."""
    yield from _forms(prober)
    yield from _encoded(prober)
    yield from _targets(prober)
    yield from _protocols(prober)
    yield from _own(prober)


def _forms(prober: Prober) -> Iterator[Probe]:
    for header, forms in FORMS.items():
        for form in forms:
            use = f"{header} as {form}"
            for method, target in (("POST", "/transactions"), ("GET", "/transactions/canary-0000")):
                number = prober.marks.new(use)
                value = form.format(n=number, base64=base64.b64encode(f"{number}:".encode()).decode())
                content = json_of(prober.sound(use)) if method == "POST" else b""
                yield Probe(use, prober.http(method, target, content, {header: value}))


def _encoded(prober: Prober) -> Iterator[Probe]:
    for encoding, encoded in ENCODINGS.items():
        for header in FREE_HEADERS:
            use = f"{header} {encoding}"
            value = _latin(encoded(prober.marks.new(use)))
            yield Probe(use, prober.http("POST", "/transactions", json_of(prober.sound(use)), {header: value}))
        use = f"a header's name {encoding}"
        name = _latin(encoded(prober.marks.new(use)))
        yield Probe(use, prober.http("GET", "/merchants?name_prefix=r", b"", {f"X-{name}": "1"}))
        for kind in ("value", "name"):
            use = f"a field's {kind} {encoding}"
            field = encoded(prober.marks.new(use))
            member = {field: 1} if kind == "name" else {"colour": field}
            yield Probe(use, prober.http("POST", "/transactions", json_of(prober.sound(use) | member)))
        for field in ("type", "currency", "occurred_at", "is_fraud"):
            use = f"{field} {encoding}"
            member = {field: encoded(prober.marks.new(use))}
            yield Probe(use, prober.http("POST", "/transactions", json_of(prober.sound(use) | member)))


def _targets(prober: Prober) -> Iterator[Probe]:
    for target in TARGETS:
        for encoding, encoded in ENCODINGS.items():
            use = f"{target} {encoding}"
            number = quote(encoded(prober.marks.new(use)), safe="%-=/+")
            yield Probe(use, prober.http("GET", target.format(n=number)))
    for number in (prober.marks.new("a method") for _ in range(2)):
        yield Probe("a method", f"{number} /transactions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        yield Probe("a method's end", prober.http(f"GET{number}", "/transactions"))


def _protocols(prober: Prober) -> Iterator[Probe]:
    """Other protocols than ours on its port, and more than one request in a row."""
    number = prober.marks.new("a protocol")
    socket = {"Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Version": "13"}
    socket |= {"Sec-WebSocket-Key": base64.b64encode(number.encode()).decode(), "Sec-WebSocket-Protocol": number}
    for target in (f"/{number}", f"/transactions?card_number={number}"):
        yield Probe("a web socket", prober.http("GET", target, b"", socket))
    settings = {"Upgrade": "h2c", "Connection": "Upgrade, HTTP2-Settings", "HTTP2-Settings": number}
    yield Probe("an upgrade to HTTP/2", prober.http("GET", "/transactions", b"", settings))
    preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
    yield Probe("HTTP/2 at once", preface + number.encode())
    yield Probe("HTTP/1.0", f"GET /{number} HTTP/1.0\r\nX-Card: {number}\r\n\r\n".encode())
    yield Probe("HTTP/0.9", f"GET /{number}\r\n\r\n".encode())
    yield Probe("a tunnel", f"CONNECT {number}.test:443 HTTP/1.1\r\nHost: {number}.test:443\r\n\r\n".encode())
    yield from _in_a_row(prober)


def _in_a_row(prober: Prober) -> Iterator[Probe]:
    """Several requests on one connection, and one header twice."""
    number, going_on = prober.marks.new("in a row"), {"Connection": "keep-alive"}
    first = prober.http("GET", f"/transactions?card_number={number}", b"", going_on)
    second = prober.http("POST", "/transactions", json_of(prober.sound("behind another request")))
    yield Probe("one behind another", first + second)
    sound = json_of(prober.sound("in front of a damaged request"))
    yield Probe(
        "a damaged one behind", prober.http("POST", "/transactions", sound, going_on) + number.encode() + b"\r\n"
    )
    content = json_of(prober.sound("a header twice"))
    once = prober.http("POST", "/transactions", content, {"Idempotency-Key": number})
    yield Probe("a header twice", once.replace(b"\r\n\r\n", b"\r\nIdempotency-Key: %b\r\n\r\n" % number.encode(), 1))


def _own(prober: Prober) -> Iterator[Probe]:
    """The request's own card number once more, where the number of another card might be anybody's id."""
    readable = {name: encoding for name, encoding in ENCODINGS.items() if name not in ("in base64", "in hex")}
    for length in LENGTHS:
        for encoding, encoded in readable.items():
            yield from _own_once_more(prober, length, encoding, encoded)


def _own_once_more(prober: Prober, length: int, encoding: str, encoded: Callable[[str], str]) -> Iterator[Probe]:
    use = f"the request's own number of {length} digits {encoding}"
    for header in ("Idempotency-Key", "User-Agent", "traceparent"):
        number = prober.marks.new(use, length=length)
        own = _latin(encoded(number))
        value = f"00-{own:0>32}-b7ad6b7169203331-01" if header == "traceparent" else own
        content = json_of(prober.sound(use, card_number=number))
        yield Probe(f"{use} as {header}", prober.http("POST", "/transactions", content, {header: value}))
    if encoding == "percent-encoded":
        return  # in a body that is no encoding of anything
    for part, name in STORED:
        number = prober.marks.new(use, length=length)
        body = prober.sound(use, card_number=number)
        body[part] |= {name: f"no. {encoded(number)}"}
        yield Probe(f"{use} as {part}/{name}", prober.http("POST", "/transactions", json_of(body)))


def _latin(text: str) -> str:
    """Text whose bytes are its UTF-8 when it is sent as Latin-1."""
    return text.encode().decode("latin-1")
