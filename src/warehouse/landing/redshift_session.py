"""A session of Redshift: statements in, rows out.

Another process holds the session, and Amazon's driver (`redshift_child.py`).
"""

import json
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Protocol, Self

from txn_core.exceptions import WarehouseError

_CHILD: Final = Path(__file__).with_name("redshift_child.py")
ENDING_S_MAX: Final = 10.0
_TYPES: Final[Mapping[str, Callable[[str], Decimal | datetime | date]]] = {
    "decimal": Decimal,
    "timestamp": datetime.fromisoformat,
    "date": date.fromisoformat,
}
Value = str | int | float | bool | Decimal | datetime | date | None
Row = tuple[Value, ...]


class RedshiftError(WarehouseError):
    """Redshift refused a statement."""

    def __init__(self, message: str, detail: str = "", code: str = "") -> None:
        super().__init__(f"{message}: {detail}" if detail else message)
        self.code = code

    @property
    def in_the_way(self) -> bool:
        """Whether another transaction was in the way (error 1023), so that the same one may be tried again."""
        return "Serializable isolation violation" in str(self)


class SessionLostError(RedshiftError):
    """The connection broke: whether the last statement was carried out is not known."""


class RedshiftSession(Protocol):
    """What a landing needs of a session. Each statement is a transaction of its own outside BEGIN and COMMIT."""

    def execute(self, sql: str, *parameters: Value) -> Sequence[Row]:
        """Carry out one statement, in which `%s` stands for a parameter; gives its rows.

        Raises:
            RedshiftError: it was refused.
            SessionLostError: nobody knows what became of it; the session is over.
        """


@dataclass(frozen=True, slots=True)
class RedshiftAddress:
    """Where Redshift is, and how to log in.

    Attributes:
        python: the Python of the environment that holds redshift-connector.
        parameters: keywords of `redshift_connector.connect`; secrets are among them.
    """

    python: Path
    parameters: Mapping[str, Value] = field(repr=False)

    @contextmanager
    def session(self) -> Iterator["ChildSession"]:
        """A session for the time of the block.

        Raises:
            RedshiftError: no environment with the driver, nobody there, or the log-in was refused.
        """
        session = ChildSession.start(self.python)
        try:
            session.ask(self.parameters)
            yield session
        finally:
            session.close()


class ChildSession:
    """A session of the driver's process."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process

    @classmethod
    def start(cls, python: Path) -> Self:
        """Start the driver's process.

        Raises:
            RedshiftError: there is no such Python.
        """
        command = [str(python), "-I", str(_CHILD)]
        try:
            process = subprocess.Popen(  # noqa: S603 - our own file, by the Python that the settings name
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, encoding="utf-8"
            )
        except OSError as error:
            raise RedshiftError(f"no Python at {python}: install requirements/redshift.txt there") from error
        return cls(process)

    def execute(self, sql: str, *parameters: Value) -> Sequence[Row]:
        """Carry out one statement (see `RedshiftSession`)."""
        return self.table(sql, *parameters)[1]

    def table(self, sql: str, *parameters: Value) -> tuple[Sequence[str], Sequence[Row]]:
        """Carry out one statement; gives the names of its columns, and its rows.

        Raises:
            RedshiftError: as `execute`.
        """
        answer = self.ask({"sql": sql, "parameters": list(parameters)})
        return answer["columns"], [tuple(typed(value) for value in row) for row in answer["rows"]]

    def ask(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        """The answer to one line.

        Raises:
            RedshiftError: what went wrong.
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise SessionLostError("the driver's process has no pipes")
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except OSError as error:
            raise SessionLostError("the driver's process ended") from error
        if not line:
            raise SessionLostError("the driver's process ended")
        answer: Mapping[str, Any] = json.loads(line)
        if "error" in answer:
            kind = SessionLostError if answer["lost"] else RedshiftError
            raise kind(answer["error"], answer["detail"], answer["code"])
        return answer

    def close(self) -> None:
        """End the session; what was not committed is rolled back."""
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        try:
            self._process.wait(ENDING_S_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()


def typed(value: Any) -> Value:
    """A value as the driver had it (`redshift_child` wrote it)."""
    if isinstance(value, dict):
        ((kind, text),) = value.items()
        return _TYPES[kind](text)
    checked: Value = value
    return checked
