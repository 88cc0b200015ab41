"""Mutations of chunks and trailers."""

from collections.abc import Callable, Sequence

from tests.http.application import WRITER
from tests.http.requests.drafts import LONG, Chunk, Draft, Mutation, Rng


def chunks() -> dict[str, Mutation]:
    def one(change: Callable[[Rng, Chunk], None]) -> Mutation:
        def mutate(rng: Rng, draft: Draft) -> None:
            change(rng, draft.any_chunk(rng))

        return mutate

    def size(*values: bytes) -> Mutation:
        def change(rng: Rng, chunk: Chunk) -> None:
            chunk.size = rng.choice(values).replace(b"{}", chunk.size)

        return one(change)

    def part(name: str, *values: bytes) -> Mutation:
        return one(lambda rng, chunk: setattr(chunk, name, rng.choice(values)))

    def no_last(rng: Rng, draft: Draft) -> None:
        draft.chunk(rng)
        draft.chunks, draft.body_end = (draft.chunks or [])[:-1], b""

    return {
        "chunks of one byte": lambda rng, draft: draft.chunk(rng, size_max=1),
        "chunk size in capitals": one(lambda rng, chunk: setattr(chunk, "size", chunk.size.upper())),
        "chunk size with zeros": size(b"0{}", b"0000{}", b"0" * 30 + b"{}"),
        "chunk size wrong": one(
            lambda rng, chunk: setattr(chunk, "size", b"%x" % abs(len(chunk.data) + rng.choice((-1, 1, 2))))
        ),
        "chunk size huge": size(b"ffffffff", b"f" * 16, b"f" * 20, b"1" + b"0" * 19, b"f" * 21, b"{}" + b"0" * 30),
        "chunk size malformed": size(
            b"-{}", b"+{}", b"0x{}", b" {}", b"g", b"", b"{}_0", b"{}\x00", b"{}.", b"\xd9\xa5", b"{}h", b"{},"
        ),
        "chunk extension": part(
            "extension",
            b";a",
            b";a=b",
            b';a="q;\\"x"',
            b";",
            b" ;a",
            b"; a = b",
            b";a=" + b"x" * 1_000,
            b" ",
            b"\t",
            b";\xff",
        ),
        "chunk extension long": part("extension", *(b";a=" + b"x" * size for size in (*LONG, 40_000, 40_000))),
        "chunk extension malformed": part(
            "extension", b";a\nb", b";a\rb", b"a", b"\x00", b";" + b" " * 300 + b"\n", b";\x00"
        ),
        "chunk line end": part("line_end", b"\n", b"\r", b"", b"\r\r\n", b"\n\r\n"),
        "chunk end": part("end", b"\n", b"", b"\r", b"\n\r", b"xx", b"\r\n\r\n"),
        "chunk last missing": no_last,
    }


def trailers() -> dict[str, Mutation]:
    def have(write: Callable[[Rng], list[bytes]]) -> Mutation:
        def mutate(rng: Rng, draft: Draft) -> None:
            draft.chunk(rng)
            draft.trailers += write(rng)

        return mutate

    def moved(rng: Rng, draft: Draft) -> None:
        """Fields that count in a head alone."""
        draft.chunk(rng)
        name = rng.choice((b"Authorization", b"Content-Type", b"Host", b"Idempotency-Key"))
        line = next((line for line in draft.fields if line.startswith(name)), WRITER)
        draft.drop(name)
        draft.trailers.append(line)

    def framing(rng: Rng) -> list[bytes]:
        return [
            rng.choice(
                (
                    b"Content-Length: 5",
                    b"Transfer-Encoding: chunked",
                    b"Transfer-Encoding: gzip",
                    b"Connection: close",
                    b"Expect: 100-continue",
                    b"Upgrade: h2c",
                    b"Host: y",
                )
            )
        ]

    def end(rng: Rng, draft: Draft) -> None:
        draft.chunk(rng)
        draft.body_end = rng.choice((b"", b"\n", b"\r", b"x\r\n"))

    return {
        "trailers": have(lambda rng: [b"X-%d: v" % number for number in range(rng.choice((1, 2, 50)))]),
        "trailers moved from the head": moved,
        "trailers of framing": have(framing),
        "trailers too many": have(
            lambda rng: [b"X-%d: v" % number for number in range(rng.choice((200, 3_000, 12_000)))]
        ),
        "trailer long": have(lambda rng: [b"X-Long: " + b"v" * rng.choice(LONG)]),
        "trailer malformed": have(
            lambda rng: [
                rng.choice(
                    (b"X", b"X : y", b"X: \x00", b" folded", b": y", b"X: a\rb", b"X: a\n\nb", b"GET / HTTP/1.1")
                )
            ]
        ),
        "trailer folded": have(lambda rng: [b"X-A: a\r\n b"]),
        "trailers' end": end,
    }


def catalogue() -> Sequence[dict[str, Mutation]]:
    """All of them, by what they change."""
    return chunks(), trailers()
