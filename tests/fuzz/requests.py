"""Whole requests as they go into the socket: method, target, headers, framing, compression, and plain bytes.

Each is made from its seed and number alone, so that one that failed can be sent again.
"""

import gzip
import random
import zlib
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from backports import zstd

from tests.canary.marks import Marks
from tests.fuzz.bodies import body, damaged
from tests.fuzz.values import LENGTHS, Rng, text

CARDS: Final = 500
LINES_MAX: Final = 40
BOMB_BYTES: Final = 4 << 20
PATHS: Final = (
    *("/transactions", "/transactions", "/transactions/bulk", "/transactions/search", "/transactions/{}"),
    *("/merchants", "/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/", "/transactions/{}/refunds"),
)
PARAMETERS: Final = (
    *("card_number", "card_id", "merchant_name", "from", "to", "order", "limit", "cursor", "account"),
    *("type", "category", "currency", "amount_min", "amount_max", "terminal_id", "entry_mode"),
    *("name_prefix", "results", "fields", "x", "limit[]", "card_number ", "%63ursor", ""),
)
HEADERS: Final = (
    *("Idempotency-Key", "X-API-Key", "Accept", "Accept-Encoding", "Cookie", "User-Agent", "X-Request-ID", "Expect"),
    *(
        "traceparent",
        "tracestate",
        "If-None-Match",
        "Range",
        "Forwarded",
        "X-Forwarded-Host",
        "Upgrade",
        "TE",
        "Date",
    ),
    *("Content-Type", "Content-Encoding", "Authorization", "Host", "Origin", "Via", "X", "x" * 200),
)
METHODS: Final = (
    "GET",
    "GET",
    "POST",
    "POST",
    "POST",
    "HEAD",
    "PUT",
    "DELETE",
    "OPTIONS",
    "PATCH",
    "TRACE",
    "get",
    "M",
)
MEDIA_TYPES: Final = {"/transactions/bulk": "application/x-ndjson"}


@dataclass(frozen=True, slots=True)
class Sent:
    """One request. `whole` says that it is well framed: then there must be an answer."""

    number: int
    kind: str
    data: bytes
    whole: bool = True


class Requests:
    """All requests of a seed, by number."""

    def __init__(self, seed: int, api_key: str) -> None:
        self._seed, self._api_key = seed, api_key
        self.marks = Marks(seed)
        self._cards = [self.marks.new("fuzz", length=13 + number % 7) for number in range(CARDS)]

    def request(self, number: int) -> Sent:
        """The request of a number."""
        rng = random.Random(f"{self._seed}/{number}")
        (make,) = rng.choices(list(_KINDS), weights=list(_KINDS.values()))
        return make(self, rng, rng.choice(self._cards), number)

    def single(self, rng: Rng, card: str, number: int) -> Sent:
        """A post or a search of one document."""
        target = rng.choice(("/transactions", "/transactions", "/transactions", "/transactions/search"))
        return Sent(number, "single", self._framed(rng, "POST", target, body(rng, card)))

    def upload(self, rng: Rng, card: str, number: int) -> Sent:
        """Lines, in whatever dress."""
        breaks = rng.choice((b"\n", b"\n", b"\r\n", b"\n\n", b"\r"))
        lines = breaks.join(body(rng, card) for _ in range(rng.randrange(LINES_MAX)))
        content, headers = _encoded(rng, lines)
        target = "/transactions/bulk" + rng.choice(("", "", "?results=all", "?results=", "?x=1"))
        return Sent(number, "upload", self._framed(rng, "POST", target, content, headers))

    def odd(self, rng: Rng, card: str, number: int) -> Sent:
        """Any method, path, query and headers."""
        content = body(rng, card) if rng.random() < 0.3 else b""
        headers = {rng.choice(HEADERS): _field_value(rng, card) for _ in range(rng.randrange(6))}
        data = self._framed(rng, rng.choice(METHODS), _target(rng, card), content, headers)
        # Two lengths or encodings, an upgrade, an expectation: what is whole then is the server's to say.
        return Sent(number, "odd", data, whole=not headers.keys() & {"Expect", "Upgrade", "Host"})

    def raw(self, rng: Rng, card: str, number: int) -> Sent:
        """A request with its bytes damaged, head and framing as well; or two at once; or none at all."""
        whole = self.single(rng, card, number) if rng.random() < 0.7 else self.upload(rng, card, number)
        match rng.randrange(4):
            case 0:
                data = damaged(rng, whole.data)
            case 1:
                head, _, rest = whole.data.partition(b"\r\n\r\n")
                data = damaged(rng, head) + b"\r\n\r\n" + rest
            case 2:
                data = whole.data + self.odd(rng, card, number).data
            case _:
                data = rng.randbytes(rng.randrange(1, 2_000)) + card.encode()
        return Sent(number, "raw", data, whole=False)

    def _framed(
        self, rng: Rng, method: str, target: str, content: bytes, headers: dict[str, str] | None = None
    ) -> bytes:
        media_type = MEDIA_TYPES.get(target.partition("?")[0], "application/json")
        fields = {"Host": "127.0.0.1", "Authorization": f"Bearer {self._api_key}", "Content-Type": media_type}
        fields |= headers or {}
        fields["Connection"] = "close"
        if rng.random() < 0.2:
            fields["Transfer-Encoding"] = "chunked"
            content = _chunked(rng, content)
        elif content or method == "POST":
            fields["Content-Length"] = str(len(content))
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        return "\r\n".join((*lines, "", "")).encode("utf-8", "replace") + content


