"""Mutations of a request line: method, target and version."""

from collections.abc import Sequence

from tests.http.requests.drafts import LONG, Draft, Mutation, Rng


def methods() -> dict[str, Mutation]:
    def change(*choices: bytes) -> Mutation:
        def mutate(rng: Rng, draft: Draft) -> None:
            draft.method = rng.choice(choices)

        return mutate

    def connect(rng: Rng, draft: Draft) -> None:
        draft.method, draft.target = (
            b"CONNECT",
            rng.choice((b"x:443", b"[::1]:443", b"x", b"/", b"x:y", b"http://x/")),
        )

    def every(rng: Rng, draft: Draft) -> None:
        draft.method, draft.target = rng.choice((b"OPTIONS", b"OPTIONS", b"GET", b"PUT")), b"*"

    return {
        "method known": change(b"HEAD", b"PUT", b"DELETE", b"PATCH", b"TRACE", b"OPTIONS"),
        "method unknown": change(b"BREW", b"M", b"PROPFIND", b"X" * 300, b"PRI", b"!#$%&'*+-.^_`|~"),
        "method in lower case": change(b"post", b"get", b"Post"),
        "method malformed": change(b"", b"G(T", b"PO ST", b"G\x00T", b"P\xd6ST", b"\x16\x03\x01", b"GET\t", b" GET"),
        "method connect": connect,
        "target asterisk": every,
    }


def targets() -> dict[str, Mutation]:
    def become(*choices: bytes) -> Mutation:
        def mutate(rng: Rng, draft: Draft) -> None:
            draft.target = rng.choice(choices).replace(b"{}", draft.target)

        return mutate

    def long(rng: Rng, draft: Draft) -> None:
        draft.target += rng.choice((b"?x=", b"/")) + b"a" * rng.choice(LONG)

    return {
        "target absolute": become(
            b"http://other.example{}", b"HTTP://X:80{}", b"https://[::1]:8443{}", b"http://1.2.3.4{}"
        ),
        "target absolute without path": become(b"http://x", b"http://x:80", b"http://x?a=b", b"hTTps://x/"),
        "target absolute malformed": become(
            b"http://{}",
            b"http:///{}",
            b"http://:80{}",
            b"http://u:p@x{}",
            b"ftp://x{}",
            b"http://[::1{}",
            b"http:/x{}",
            b"x://y{}",
            b"http://x:p{}",
        ),
        "target authority": become(b"x:80", b"x", b"[::1]:80", b"user@x:80", b":80"),
        "target empty": become(b""),
        "target odd": become(
            b'{}"',
            b"{}\\",
            b"{}#f",
            b"{}%00",
            b"{}%zz",
            b"{}|<>{}",
            b"/.{}",
            b"/{}",
            b"{}/..",
            b"{}%2e%2e",
            b"{};a=b",
        ),
        "target malformed": become(b"{}\x7f", b"{}\xe9", b"{}\x00", b"{}\t", b"{} x", b" {}", b"{}\x01", b"{}\r"),
        "target with query": become(b"{}?", b"{}?a=b", b"{}?a?b", b"{}?results=all", b"{}?\xc3"),
        "target long": long,
    }


def versions() -> dict[str, Mutation]:
    def become(*choices: bytes) -> Mutation:
        def mutate(rng: Rng, draft: Draft) -> None:
            draft.version = rng.choice(choices)

        return mutate

    def missing(rng: Rng, draft: Draft) -> None:
        draft.start = rng.choice((draft.method + b" " + draft.target, draft.method + b" " + draft.target + b" "))

    def preface(rng: Rng, draft: Draft) -> None:
        draft.start, draft.fields, draft.chunks = b"PRI * HTTP/2.0", [], None
        draft.content = b"SM\r\n\r\n" + bytes(9)

    return {
        "version 1.0": become(b"HTTP/1.0"),
        "version 1.2": become(b"HTTP/1.2", b"HTTP/1.9"),
        "version major": become(b"HTTP/2.0", b"HTTP/0.9", b"HTTP/3.0"),
        "version malformed": become(
            b"HTTP/1",
            b"HTTP/1.1.1",
            b"HTTP/11.1",
            b"http/1.1",
            b"HTTP/1.x",
            b"HTTP/1,1",
            b"",
            b"HTTP/1.1 ",
            b"HTTP/ 1.1",
            b"ICY/1.1",
            b"HTTP/\xb9.1",
            b"\tHTTP/1.1",
        ),
        "version missing": missing,
        "preface of HTTP/2": preface,
    }


def catalogue() -> Sequence[dict[str, Mutation]]:
    """All of them, by what they change."""
    return methods(), targets(), versions()
