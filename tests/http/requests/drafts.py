"""A request before it is bytes: its parts, which mutations change one at a time."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

Rng = random.Random
CHUNKS_MAX: Final = 2_000
CRLF: Final = b"\r\n"
LONG: Final = (400, 1_000, 10_000, 20_000, 100_000)
"""Of one value: far below the bound of a head, below it, beyond it in one packet, and in any."""


@dataclass
class Chunk:
    """A chunk of a body (RFC 9112, 7.1); `size` is what its line says."""

    size: bytes
    data: bytes
    extension: bytes = b""
    line_end: bytes = CRLF
    end: bytes = CRLF

    @property
    def written(self) -> bytes:
        """The chunk as it is sent."""
        return self.size + self.extension + self.line_end + self.data + self.end


@dataclass(frozen=True, slots=True)
class Message:
    """A request as it is sent, in parts that can be left out one at a time."""

    start: bytes
    fields: tuple[bytes, ...]
    rest: bytes
    kinds: frozenset[str]

    @property
    def data(self) -> bytes:
        """All bytes of it."""
        return self.start + b"".join(self.fields) + self.rest


@dataclass
class Draft:
    """A request; lines are kept without their ends. `kinds` names the mutations that it went through."""

    method: bytes
    target: bytes
    fields: list[bytes]
    content: bytes = b""
    version: bytes = b"HTTP/1.1"
    chunks: list[Chunk] | None = None
    trailers: list[bytes] = field(default_factory=list)
    line_end: bytes = CRLF
    head_end: bytes = CRLF
    body_end: bytes = CRLF
    start: bytes | None = None
    """The request line when it has not the usual three parts."""
    before: bytes = b""
    behind: bytes = b""
    kinds: list[str] = field(default_factory=list)

    def put(self, name: bytes, value: bytes) -> None:
        """Add a field, or change the one there is."""
        self.drop(name)
        self.fields.append(name + b": " + value)

    def drop(self, name: bytes) -> None:
        """Leave out all fields of a name."""
        self.fields = [line for line in self.fields if not line.lower().startswith(name.lower() + b":")]

    def chunk(self, rng: Rng, *, size_max: int = 200) -> None:
        """Frame the content in chunks."""
        if self.chunks is None:
            self.drop(b"Content-Length")
            self.put(b"Transfer-Encoding", b"chunked")
            parts = _parts(rng, self.content, max(size_max, len(self.content) // CHUNKS_MAX))
            self.chunks = [*(Chunk(b"%x" % len(part), part) for part in parts), Chunk(b"0", b"", end=b"")]

    def any_chunk(self, rng: Rng) -> Chunk:
        """One of the chunks, which the content is framed in by now."""
        self.chunk(rng)
        if not self.chunks:
            self.chunks = [Chunk(b"0", b"", end=b"")]
        return rng.choice(self.chunks)

    def measure(self) -> None:
        """Frame the content by its length."""
        if self.chunks is None:
            self.put(b"Content-Length", b"%d" % len(self.content))

    @property
    def body(self) -> bytes:
        """The content as it is framed."""
        if self.chunks is None:
            return self.content
        trailers = b"".join(line + self.line_end for line in self.trailers)
        return b"".join(chunk.written for chunk in self.chunks) + trailers + self.body_end

    def written(self) -> Message:
        """The request as it is sent."""
        start = b" ".join((self.method, self.target, self.version)) if self.start is None else self.start
        return Message(
            self.before + start + self.line_end,
            tuple(line + self.line_end for line in self.fields),
            self.head_end + self.body + self.behind,
            frozenset(self.kinds),
        )


Mutation = Callable[[Rng, Draft], None]


def _parts(rng: Rng, content: bytes, size_max: int) -> list[bytes]:
    parts, at = [], 0
    while at < len(content):
        size = rng.randint(1, size_max)
        parts.append(content[at : at + size])
        at += size
    return parts
