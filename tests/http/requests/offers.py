"""Mutations of what concerns the connection: Upgrade, Expect and Connection; and bodies that are requests."""

from collections.abc import Callable, Sequence
from typing import Final

from tests.http.requests.drafts import Draft, Mutation, Rng

_H2C: Final = (b"Upgrade: h2c", b"Connection: Upgrade, HTTP2-Settings", b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA")
_WEBSOCKET: Final = (
    *(b"Upgrade: websocket", b"Connection: Upgrade", b"Sec-WebSocket-Version: 13"),
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
)
Inner = Callable[[], bytes]
"""Makes a whole request that would be answered 202 if it were read as one."""


def upgrades() -> dict[str, Mutation]:
    def offer(*choices: Sequence[bytes]) -> Mutation:
        def mutate(rng: Rng, draft: Draft) -> None:
            lines = list(rng.choice(choices))
            rng.shuffle(lines)
            draft.fields += lines

        return mutate

    return {
        "upgrade to h2c": offer(_H2C),
        "upgrade to websocket": offer(_WEBSOCKET),
        "upgrade without connection": offer(_H2C[:1], _WEBSOCKET[:1], _H2C[:1] + _H2C[2:]),
        "upgrade to others": offer(
            [b"Upgrade: TLS/1.0", b"Connection: upgrade"],
            [b"Upgrade: foo, h2c/2", b"Connection: Upgrade"],
            [b"Upgrade:", b"Connection: Upgrade"],
            [b"Connection: Upgrade"],
            [*_H2C, b"Connection: close"],
        ),
    }


def expectations() -> dict[str, Mutation]:
    def expect(*values: bytes) -> Mutation:
        def mutate(rng: Rng, draft: Draft) -> None:
            draft.fields.append(b"Expect: " + rng.choice(values))

        return mutate

    def in_1_0(rng: Rng, draft: Draft) -> None:
        draft.version = b"HTTP/1.0"
        draft.fields.append(b"Expect: 100-continue")

    return {
        "expect": expect(b"100-continue", b"100-Continue", b"100-continue, 100-continue"),
        "expect something else": expect(b"200-ok", b"", b"100-continue;x", b"x, 100-continue"),
        "expect in 1.0": in_1_0,
    }


def connections() -> dict[str, Mutation]:
    def connection(*values: bytes) -> Mutation:
        def mutate(rng: Rng, draft: Draft) -> None:
            draft.fields.append(b"Connection: " + rng.choice(values))

        return mutate

    def alive_in_1_0(rng: Rng, draft: Draft) -> None:
        draft.version = b"HTTP/1.0"
        draft.fields.append(b"Connection: keep-alive")

    return {
        "connection closes": connection(
            b"close", b"Close", b"close, x", b"keep-alive, close", b"x ,CLOSE,", b"\tclose"
        ),
        "connection stays": connection(
            b"keep-alive", b"Keep-Alive", b"", b"x-close", b"closed", b"clo se", b'"close"'
        ),
        "connection stays in 1.0": alive_in_1_0,
    }


def inner_requests(inner: Inner) -> dict[str, Mutation]:
    """Requests where something else belongs."""

    def body(rng: Rng, draft: Draft) -> None:
        draft.content = inner()
        draft.chunks = None
        draft.drop(b"Transfer-Encoding")
        draft.measure()

    def body_behind_offer(rng: Rng, draft: Draft) -> None:
        body(rng, draft)
        draft.fields += rng.choice((_H2C, _WEBSOCKET))

    def body_of_get(rng: Rng, draft: Draft) -> None:
        draft.method, draft.target = b"GET", b"/healthz"
        body(rng, draft)

    def chunk(rng: Rng, draft: Draft) -> None:
        draft.content = inner()
        draft.chunk(rng, size_max=5_000)

    def behind_nought(rng: Rng, draft: Draft) -> None:
        body(rng, draft)
        draft.chunk(rng, size_max=5_000)
        draft.put(b"Content-Length", b"%d" % len(draft.body))
        draft.chunks = (draft.chunks or [])[-1:]
        draft.behind = draft.content

    def in_extension(rng: Rng, draft: Draft) -> None:
        draft.any_chunk(rng).extension = b";a=" + rng.choice((b"\n", b"\r", b"\r\n")) + inner()

    def in_trailer(rng: Rng, draft: Draft) -> None:
        draft.chunk(rng)
        draft.trailers.append(b"X-A: " + rng.choice((b"", b"\n", b"\r\n", b"\r\n ")) + inner())

    def in_field(rng: Rng, draft: Draft) -> None:
        draft.fields.append(b"X-A: " + rng.choice((b"\r\n ", b"\r", b"\n", b"\n\n", b"\r\n\r\n")) + inner())

    def behind_gone_length(rng: Rng, draft: Draft) -> None:
        draft.drop(b"Content-Length")
        draft.drop(b"Transfer-Encoding")
        draft.content, draft.chunks = inner(), None

    return {
        "request as body": body,
        "request as body behind an offer": body_behind_offer,
        "request as body of a GET": body_of_get,
        "request as chunk": chunk,
        "request behind two framings": behind_nought,
        "request in an extension": in_extension,
        "request in a trailer": in_trailer,
        "request in a field": in_field,
        "request as body without a length": behind_gone_length,
    }


def catalogue() -> Sequence[dict[str, Mutation]]:
    """All of them but requests in requests, by what they change."""
    return upgrades(), expectations(), connections()
