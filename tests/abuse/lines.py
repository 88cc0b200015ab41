"""One line of an upload, or the body of one post: admitted, or refused with the problem that its sender is told."""

import json
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

from pydantic_core import to_json

from tests.abuse.target import Mutation
from tests.builders import body, card_number, full_body, issued_card_number, json_bytes, keys
from txn_api.problems import Problem
from txn_api.schemas import example_transaction
from txn_api.writes.admission import Admission
from txn_core.transactions.identity import Account

BAR: Final = 5.0
BYTES_MAX: Final = 65_536  # settings.bulk_line_bytes_max, and body_bytes_max
_REQUEST_ID: Final = f"req_{'0' * 32}"
_OBJECTS: Final = ("", "merchant", "customer", "terminal")
_ASTRAL: Final = "".join(map(chr, range(0x20000, 0x20000 + 64)))


def _wide(piece: str, size: int = BYTES_MAX) -> bytes:
    """A sound line's fields and one more, which holds a piece over and over."""
    sound = json_bytes(body())
    return b'%s,"a":%s}' % (sound[:-1], b"[" + b",".join([piece.encode()] * (size // (len(piece) + 1) - 200)) + b"]")


def _texts(text: str) -> bytes:
    """A line whose free texts are all as long as they may be, and hold a text over and over."""
    return _full_texts(lambda length: (text * length)[:length])


def _full_texts(write: Callable[[int], str]) -> bytes:
    """A line whose free texts are all as long as they may be, each written for itself."""
    lengths = {"first_name": 100, "last_name": 100, "job": 200, "street": 200, "city": 100, "state": 64}
    texts = {name: write(length).strip() for name, length in lengths.items()}
    return json_bytes(body(merchant={"name": write(100).strip()}, customer=texts))


def _behind(beginning: str, digits: str) -> bytes:
    """A line each of whose free texts begins so, and goes on in digits."""
    return _full_texts(lambda length: (beginning + digits * length)[:length])


def _padded(padding: bytes) -> bytes:
    return json_bytes(full_body())[:-1] + padding + b"}"


def _names(write: Callable[[int], str], count: int) -> bytes:
    return b"{" + b",".join(write(number).encode() for number in range(count)) + b"}"


class Lines:
    """The target."""

    bar = BAR
    bytes_max = BYTES_MAX
    reference = to_json(example_transaction())
    seeds: Sequence[bytes] = (
        reference,
        json_bytes(body()),
        json_bytes(full_body()),
        b"{}",
        b"",
        b"[" * 100 + b"]" * 100,
        json_bytes(full_body(), ascii_only=True).replace(b"R", b"\\u0052"),
        _names('"{:x}":0'.format, 7_200),
        _names('"{:x}":0'.format, 900),
        _names('"{:x}":0'.format, 60),
        _names(lambda _: '"a":0', 10_000),
        _names(lambda _: '"merchant":{"name":"x"}', 2_800),
        b"{" + b'"amount_minor":1,' * 3_700 + json_bytes(full_body())[1:],
        _wide("{}"),
        _wide("[]"),
        _wide('{"a":0,"a":0}'),
        _wide("0"),
        _wide('""'),
        b'{"a":' * 100 + b"0" + b"}" * 100,
        json_bytes(body()).replace(b"497", b"4" * 60_000),
        json_bytes(full_body()).replace(b"36.011293", b"36." + b"1" * 60_000),
        json_bytes(full_body()).replace(b"3495", b"-" + b"1" * 4_000),
        _padded(b" " * 59_000),
        _padded(b',"' + b"\\u0034\\ufe0f\\u20e3" * 2_000 + b'":0'),
        _texts("1 2 3 4 "),
        _texts("\uff14 "),
        _texts("4\u0301\u0323"),
        _texts("卡4 "),
        _texts(_ASTRAL),
        _texts("%B4 4 4^"),
        _texts("DE89 "),
        _texts("\ufdfa"),
        *(_behind(beginning, "1 2 3 4 ") for beginning in ("DE89 ", "DE89 \u00e9", '"DE89 ', "a1 ", "\u00e9", '"')),
        *(_behind(beginning, "4111-1") for beginning in ("DE89 \u00e9", "a1 \u00e9", '"')),
        *(
            _behind('4111 1111 1111 "', unit)
            for unit in ("1  2 ", "XX12 ", "aa11 ", "aa111111111111 ", "+49 12345678901 ")
        ),
        _behind("4111 1111 1111 \u00e9", "+49 12345678901 "),
        _behind("fi18aa ", "fi18aa 123456 123456 "),
        _behind("", "+49 1"),
        _behind("\u00e9", "+49 1"),
        json_bytes(full_body(customer={"city": '"card_number":"9000000000000001","amount_minor":497'})),
        b'{"type":"purchase","type":"purchase",' + b'"a":{' * 100 + b"}" * 101,
        json_bytes(body(merchant={"name": "\ufdfa" * 100})),
        json_bytes(full_body(customer={"street": issued_card_number(3)})),
        json_bytes(body(card_number=1, amount_minor="1", currency="?", occurred_at=0, merchant={})),
    )
    pieces: Sequence[bytes] = (
        *(b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"{}", b"[]", b"null", b"true", b"0", b"-1", b"1e309"),
        *(b'"a":0,', b'"1":0,', b'"a":{},', b'"a":[],', b'"a":"",', b'{"a":0,"a":0},', b'"amount_minor":1,', b'"",'),
        *(b'"merchant":{"name":"x"},', b'"customer":{"job":"4 1 1 1 "},', b'"card_number":"4111111111111111",'),
        *(b"\\u0034", b"\\ud83d", b"\\ud83d\\ude00", b"\\n", b"\\/", b'\\"', b"\\\\", b"\\u0000"),
        *(
            b" ",
            b"\t",
            b"4 1 1 1 ",
            b"4111 ",
            b"6759 11 ",
            b"1 2 3 4 5 6 ",
            b"+49 ",
            b"+(4",
            b"DE89 3704 ",
            b"MT84 A ",
        ),
        *(b"%B4111^", b";4111=", b"4111111111111111=2512101", b"4" * 19, b"4-1/1.", b"411111111111111x"),
        *("\uff14\u0301\u200b卡\U0001d7d2\U00020000\ufdfa\u3164\u202e".encode(), b"\xff", b"\xc3", b"\xed\xa0\x80"),
        *(issued_card_number(1).encode(), card_number(1).encode(), b"1.5e-7,", b"0.1234567890123456789"),
    )
    mutations: Sequence[Mutation]

    def __init__(self) -> None:
        self._intake = Admission(keys(), occurred_ahead_s_max=300)
        self._account = Account("abuse")
        self.mutations = (_with_a_field, _with_another_value, _written_otherwise, _with_a_name_twice)

    def due(self, data: bytes) -> float:
        """An ordinary line's price is due for any line, and for a longer one as much more as it is longer."""
        return max(1.0, len(data) / len(self.reference))

    def run(self, data: bytes) -> None:
        """What becomes of a line, up to its result."""
        try:
            self._intake.admit(data, account=self._account, request_text="")
        except Problem as problem:
            to_json({"line": 1, "problem": problem.document(_REQUEST_ID)})


def _document(data: bytes) -> dict[str, Any]:
    """The document that a line holds, or an ordinary one."""
    try:
        document = json.loads(data, parse_int=float)
    except (ValueError, RecursionError):
        return full_body()
    return document if isinstance(document, dict) else full_body()


def _part(rng: Random, document: dict[str, Any]) -> dict[str, Any]:
    inner = document.get(rng.choice(_OBJECTS))
    return inner if isinstance(inner, dict) else document


def _with_a_field(rng: Random, data: bytes) -> bytes:
    """One field of a fresh ordinary document takes a text of the line, or all of the line."""
    document = full_body()
    part = _part(rng, document)
    start = rng.randrange(len(data) + 1)
    taken = data[start : start + 2 ** rng.randint(1, 8)] if rng.random() < 0.8 else data
    part[rng.choice([*part])] = taken.decode("utf-8", "replace")
    return json_bytes(document, ascii_only=rng.random() < 0.3)


def _with_another_value(rng: Random, data: bytes) -> bytes:
    """One value of the line's document is another one, or gone."""
    document = _document(data)
    part = _part(rng, document)
    if part:
        name = rng.choice([*part])
        part[name] = rng.choice((None, True, -1, 1.5, "", "x" * 65, " ", [], {}, {"name": "x"}, part[name]))
        if rng.random() < 0.3:
            del part[name]
    return _as_json(document)


def _written_otherwise(rng: Random, data: bytes) -> bytes:
    """The line's document with escapes, or with other white space."""
    document = _document(data)
    if rng.random() < 0.5:
        return json.dumps(document, ensure_ascii=True, indent=rng.choice((None, 0, 1, 8))).encode()
    text = rng.choice(("4111", " ", "a", "e"))
    return _as_json(document).replace(text.encode(), b"".join(b"\\u%04x" % ord(character) for character in text))


def _with_a_name_twice(rng: Random, data: bytes) -> bytes:
    """The line with fields of an ordinary document before its own, some or many times."""
    document = full_body()
    name = rng.choice([*document])
    field = json_bytes({name: document[name]})[1:-1] + b","
    count = min(int(2 ** rng.uniform(0, 12)), BYTES_MAX // len(field))
    at = data.find(b"{") + 1
    return data[:at] + field * count + data[at:]


def _as_json(document: object) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode("utf-8", "replace")
