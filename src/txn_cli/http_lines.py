"""The lines of a head and the fields in them, of every form that RFC 9112 (2.2, 5) lets a server take.

What is taken and what is refused is what h11 takes and refuses; tests hold one against the other. Each step looks at
a byte a fixed number of times and makes nothing that is larger than the head: h11 costs ten times as much for the
same lines, which is too much for a request whose credential is not known yet (ADR 29).
"""

from typing import Final

from txn_api.problems import HeadTooLarge, MalformedHttp

FIELDS_MAX: Final = 64
"""Field lines of a head or a trailer section: what is made of a line takes more memory than the line."""
TOKEN: Final = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # RFC 9110, 5.6.2
BLANKS: Final = b" \t"
_LINES_BESIDES: Final = 3  # the first one, the empty one, and what is behind its end
_ILLEGAL: Final = (b"\r", b"\x00", b"\x0b", b"\x0c")
"""What stands in no line; a CR ends one. Other control characters are retained (RFC 9110, 5.5)."""

Field = tuple[bytes, bytes]


def lines_of(data: bytes, ended: list[bytes] | None = None) -> list[bytes]:
    """The lines of a whole section of lines without their ends, which may be LF alone (RFC 9112, 2.2).

    `ended` are the same lines up to each LF, if they are at hand.

    Raises:
        HeadTooLarge: there are more than there may be.
        MalformedHttp: one has a byte that no line holds, such as a CR that ends none.
    """
    ended = data.split(b"\n") if ended is None else ended
    if len(ended) > FIELDS_MAX + _LINES_BESIDES:
        raise HeadTooLarge
    lines = [line.removesuffix(b"\r") for line in ended]
    together = b"\n".join(lines)
    if any(byte in together for byte in _ILLEGAL):
        raise MalformedHttp
    return lines


def fields_of(lines: list[bytes]) -> list[Field]:
    """The fields in these lines: lower-case names, and values without the blanks around them.

    A line that begins with a blank goes on with the one before it (RFC 9112, 5.2).

    Raises:
        MalformedHttp: a line is no field.
    """
    if not lines:
        return []
    names, colons, values = zip(*[line.partition(b":") for line in lines], strict=True)
    if b"" in names or b"" in colons or b"".join(names).translate(None, TOKEN):
        return fields_of(_unfolded(lines))
    return [(name.lower(), value.strip(BLANKS)) for name, value in zip(names, values, strict=True)]


def _unfolded(lines: list[bytes]) -> list[bytes]:
    """The same lines, each with those that go on with it.

    Raises:
        MalformedHttp: none goes on, or the first one does: something else is wrong with them.
    """
    begins = [at for at, line in enumerate(lines) if not line.startswith((b" ", b"\t"))]
    if len(begins) == len(lines) or not begins or begins[0]:
        raise MalformedHttp
    return [
        b" ".join([lines[begin], *(line.lstrip(BLANKS) for line in lines[begin + 1 : end])])
        for begin, end in zip(begins, [*begins[1:], len(lines)], strict=True)
    ]
