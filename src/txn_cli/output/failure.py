"""How a process ends that failed: in one line that says what went wrong and what to do, and quotes nothing.

An exception's text may quote what was read or sent. So the text of an exception that is not ours stays out of logs.
Kinds that are known have a line in `reasons`; of any other the type and the places are said.
"""

import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from botocore.exceptions import ClientError

from txn_cli.output.reasons import reason_of
from txn_core.exceptions import TxnError

PLACES_MAX = 5
REPORT = "this is not expected; report it with this line"


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
        leaf = _leaf(error)
        if isinstance(leaf, TxnError):
            raise leaf from leaf.__cause__
        raise FailedError(reason_of(leaf) or f"{_name(leaf)} at {_place(leaf)}: {REPORT}") from None


def told(error: TxnError) -> str:
    """An error's text, with cause and remedy of what it was raised from where those are known and not in it yet."""
    cause = error.__cause__
    reason = None if cause is None or isinstance(cause, TxnError) else reason_of(cause)
    return str(error) if reason is None or reason in str(error) else f"{error}: {reason}"


def _leaf(error: Exception) -> Exception:
    """The first error of ours in a group, or else the first one."""
    if not isinstance(error, ExceptionGroup):
        return error
    leaves = [_leaf(inner) for inner in error.exceptions]
    return next((leaf for leaf in leaves if isinstance(leaf, TxnError)), leaves[0])


def _name(error: Exception) -> str:
    if isinstance(error, ClientError):
        return f"{error.operation_name} failed with {error.response.get('Error', {}).get('Code', 'unknown')}"
    return type(error).__name__


def _place(error: Exception) -> str:
    """The last calls that led to it, innermost last, by file and line."""
    frames = traceback.extract_tb(error.__traceback__)[-PLACES_MAX:]
    return " > ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in frames) or "an unknown place"
