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
from tests.fuzz.values import LENGTHS, Dice, text

CARDS: Final = 500
LINES_MAX: Final = 40
BOMB_BYTES: Final = 4 << 20
PATHS: Final = (
    *("/transactions", "/transactions", "/transactions/bulk", "/transactions/search", "/transactions/{}"),
    *("/merchants", "/healthz", "/readyz", "/metrics", "/docs", "/openapi.json", "/", "/transactions/{}/refunds"),
)
PARAMETERS: Final = (
    *("card_number", "card_id", "merchant_name", "from", "to", "order", "limit", "cursor", "account"),
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
        dice = random.Random(f"{self._seed}/{number}")
        (make,) = dice.choices(list(_KINDS), weights=list(_KINDS.values()))
        return make(self, dice, dice.choice(self._cards), number)

    def single(self, dice: Dice, card: str, number: int) -> Sent:
        """A post or a search of one document."""
        target = dice.choice(("/transactions", "/transactions", "/transactions", "/transactions/search"))
        return Sent(number, "single", self._framed(dice, "POST", target, body(dice, card)))

    def upload(self, dice: Dice, card: str, number: int) -> Sent:
        """Lines, in whatever dress."""
        breaks = dice.choice((b"\n", b"\n", b"\r\n", b"\n\n", b"\r"))
        lines = breaks.join(body(dice, card) for _ in range(dice.randrange(LINES_MAX)))
        content, headers = _dressed(dice, lines)
        target = "/transactions/bulk" + dice.choice(("", "", "?results=all", "?results=", "?x=1"))
        return Sent(number, "upload", self._framed(dice, "POST", target, content, headers))

    def odd(self, dice: Dice, card: str, number: int) -> Sent:
        """Any method, path, query and headers."""
        content = body(dice, card) if dice.random() < 0.3 else b""
        headers = {dice.choice(HEADERS): _field_value(dice, card) for _ in range(dice.randrange(6))}
        data = self._framed(dice, dice.choice(METHODS), _target(dice, card), content, headers)
        # Two lengths or encodings, an upgrade, an expectation: what is whole then is the server's to say.
        return Sent(number, "odd", data, whole=not headers.keys() & {"Expect", "Upgrade", "Host"})

    def raw(self, dice: Dice, card: str, number: int) -> Sent:
        """A request with its bytes damaged, head and framing as well; or two at once; or none at all."""
        whole = self.single(dice, card, number) if dice.random() < 0.7 else self.upload(dice, card, number)
        match dice.randrange(4):
            case 0:
                data = damaged(dice, whole.data)
            case 1:
                head, _, rest = whole.data.partition(b"\r\n\r\n")
                data = damaged(dice, head) + b"\r\n\r\n" + rest
            case 2:
                data = whole.data + self.odd(dice, card, number).data
            case _:
                data = dice.randbytes(dice.randrange(1, 2_000)) + card.encode()
        return Sent(number, "raw", data, whole=False)

    def _framed(
        self, dice: Dice, method: str, target: str, content: bytes, headers: dict[str, str] | None = None
    ) -> bytes:
        media_type = MEDIA_TYPES.get(target.partition("?")[0], "application/json")
        fields = {"Host": "127.0.0.1", "Authorization": f"Bearer {self._api_key}", "Content-Type": media_type}
        fields |= headers or {}
        fields["Connection"] = "close"
        if dice.random() < 0.2:
            fields["Transfer-Encoding"] = "chunked"
            content = _chunked(dice, content)
        elif content or method == "POST":
            fields["Content-Length"] = str(len(content))
        lines = [f"{method} {target} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        return "\r\n".join((*lines, "", "")).encode("utf-8", "replace") + content


def _dressed(dice: Dice, content: bytes) -> tuple[bytes, dict[str, str]]:
    """Content as it is, or compressed, well or badly."""
    match dice.randrange(8):
        case 0:
            packed, named = gzip.compress(content, dice.randrange(10), mtime=0), dice.choice(("gzip", "X-GZip"))
        case 1:
            packed, named = zstd.compress(content, dice.randrange(1, 6)), "zstd"
        case 2:
            packed, named = zlib.compress(content), dice.choice(("gzip", "deflate", "zstd", "br"))
        case 3 if dice.random() < 0.05:
            packed, named = gzip.compress(b" " * BOMB_BYTES, mtime=0), "gzip"
        case _:
            return content, {}
    match dice.randrange(4):
        case 0:
            packed = damaged(dice, packed)
        case 1:
            packed += dice.choice((packed, b"tail", bytes(512), bytes(7) + packed))
        case _:
            pass
    return packed, {"Content-Encoding": named}


def _chunked(dice: Dice, content: bytes) -> bytes:
    chunks, at = [], 0
    while at < len(content):
        size = dice.randrange(1, max(2, min(len(content) - at, 4_000) + 1))
        part = content[at : at + size]
        extension = b";x=1" if dice.random() < 0.05 else b""
        chunks.append(b"%x%b\r\n%b\r\n" % (len(part), extension, part))
        at += len(part)
    return b"".join((*chunks, b"0\r\n\r\n"))


def _target(dice: Dice, card: str) -> str:
    path = dice.choice(PATHS).replace("{}", quote(dice.choice((card, "fuzz-0000", text(dice)))[:300]))
    if dice.random() < 0.2:
        path = dice.choice(
            (path + "/", "/" + path, path.upper(), path + "/..", path.replace("a", "%61"), "*", path + ";")
        )
    if dice.random() < 0.4:
        return path
    values = (card, f"x{card}", text(dice), "", "card_1_" + "0" * 32, "2020-01-01T00:00:00Z", "100", "asc")
    pairs = [f"{dice.choice(PARAMETERS)}={quote(dice.choice(values))}" for _ in range(dice.randrange(1, 5))]
    if dice.random() < 0.02:
        pairs *= 20
    return f"{path}?{dice.choice(('&', '&', ';', '&&')).join(pairs)}"


def _field_value(dice: Dice, card: str) -> str:
    value = dice.choice(
        (card, text(dice), "gzip", "Bearer x", "application/x-ndjson", "a" * dice.choice(LENGTHS[:-1]))
    )
    return "".join(c for c in value if c not in "\r\n\x00")


# How many of a hundred requests are of a kind.
_KINDS: Final = {Requests.single: 45, Requests.upload: 15, Requests.odd: 30, Requests.raw: 10}