def _encoded(rng: Rng, content: bytes) -> tuple[bytes, dict[str, str]]:
    """Content as it is, or compressed, well or badly."""
    match rng.randrange(8):
        case 0:
            packed, named = gzip.compress(content, rng.randrange(10), mtime=0), rng.choice(("gzip", "X-GZip"))
        case 1:
            packed, named = zstd.compress(content, rng.randrange(1, 6)), "zstd"
        case 2:
            packed, named = zlib.compress(content), rng.choice(("gzip", "deflate", "zstd", "br"))
        case 3 if rng.random() < 0.05:
            packed, named = gzip.compress(b" " * BOMB_BYTES, mtime=0), "gzip"
        case _:
            return content, {}
    match rng.randrange(4):
        case 0:
            packed = damaged(rng, packed)
        case 1:
            packed += rng.choice((packed, b"tail", bytes(512), bytes(7) + packed))
        case _:
            pass
    return packed, {"Content-Encoding": named}


def _chunked(rng: Rng, content: bytes) -> bytes:
    chunks, at = [], 0
    while at < len(content):
        size = rng.randrange(1, max(2, min(len(content) - at, 4_000) + 1))
        part = content[at : at + size]
        extension = b";x=1" if rng.random() < 0.05 else b""
        chunks.append(b"%x%b\r\n%b\r\n" % (len(part), extension, part))
        at += len(part)
    return b"".join((*chunks, b"0\r\n\r\n"))


def _target(rng: Rng, card: str) -> str:
    path = rng.choice(PATHS).replace("{}", quote(rng.choice((card, "fuzz-0000", text(rng)))[:300]))
    if rng.random() < 0.2:
        path = rng.choice(
            (path + "/", "/" + path, path.upper(), path + "/..", path.replace("a", "%61"), "*", path + ";")
        )
    if rng.random() < 0.4:
        return path
    values = (card, f"x{card}", text(rng), "", "card_1_" + "0" * 32, "2020-01-01T00:00:00Z", "100", "asc")
    pairs = [f"{rng.choice(PARAMETERS)}={quote(rng.choice(values))}" for _ in range(rng.randrange(1, 5))]
    if rng.random() < 0.02:
        pairs *= 20
    return f"{path}?{rng.choice(('&', '&', ';', '&&')).join(pairs)}"


def _field_value(rng: Rng, card: str) -> str:
    value = rng.choice((card, text(rng), "gzip", "Bearer x", "application/x-ndjson", "a" * rng.choice(LENGTHS[:-1])))
    return "".join(c for c in value if c not in "\r\n\x00")


# How many of a hundred requests are of a kind.
_KINDS: Final = {Requests.single: 45, Requests.upload: 15, Requests.odd: 30, Requests.raw: 10}
