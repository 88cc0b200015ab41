"""Mutations of what frames a body: Content-Length and Transfer-Encoding."""

from collections.abc import Callable, Sequence
from typing import Final

from tests.http.requests.drafts import Draft, Mutation, Rng

_DIGITS: Final = "\u0660\u0661\u0662".encode()


def lengths() -> dict[str, Mutation]:
    def become(write: Callable[[Rng, int], bytes]) -> Mutation:
        def mutate(rng: Rng, draft: Draft) -> None:
            draft.put(b"Content-Length", write(rng, len(draft.content)))

        return mutate

    def two(change: int) -> Mutation:
        def mutate(rng: Rng, draft: Draft) -> None:
            draft.measure()
            draft.fields.insert(
                rng.randint(0, len(draft.fields)), b"content-length: %d" % (len(draft.content) + change)
            )

        return mutate

    return {
        "length short": become(lambda rng, size: b"%d" % max(0, size - rng.randint(1, 40))),
        "length zero": become(lambda rng, size: rng.choice((b"0", b"00"))),
        "length long": become(lambda rng, size: b"%d" % (size + rng.randint(1, 300))),
        "length twice": two(0),
        "length twice, different": two(1),
        "length list": become(lambda rng, size: rng.choice((b"%d, %d", b"%d,%d", b"%d ,\t%d")) % (size, size)),
        "length list, different": become(lambda rng, size: rng.choice((b"%d, %d", b"%d,%d,")) % (size, size + 1)),
        "length with sign": become(lambda rng, size: rng.choice((b"+%d", b"-%d", b"--%d")) % size),
        "length with spaces": become(
            lambda rng, size: rng.choice((b"%d ", b" %d", b"\t%d\t", b"\r\n %d", b"%d\r\n ")) % size
        ),
        "length with zeros": become(lambda rng, size: b"0" * rng.choice((1, 3, 10, 40)) + b"%d" % size),
        "length huge": become(lambda rng, size: b"9" * rng.choice((12, 18, 20, 21, 300))),
        "length malformed": become(
            lambda rng, size: rng.choice(
                (
                    b"",
                    b"x",
                    b"0x%x" % size,
                    b"%d.0" % size,
                    b"1e1",
                    b"%d;" % size,
                    b"1_0",
                    b"%d %d" % (size, size),
                    _DIGITS,
                    b"%d\x00" % size,
                    b",%d" % size,
                    b'"%d"' % size,
                )
            )
        ),
        "length named oddly": lambda rng, draft: draft.fields.append(
            rng.choice((b"Content-Length : 5", b"Content_Length: 5", b" Content-Length: 5", b"Content-Length\x00: 5"))
        ),
    }


def codings() -> dict[str, Mutation]:
    def become(*values: bytes) -> Mutation:
        def mutate(rng: Rng, draft: Draft) -> None:
            draft.chunk(rng)
            draft.put(b"Transfer-Encoding", rng.choice(values))

        return mutate

    def with_length(rng: Rng, draft: Draft) -> None:
        draft.chunk(rng)
        length = rng.choice((len(draft.content), len(draft.body), 0, 3))
        draft.fields.insert(rng.randint(0, len(draft.fields)), b"Content-Length: %d" % length)

    def named(rng: Rng, draft: Draft) -> None:
        draft.chunk(rng)
        draft.drop(b"Transfer-Encoding")
        draft.fields.append(
            rng.choice(
                (
                    b"Transfer-Encoding : chunked",
                    b"Transfer_Encoding: chunked",
                    b"\tTransfer-Encoding: chunked",
                    b"TE: chunked",
                    b"Transfer-Encoding:chunked",
                )
            )
        )

    def two(rng: Rng, draft: Draft) -> None:
        draft.chunk(rng)
        draft.fields.append(b"Transfer-Encoding: " + rng.choice((b"chunked", b"gzip", b"identity", b"")))

    def in_1_0(rng: Rng, draft: Draft) -> None:
        draft.chunk(rng)
        draft.version = b"HTTP/1.0"

    return {
        "coding chunked": lambda rng, draft: draft.chunk(rng),
        "coding in other letters": become(b"Chunked", b"CHUNKED", b"\tchunked", b"chunked \t"),
        "coding and another one": become(
            b"gzip, chunked", b"gzip,chunked", b"identity, chunked", b"chunked, chunked"
        ),
        "coding last": become(b"chunked, gzip", b"gzip", b"identity", b"chunked, identity", b"deflate"),
        "coding malformed": become(
            b"",
            b"x-chunked",
            b"chunked;q=1",
            b"chunked,",
            b"\x0bchunked",
            b"chunked\x00",
            b"chun ked",
            b'"chunked"',
            b",chunked",
        ),
        "coding twice": two,
        "coding and length": with_length,
        "coding named oddly": named,
        "coding in 1.0": in_1_0,
        "coding of no chunks": lambda rng, draft: draft.put(b"Transfer-Encoding", b"chunked"),
    }


def catalogue() -> Sequence[dict[str, Mutation]]:
    """All of them, by what they change."""
    return lengths(), codings()
