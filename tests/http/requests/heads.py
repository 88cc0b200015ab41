"""Mutations of a head's fields: Host and others."""

from collections.abc import Sequence
from typing import Final

from tests.http.application import READER, WRITER
from tests.http.requests.drafts import LONG, Draft, Mutation, Rng

SPACED: Final = "field spaced otherwise"


def hosts() -> dict[str, Mutation]:
    def none(_: Rng, draft: Draft) -> None:
        draft.drop(b"Host")

    def none_in_1_2(_: Rng, draft: Draft) -> None:
        draft.drop(b"Host")
        draft.version = b"HTTP/1.2"

    def two(rng: Rng, draft: Draft) -> None:
        _insert(rng, draft, rng.choice((b"Host: x", b"host: other", b"HOST: x")))

    def become(*choices: bytes) -> Mutation:
        def mutate(rng: Rng, draft: Draft) -> None:
            draft.put(b"Host", rng.choice(choices))

        return mutate

    return {
        "host none": none,
        "host none in 1.2": none_in_1_2,
        "host two": two,
        "host valid": become(
            b"x:80", b"x:", b"[::1]", b"[::1]:80", b"1.2.3.4", b"a_b", b"%41", b"a,b", b"X" * 300, b"[v1.a:b]"
        ),
        "host empty": become(b""),
        "host invalid": become(
            b"a b",
            b"a/b",
            b"u@x",
            b"x:port",
            b"x:80:80",
            b"[::1",
            b"::1",
            b"\xe9",
            b"%zz",
            b"http://x/",
            b"a?b",
            b"x#",
            b"a\tb",
            b'"x"',
            b"a\\b",
            b"x:-1",
            b"[g]",
            b"{x}",
        ),
    }


def fields() -> dict[str, Mutation]:
    return {
        SPACED: spaced,
        "field named in other letters": _lettered,
        "field twice": _doubled,
        "field folded": _adding(b"X-A: a\r\n b", b"X-A:\r\n\ta", b"X-A: a\n  b", b"X-A: a\r\n \r\n b"),
        "field folded first": _first(b" X-A: a", b"\tx", b" "),
        "field with NUL": _adding(b"X-A: a\x00b", b"X-A: \x00", b"X-\x00A: b"),
        "field with bare CR": _adding(b"X-A: a\rb", b"X-A: a\r\rb", b"X-A: a\rX-B: c", b"X-A\r: b"),
        "field with bare LF": _adding(b"X-A: a\nb", b"X-A: a\nX-B: c", b"X-A: a\n\nX-B: c"),
        "field with control": _adding(b"X-A: a\x01b", b"X-A: \x0bb", b"X-A: a\x0c", b"X-A: \x7f", b"X-A: \x1b[0m"),
        "field of 8 bits": _adding(b"X-A: \xe9", b"X-A: \xff\xfe", b"X-A: \xc3\xa9", b"X-A: a\xa0"),
        "field without name": _adding(b": x", b":", b":x"),
        "field with space before colon": _adding(b"X-A : b", b"X-A\t: b", b"Host : x", b" X-A: b"),
        "field without colon": _adding(b"X-A", b"GET / HTTP/1.1", b"a b"),
        "field named oddly": _adding(
            b"X(A): b", b"X\xe9: b", b"X A: b", b"@: b", b"X-A;: b", b'"X": b', b"!#$%&'*+-.^_`|~1: b"
        ),
        "field empty": _adding(b"X-A:", b"X-A: ", b"X-A: \t ", b"X:"),
        "field with spaces": _adding(
            b"X-A:" + b" " * 500 + b"b", b"X-A: b" + b"\t" * 300, b"X-A: a" + b" " * 900 + b"b"
        ),
        "field with spaces and NUL": _adding(b"X-A:" + b" " * 500 + b"\x00", b"X-A: a" + b" " * 900 + b"\x00"),
        "field long": _long,
        "fields many": _many,
        "framing lists long": _long_lists,
        "authorization twice": _twice,
        "content type twice": _adding(b"Content-Type: text/plain", b"Content-Type: application/json"),
        "line ends LF": _line_ends,
        "empty line before": _before,
        "head unfinished": _unfinished,
        "spaces behind the head": _behind,
    }


