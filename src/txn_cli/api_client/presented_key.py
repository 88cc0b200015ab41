"""The API key that a command presents, and the ways to give it without showing it to the whole machine.

The arguments of a process are in the list of processes, which every user may read, and in the shell's history. So a
key comes from a file, from standard input or from the environment; the option that takes it as it is goes on working.
"""

import os
import stat
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final

import typer

from ingest.files.file_errors import cannot_read
from txn_cli.terminal import say
from txn_core.exceptions import TxnError

STANDARD_INPUT: Final = "-"
KEY_CHARS_MAX: Final = 16_384
"""An API key has 85 characters, an access token some thousands."""
IN_VARIABLE: Final = "TXN_API_KEY"
IN_FILE: Final = "TXN_API_KEY_FILE"

ApiKeyOption = Annotated[
    str | None,
    typer.Option(
        "--api-key",
        help=f"The API's key. Other users see it in the list of processes: use a file, or {IN_VARIABLE}.",
        show_default="the local stack's",
    ),
]
ApiKeyFileOption = Annotated[
    str | None,
    typer.Option(
        "--api-key-file",
        help=f"File that holds the key; - is standard input. Without both options, {IN_VARIABLE} or the file that "
        f"{IN_FILE} names holds the key for --url.",
        show_default=False,
    ),
]


def presented_key(
    api_key: str | None, file: str | None, *, url: str | None, environment: Mapping[str, str] = os.environ
) -> str | None:
    """The key that was given, or None.

    The environment's is for a service that is named by its `url`: the local stack has a key of its own.

    Raises:
        BadParameter: both options were given.
        TxnError: there is no key where it should be.
    """
    if api_key is not None and file is not None:
        raise typer.BadParameter("--api-key and --api-key-file exclude each other")
    if api_key is not None:
        return checked(api_key, "--api-key")
    if file is None and url is not None:
        if (variable := environment.get(IN_VARIABLE)) is not None:
            return checked(variable, IN_VARIABLE)
        file = environment.get(IN_FILE)
    if file is None:
        return None
    return from_standard_input() if file == STANDARD_INPUT else _from_file(Path(file))


def from_standard_input() -> str:
    """The key in the first line of standard input.

    Raises:
        TxnError: there is none.
    """
    return checked(sys.stdin.readline(KEY_CHARS_MAX + 1), "standard input")


def checked(text: str, source: str) -> str:
    """A key without the white space around it.

    Raises:
        TxnError: it is none: empty, in several words or lines, or with characters that a header cannot hold. It is
            not quoted.
    """
    key = text.strip()
    if not key or len(key) > KEY_CHARS_MAX or not all("!" <= character <= "~" for character in key):
        raise TxnError(f"{source} holds no API key: one word of printable ASCII characters")
    return key


def _from_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            text = file.read(KEY_CHARS_MAX + 1).decode("ascii", "replace")
    except OSError as error:
        raise TxnError(cannot_read(path, error)) from None
    if stat.S_ISREG(mode) and mode & (stat.S_IRGRP | stat.S_IROTH):
        say(f"txn: other users may read {path}, which holds a key: chmod 600", error=True)
    return checked(text, str(path))
