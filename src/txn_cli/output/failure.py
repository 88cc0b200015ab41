"""How a process ends that failed: in one line that says what went wrong and what to do, and quotes nothing.

An exception's text may quote what was read or sent. So the text of an exception that is not ours stays out of logs.
Kinds that are known have a line in `reasons`; of any other the type and the places are said.
"""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import typer
from botocore.exceptions import BotoCoreError, ClientError

from txn_cli.output.reasons import reason_of
from txn_core.aws.errors import code_of
from txn_core.exceptions import StoreError, TxnError

WITHHELD: Final = "(withheld: it may hold a card number)"
DIGITS_MIN: Final = 12
"""Of a card number."""


class FailedError(TxnError):
    """The process failed in a way that is nobody's mistake at the command line."""


@contextmanager
def one_error() -> Iterator[None]:
    """Reduce whatever the block raises to one error with a text that may be shown.

    What the framework of commands raises to end one passes.

    Raises:
        TxnError: the block's own, or what is left of another.
    """
    try:
        yield
    except (typer.Exit, typer.Abort, typer.TyperException):
        raise
    except Exception as error:  # noqa: BLE001 - the outermost place of a process
        leaf = leaf_of(error)
        if isinstance(leaf, TxnError):
            raise leaf from leaf.__cause__
        raise FailedError(
            reason_of(leaf) or f"{_name(leaf)} at {_place(leaf)}: this is not expected; report it with this line"
        ) from None


@contextmanager
def store_errors(doing: str, kinds: tuple[type[Exception], ...] = (ClientError, BotoCoreError)) -> Iterator[None]:
    """Let an error of some kinds, by default those of AWS' clients, say in one line what cannot be done, and why.

    Raises:
        StoreError: the block raised such an error, which is the cause.
    """
    try:
        yield
    except kinds as error:
        raise StoreError(f"cannot {doing}: {reason_of(error) or code_of(error)}") from error


def told(error: TxnError) -> str:
    """An error's text, with cause and remedy of what it was raised from where those are known and not in it yet.

    A path or an id that somebody mistook for another word may be a card number: it is not said again (promise P5).
    """
    cause = error.__cause__
    reason = None if cause is None or isinstance(cause, TxnError) else reason_of(cause)
    return withheld(str(error) if reason is None or reason in str(error) else f"{error}: {reason}")


def withheld(text: str) -> str:
    """A text without the words that hold a card number, or without all of its words where several together do."""
    if sum(map(str.isdigit, text)) < DIGITS_MIN:
        return text
    try:
        # A tenth of a second that no command pays which succeeds, and few that fail.
        from txn_core.card_numbers.free_text import holds_card_number  # noqa: PLC0415
    except OSError:  # descriptors have run out
        return WITHHELD
    if not holds_card_number(text):
        return text
    shown = " ".join(WITHHELD if holds_card_number(word) else word for word in text.split(" "))
    return WITHHELD if holds_card_number(shown) else shown


def leaf_of(error: Exception) -> Exception:
    """The first error of ours in a group, or else the first one."""
    if not isinstance(error, ExceptionGroup):
        return error
    leaves = [leaf_of(inner) for inner in error.exceptions]
    return next((leaf for leaf in leaves if isinstance(leaf, TxnError)), leaves[0])


def _name(error: Exception) -> str:
    operation = f"{error.operation_name} failed with " if isinstance(error, ClientError) else ""
    return operation + code_of(error)


def _place(error: Exception) -> str:
    """The last five calls that led to it, innermost last, by file and line."""
    frames = traceback.extract_tb(error.__traceback__)[-5:]
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames) or "an unknown place"
