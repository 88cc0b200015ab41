"""Requests with a marked card number in them: in every place of every route, in every way of being wrong.

Raw bytes, since much of what a client may send is nothing that a client library would.
"""

import gzip
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from backports import zstd

from tests.builders import full_body, payment_fields
from tests.canary.marks import Marks
from txn_api.reads.filters import FilterParameters

JSON: Final = "application/json"
NDJSON: Final = "application/x-ndjson"
HEADERS: Final = (
    *("X-Trace", "Authorization", "X-API-Key", "Idempotency-Key", "User-Agent", "Referer", "Cookie", "Origin"),
    *("Host", "Content-Type", "Content-Encoding", "Accept", "Accept-Encoding", "traceparent", "tracestate"),
    *("Expect", "Range", "If-None-Match", "X-Request-ID", "X-Forwarded-For", "Forwarded", "Transfer-Encoding"),
    "Signature",
)
MORE_HEADERS: Final = (
    *("baggage", "Accept-Language", "Accept-Charset", "Connection", "Keep-Alive", "TE", "Trailer", "Upgrade", "Via"),
    *("If-Match", "If-Modified-Since", "Content-Language", "Content-Location", "Content-Disposition", "Digest"),
    *("X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "X-HTTP-Method-Override", "X-Amzn-Trace-Id", "b3"),
    *("Access-Control-Request-Method", "Access-Control-Request-Headers", "Proxy-Authorization", "From", "Date"),
)
"""What neither the API nor its server should mind; the short run leaves these out."""
IDS: Final = frozenset(
    {
        *("transaction_id", "original_transaction_id", "reference", "terminal_id"),
        *("authorization_code", "retrieval_reference_number", "system_trace_audit_number"),
        *("acquirer_id", "card_acceptor_id"),
    }
)
METHODS: Final = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")
HEAD_BYTES: Final = 80 << 10  # more than a head may have
BODY_BYTES: Final = 100 << 10  # more than a single body may have


TABLE_ROW: Final = {
    "transaction_id": "canary-table",
    "card_number": "",
    "amount": "12.34",
    "currency": "EUR",
    "occurred_at": "2026-01-02T03:04:05Z",
    "merchant": "Kub",
    "city": "Bern",
    "customer_reference": "somebody",
    "time_zone": "UTC",
}
"""Of the layout `bank`."""


@dataclass(frozen=True, slots=True)
class Probe:
    """One request as it goes into the socket."""

    name: str
    request: bytes


@dataclass(frozen=True, slots=True)
class Prober:
    """Makes the probes of one API: its OpenAPI document says which routes there are."""

    marks: Marks
    api_key: str
    document: Mapping[str, Any]
    headers: tuple[str, ...] = HEADERS

    def probes(self) -> Iterator[Probe]:
        """All of them."""
        yield from self._everywhere()
        yield from self._bodies()
        yield from self._uploads()
        yield from self._tables()
        yield from self._raw()

    def http(self, method: str, target: str, content: bytes = b"", headers: Mapping[str, str] | None = None) -> bytes:
        """A request with a good key, unless the headers say otherwise."""
        fields = {
            "Host": "127.0.0.1",
            "Connection": "close",
            "Authorization": f"Bearer {self.api_key}",
            **({"Content-Type": JSON, "Content-Length": str(len(content))} if content else {}),
            **(headers or {}),
        }
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        return "\r\n".join((*lines, "", "")).encode("latin-1") + content

    def sound(self, use: str, **changes: Any) -> dict[str, Any]:
        """A sound body with a card of its own."""
        number = self.marks.new(use)
        return full_body(transaction_id=f"canary-{number[::-1]}", card_number=number) | changes

    def _everywhere(self) -> Iterator[Probe]:
        """Every place around a body, for every operation; and every other method."""
        for path, operations in self.document["paths"].items():
            for method, operation in operations.items():
                yield from self._around(method.upper(), path, operation)
            for method in METHODS:
                name = f"{method} {path}: path"
                yield Probe(name, self.http(method, path.rstrip("/") + "/" + self.marks.new(name)))

    def _around(self, method: str, path: str, operation: Mapping[str, Any]) -> Iterator[Probe]:
        name = f"{method} {path}: "
        content = json.dumps(self.sound(name + "card")).encode() if method == "POST" else b""

        def request(query: str = "", **headers: str) -> bytes:
            plain = path.replace("{transaction_id}", "canary-0000").replace("{", "").replace("}", "")
            media_type = {"Content-Type": NDJSON} if path.endswith("/bulk") else {}
            return self.http(method, plain + query, content, {**media_type, **headers})

        known = [each["name"] for each in operation.get("parameters", ()) if each["in"] == "query"]
        for parameter in (*known, "trace"):
            number = self.marks.new(f"{name}query {parameter}")
            yield Probe(f"{name}query {parameter}", request(f"?{parameter}={number}"))
            twice = f"?{parameter}={number}&{parameter}=x{number}"
            yield Probe(f"{name}query {parameter} twice", request(twice))
        number = self.marks.new(f"{name}query name")
        yield Probe(f"{name}query name", request(f"?{number}=1"))
        encoded = "".join(f"%{ord(digit):02x}" for digit in self.marks.new(f"{name}encoded query"))
        yield Probe(f"{name}encoded query", request(f"?trace={encoded}"))
        for kind, credential in (("without a key", ""), ("with what is no key", "Bearer x")):
            number = self.marks.new(f"{name}query {kind}")
            yield Probe(f"{name}query {kind}", request(f"?trace={number}", Authorization=credential))
        for header in self.headers:
            number = self.marks.new(f"{name}{header}")
            value = {"Authorization": f"Bearer {number}", "Transfer-Encoding": f"chunked, {number}"}
            yield Probe(f"{name}{header}", request(**{header: value.get(header, number)}))
        number = self.marks.new(f"{name}header name")
        yield Probe(f"{name}header name", request(**{f"X-{number}": "1"}))

    def _bodies(self) -> Iterator[Probe]:
        """Bodies of single posts and searches, sound and wrong in every way."""
        for name, content in self.contents("body"):
            for path in ("/transactions", "/transactions/search"):
                yield Probe(f"POST {path}: {name}", self.http("POST", path, content))
        number = self.marks.new("a look-up")
        yield Probe("GET by card", self.http("GET", f"/transactions?card_number={number}"))
        yield Probe("search by card", self.http("POST", "/transactions/search", json_of({"card_number": number})))
        selectors = ("merchant_name", "card_id", "account", "cursor", "from", "order", "limit", "x")
        for selector in (*selectors, *FilterParameters.model_fields):
            number = self.marks.new(f"search {selector}")
            for value in (number, int(number), [number], {number: number}):
                content = json_of({"card_number": self.marks.new(f"search {selector}, card"), selector: value})
                yield Probe(f"search {selector}", self.http("POST", "/transactions/search", content))

    def contents(self, use: str) -> Iterator[tuple[str, bytes]]:
        """Bodies of one transaction, named: sound ones, and wrong ones with a number where it hurts most."""
        yield "sound", json_of(self.sound(use))
        yield "sound, of schema 2", json_of(self.sound(use) | _later())
        for part, name in _fields(full_body() | _later()):
            number = self.marks.new(f"{use} {part}/{name}")
            for kind, value in _dresses(number).items():
                # In an id only the request's own number is one: of other ids one in ten passes Luhn by chance.
                document = self.sound(use) | _later() | ({"card_number": number} if name in IDS else {})
                (document[part] if part else document)[name] = value
                yield f"{part}/{name} {kind}", json_of(document)
        number = self.marks.new(f"{use}, a name of metadata")
        yield "a name of metadata", json_of(self.sound(use) | {"metadata": {f"card.{number}": "x"}})
        number = self.marks.new(f"{use}, unknown field")
        yield "unknown field's name", json_of(self.sound(use) | {number: 1})
        yield "unknown field's value", json_of(self.sound(use) | {"colour": number})
        yield "security code", json_of(self.sound(use) | {"cvv": number})
        yield "nothing but the number", number.encode()
        yield "an array", json_of([number])
        yield "a text", json_of(number)
        whole = json_of(self.sound(f"{use}, damaged"))
        yield "cut off", whole[:-1]
        yield "twice", whole * 2
        yield "not UTF-8", whole.replace(b"Rippin", b"\xff" + number.encode())
        yield "half a surrogate pair", whole.replace(b"Rippin", b"\\ud800" + number.encode())
        yield "a control character", whole.replace(b"Rippin", b"\\u0000" + number.encode())
        yield "too deep", f'{{"{number}":'.encode() * 3_000
        yield "a long number", f'{{"card_number":{number}{"0" * 5_000}}}'.encode()
        yield "a form", f"card_number={number}&amount=1".encode()
        yield "too large", json_of(self.sound(use) | {"x": number * (BODY_BYTES // 16)})
        yield "no id", json_of({k: v for k, v in self.sound(use).items() if k != "transaction_id"})
        for field, value in (("occurred_at", "2999-01-01T00:00:00Z"), ("currency", "XXX"), ("amount_minor", -1)):
            yield f"wrong {field}", json_of(self.sound(use) | {field: value})
        separated = " ".join(number[at : at + 4] for at in range(0, 16, 4))
        yield "separated", json_of(self.sound(use) | {"merchant": {"name": separated}})

    def _uploads(self) -> Iterator[Probe]:
        """The same as lines, plain, compressed, damaged and in other dress."""
        lines = b"\n".join(content for _, content in self.contents("line"))
        for query in ("", "?results=all"):
            yield Probe(f"bulk {query}", self.http("POST", f"/transactions/bulk{query}", lines, _upload()))
        for encoding, packed in (("gzip", gzip.compress(lines)), ("zstd", zstd.compress(lines))):
            for name, content in (("", packed), (" cut off", packed[:-9]), (" not", lines)):
                headers = _upload(encoding)
                yield Probe(f"bulk {encoding}{name}", self.http("POST", "/transactions/bulk", content, headers))
                yield Probe(f"post {encoding}{name}", self.http("POST", "/transactions", content, headers))
        number = self.marks.new("chunk size")
        head = self.http("POST", "/transactions/bulk", b"", {"Content-Type": NDJSON, "Transfer-Encoding": "chunked"})
        yield Probe("chunked", head + b"%x\r\n%b\r\n0\r\n\r\n" % (len(lines), lines))
        yield Probe("a chunk's size", head + number.encode() + b"\r\n")
        yield Probe("a chunk's extension", head + f"1;{number}\r\n\n\r\n0\r\n\r\n".encode())
        yield Probe("a trailer", head + f"0\r\nX-Card: {number}\r\n\r\n".encode())
        yield Probe("a body that breaks off", self.http("POST", "/transactions", number.encode(), _length(9_000)))

    def _tables(self) -> Iterator[Probe]:
        """A marked number in each cell of a table, in its header, behind a lost quote, and under other separators."""
        columns = [*TABLE_ROW, "note"]
        rows = []
        for name in columns:
            number = self.marks.new(f"table {name}")
            rows.append(",".join((TABLE_ROW | {"card_number": number, "note": "", name: f"x {number}"}).values()))
        rows.append(f'"{self.marks.new("table, lost quote")},{",".join(TABLE_ROW.values())},')
        rows.append("," * 40 + self.marks.new("table, cells too many"))
        content = "\n".join([",".join(columns), *rows]).encode()
        for query in ("", "?results=all"):
            yield Probe(f"table {query}", self.http("POST", f"/transactions/bulk{query}", content, _table()))
        for separator in ",;\t|":
            header = f"card_number{separator}{self.marks.new('table header')}\n".encode()
            yield Probe("table of no layout", self.http("POST", "/transactions/bulk", header + content, _table()))
        charset = {"Content-Type": f'text/csv; charset="{self.marks.new("charset")}"'}
        yield Probe("table's character set", self.http("POST", "/transactions/bulk", content, charset))

    def _raw(self) -> Iterator[Probe]:
        """What is hardly HTTP."""
        number = self.marks.new("raw")
        for name, request in {
            "method": f"{number} / HTTP/1.1\r\n\r\n",
            "version": f"GET / HTTP/{number}\r\n\r\n",
            "no HTTP": f"{number}\r\n\r\n",
            "no colon": f"GET / HTTP/1.1\r\n{number}\r\n\r\n",
            "folded header": f"GET / HTTP/1.1\r\nHost: x\r\n {number}\r\n\r\n",
            "absolute target": f"GET http://{number}/{number} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "fragment": f"GET /#{number} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "content length": f"POST / HTTP/1.1\r\nContent-Length: {number}\r\nConnection: close\r\n\r\n",
            "upgrade": f"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: {number}\r\nConnection: Upgrade\r\n\r\n",
            "head too large": f"GET / HTTP/1.1\r\nX: {number * (HEAD_BYTES // 16)}\r\nConnection: close",
            "target too long": f"GET /{number * (HEAD_BYTES // 16)}",
            "transfer coding": f"POST /{number} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: {number}, chunked\r\n\r\n",
            "chunk extension": "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
            f"1;{number}={number}\r\n0\r\n0\r\n\r\n",
            "query too long": f"GET /?x={number * 600} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n",
            "newline in target": f"GET /{number}\nX: y HTTP/1.1\r\n\r\n",
        }.items():
            yield Probe(f"raw {name}", request.encode())
        yield Probe("raw bytes", b"\x16\x03\x01" + number.encode() + bytes(range(256)))


def _dresses(number: str) -> dict[str, object]:
    return {"text": number, "number": int(number), "array": [number], "object": {number: number}}


def _later() -> dict[str, Any]:
    """What makes a sound body one of event schema 2."""
    return payment_fields(merchant={**full_body()["merchant"], "country": "DE"})


def _fields(document: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for name, value in document.items():
        if isinstance(value, dict):
            yield from ((name, inner) for inner in value)
        yield "", name


def _upload(encoding: str | None = None) -> dict[str, str]:
    return {"Content-Type": NDJSON} | ({} if encoding is None else {"Content-Encoding": encoding})


def _table() -> dict[str, str]:
    return {"Content-Type": "text/csv"}


def _length(number: int) -> dict[str, str]:
    return {"Content-Length": str(number)}


def json_of(document: object) -> bytes:
    """A document as a body."""
    return json.dumps(document, separators=(",", ":")).encode()
