"""The folder of one local stack: its data, secrets, logs and state, held by one supervisor at a time."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Literal, TypeVar, get_args

from pydantic import TypeAdapter, ValidationError

from txn_cli.stack.private_folder import make_private
from txn_core.exceptions import StackError

T = TypeVar("T")

DocumentName = Literal["secrets", "ports", "settings", "children", "ready"]

PRIVATE_MODE = 0o600
_CONTENTS = (
    *(f"{name}.json" for name in get_args(DocumentName)),
    *("authorization", "lock", "logs", "loads", "kinesis", "dynamodb", "s3", "postgres"),
)
"""What a stack keeps in its folder: what else lies there is the user's."""


@dataclass(frozen=True, slots=True)
class DataDir:
    """The places inside the folder. Paths are absolute, so that children may run anywhere."""

    root: Path

    @classmethod
    def at(cls, path: Path) -> "DataDir":
        """The data directory at this path; nothing is made yet."""
        return cls(path.expanduser().absolute())

    def create(self) -> None:
        """Make the folder, or close it: its owner alone may read it, since it holds keys and transactions.

        Raises:
            StackError: it is another user's, or cannot be kept from others.
        """
        make_private(self.root, _CONTENTS)

    def document(self, name: DocumentName) -> Path:
        """The place of one of the stack's documents.

        `secrets`: its keys. `ports`: its ports, to be the same the next time. `settings`: what the user set for it,
        for commands from other terminals. `children`: its processes, to end those that a killed supervisor left
        behind. `ready`: where clients find it, there while it is ready.
        """
        return self.root / f"{name}.json"

    @property
    def authorization(self) -> Path:
        """The stack's API key as a header line, for `curl -H @FILE`: what stands in a command, all users see."""
        return self.root / "authorization"

    def log(self, name: str) -> Path:
        """The log of one child."""
        return self.root / "logs" / f"{name}.log"

    def data(self, name: str) -> Path:
        """The data of one server; made when it is not there."""
        folder = self.root / name
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return folder

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the folder; the lock ends with the process, however it ends.

        Raises:
            StackError: another supervisor holds it.
        """
        self.create()
        with (self.root / "lock").open("a+") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                holder = file.read().strip() or "unknown"
                remedy = "stop it, or name another --data-dir"
                raise StackError(f"{self.root} is in use by another stack (process {holder}): {remedy}") from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield


def write_private(path: Path, document: object) -> None:
    """Write JSON as `write_private_text` writes text."""
    write_private_text(path, json.dumps(document, indent=2))


def write_private_text(path: Path, text: str) -> None:
    """Write a file so that a reader sees the old text or the new one, and other users neither."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with _named(path), NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        try:
            os.fchmod(file.fileno(), PRIVATE_MODE)
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
            Path(file.name).replace(path)
        except BaseException:
            Path(file.name).unlink(missing_ok=True)
            raise


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Let an error of the block name the file. One of write(2), such as of a full disk, names none."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        raise


def read_json(path: Path) -> dict[str, object] | None:
    """The document at this path; none when there is no file.

    Raises:
        StackError: the file holds no JSON object, or its folder is none.
    """
    try:
        document = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except NotADirectoryError:
        raise StackError(f"{path.parent} is no folder: name the folder of a stack with --data-dir") from None
    except ValueError:
        raise _damaged(path) from None
    if not isinstance(document, dict):
        raise _damaged(path)
    return document


def read_as(path: Path, kind: type[T]) -> T | None:
    """The value whose document stands at this path, exactly as it was written; none when there is no file.

    Raises:
        StackError: the file holds anything else.
    """
    if (document := read_json(path)) is None:
        return None
    adapter = TypeAdapter(kind)
    with suppress(ValidationError):
        found = adapter.validate_python(document)
        if adapter.dump_python(found, mode="json") == document:
            return found
    raise _damaged(path)


def _damaged(path: Path) -> StackError:
    """The error of a file in the folder of a stack that is not what a stack writes."""
    return StackError(f"{path} is damaged: it is not what `txn up` wrote; put it back, or name another --data-dir")