def spaced(rng: Rng, draft: Draft) -> None:
    """White space around a value that matters, which is no part of it (RFC 9112, 5.1)."""
    usual = [line for line in draft.fields if line.startswith((b"Authorization", b"Content-Type", b"Host"))]
    line = rng.choice(usual or [b"X-A: b"])
    draft.fields = [other for other in draft.fields if other is not line]
    name, _, value = line.partition(b": ")
    forms = (b"%b:%b", b"%b:  %b", b"%b:   %b", b"%b: %b ", b"%b: %b  ", b"%b:\t%b", b"%b: %b \t", b"%b :%b")
    draft.fields.append(rng.choice(forms) % (name, value))


def _lettered(rng: Rng, draft: Draft) -> None:
    name, colon, value = _taken(rng, draft).partition(b":")
    changed = rng.choice((name.upper(), name.lower(), name.swapcase()))
    draft.fields.append(changed + colon + value)


def _doubled(rng: Rng, draft: Draft) -> None:
    line = _taken(rng, draft)
    draft.fields += [line, line]


def _taken(rng: Rng, draft: Draft) -> bytes:
    """One of the lines, out of the draft."""
    return draft.fields.pop(rng.randrange(len(draft.fields))) if draft.fields else b"X-A: b"


def _adding(*lines: bytes) -> Mutation:
    def mutate(rng: Rng, draft: Draft) -> None:
        _insert(rng, draft, rng.choice(lines))

    return mutate


def _first(*lines: bytes) -> Mutation:
    def mutate(rng: Rng, draft: Draft) -> None:
        draft.fields.insert(0, rng.choice(lines))

    return mutate


def _insert(rng: Rng, draft: Draft, line: bytes) -> None:
    draft.fields.insert(rng.randint(0, len(draft.fields)), line)


def _long(rng: Rng, draft: Draft) -> None:
    _insert(rng, draft, b"X-Long: " + b"v" * rng.choice(LONG))


def _long_lists(rng: Rng, draft: Draft) -> None:
    """Lists of the fields that frame, in one field or in several, around their bound."""
    name, member = rng.choice(((b"Connection", b"x,"), (b"Expect", b"y,"), (b"Content-Length", b"5,")))
    for _ in range(rng.choice((1, 2))):
        _insert(rng, draft, name + b": " + member * rng.choice((100, 200, 255, 3_000)) + member[:1])


def _many(rng: Rng, draft: Draft) -> None:
    count = rng.choice((20, 40, 50, 100, 200, 3_000, 12_000))
    draft.fields += [b"X-%d: v" % number for number in range(count)]


def _twice(rng: Rng, draft: Draft) -> None:
    lines = [WRITER, rng.choice((READER, b"Authorization: Bearer nonsense", b"Authorization: Basic eDp5"))]
    rng.shuffle(lines)
    draft.drop(b"Authorization")
    draft.fields += lines


def _line_ends(rng: Rng, draft: Draft) -> None:
    draft.line_end = b"\n"
    draft.head_end = rng.choice((b"\n", b"\r\n"))


def _before(rng: Rng, draft: Draft) -> None:
    draft.before = rng.choice((b"\r\n", b"\n", b"\r\n\r\n", b" ", b"\r"))


def _unfinished(rng: Rng, draft: Draft) -> None:
    draft.head_end = rng.choice((b"", b"\r", b"X-A"))


def _behind(rng: Rng, draft: Draft) -> None:
    draft.behind = rng.choice((b"\r\n", b" ", b"\x00", b"\n\n", b"abc"))


def catalogue() -> Sequence[dict[str, Mutation]]:
    """All of them, by what they change."""
    return hosts(), fields()
