"""The lines of a head and the fields in them, of every form that RFC 9112 (2.2, 5) lets a server take.

What is taken and what is refused is what h11 takes and refuses; tests hold one against the other. Each step looks at
a byte a fixed number of times and makes nothing that is larger than the head: h11 costs ten times as much for the
same lines, which is too much for a request whose credential is not known yet (ADR 29).
"""

from typing import Final

from txn_api.problems import HeadTooLarge, MalformedHttp

FIELDS_MAX: Final = 48
"""Field lines of a head or a trailer section: what is made of a line takes more memory than the line."""
TOKEN: Final = b"!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"  # RFC 9110, 5.6.2
_BLANKS: Final = (b" ", b"\t")
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


def check_unfolded(lines: list[bytes]) -> None:
    """Hold lines against what a server may refuse: one that goes on with the line before it (RFC 9112, 5.2).

    Raises:
        MalformedHttp: there is one.
    """
    if any(line.startswith(_BLANKS) for line in lines):
        raise MalformedHttp


def fields_of(lines: list[bytes]) -> list[Field]:
    """The fields in lines from `lines_of`: lower-case names, and values without the blanks around them.

    A line that begins with a blank, to go on with the one before it, is refused (RFC 9112, 5.2).

    Raises:
        MalformedHttp: a line is no field.
    """
    if not lines:
        return []
    names, colons, values = zip(*[line.partition(b":") for line in lines], strict=True)
    # All names at once: a call for each costs more than all else that is done with a short line.
    together = b":".join(names)
    if b"" in names or b"" in colons or len(together.translate(None, TOKEN)) != len(lines) - 1:
        raise MalformedHttp
    # No line holds anything that `strip` takes for a blank besides the two that are (RFC 9110, 5.5).
    return [*zip(together.lower().split(b":"), map(bytes.strip, values), strict=True)]
