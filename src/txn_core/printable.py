"""Text that a terminal shows and does not obey.

Names of files, answers of servers, exceptions' texts and names of merchants are written by others. An escape
character among them moves the cursor, changes the title, fills the clipboard (OSC 52) or opens a link; a carriage
return or a mark of direction (U+202E) makes one text look like another; U+2028 begins a line.
"""

from urllib.parse import urlsplit

from txn_core.transactions.invisible import IGNORABLE


def printable(text: str) -> str:
    """The text in one line, with whatever shows nothing or is no character of a text as Python would escape it.

    Those are controls (C0, DEL, C1), format characters and marks of direction, separators but the space, surrogates,
    private and unassigned ones (`str.isprintable`), and what Unicode ignores by default
    (`txn_core.transactions.invisible`).
    """
    if text.isprintable() and (text.isascii() or not IGNORABLE.search(text)):
        return text
    return "".join(map(_shown, text))


def printable_lines(text: str) -> str:
    """The same of a text whose line feeds stay."""
    return "\n".join(map(printable, text.split("\n")))


def shown_url(url: object) -> str:
    """An address as it may be shown: scheme, host and port, without user, path and query."""
    try:
        parts = urlsplit(str(url))
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address"
    return f"{parts.scheme}://{f'[{host}]' if ':' in host else host}{port}"


def _shown(character: str) -> str:
    if character.isprintable() and not IGNORABLE.match(character):
        return character
    return character.encode("unicode_escape").decode()
