"""Amazon's driver in a process of its own: one session, told by lines of JSON on standard input.

The driver wants a newer boto3 than aioboto3 pins, so this file is run by the Python of another environment and
imports nothing of ours. The first line says where to connect; so no secret is ever among the arguments, which all
users of a machine see. Each further line is a statement with its parameters; each answer is one line.
"""

import json
import os
import sys
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import redshift_connector

ReplyLine = dict[str, Any]


def main() -> None:
    """Answer one line after the other until standard input ends."""
    connection: Any = None
    for line in sys.stdin:
        asked = json.loads(line)
        if connection is None:
            answer = _tried(lambda: redshift_connector.connect(**asked))  # noqa: B023 - called at once
            connection = answer.pop("value", None)
            if connection is not None:
                connection.autocommit = True  # BEGIN and COMMIT are statements like others
        else:
            answer = _tried(lambda: _rows(connection, asked["sql"], asked["parameters"]))  # noqa: B023 - the same
            answer |= answer.pop("value", {})
        _send((json.dumps(answer, default=_typed) + "\n").encode())


def _send(line: bytes) -> None:
    """Write to the pipe of whoever asked."""
    while line:
        line = line[os.write(1, line) :]


def _rows(connection: Any, sql: str, parameters: list[Any]) -> ReplyLine:
    with connection.cursor() as cursor:
        cursor.execute(sql, tuple(parameters) or None)
        columns = [column[0] for column in cursor.description or ()]
        return {"columns": columns, "rows": [list(row) for row in cursor.fetchall()] if columns else []}


def _tried(call: Callable[[], Any]) -> ReplyLine:
    """What a call gave, or why it failed: `lost` when nobody knows what became of it."""
    try:
        return {"value": call()}
    except redshift_connector.Error as error:
        said = error.args[0] if error.args and isinstance(error.args[0], dict) else {"M": str(error)}
        lost = isinstance(error, redshift_connector.InterfaceError | redshift_connector.OperationalError)
        return {"error": said.get("M", ""), "detail": said.get("D", ""), "code": said.get("C", ""), "lost": lost}
    except OSError as error:
        return {"error": str(error), "detail": "", "code": "", "lost": True}


def _typed(value: object) -> object:
    """A value that JSON has no form for, with its type (`redshift_session.typed` reads it)."""
    if isinstance(value, Decimal):
        return {"decimal": str(value)}
    if isinstance(value, datetime):
        return {"timestamp": value.isoformat()}
    if isinstance(value, date):
        return {"date": value.isoformat()}
    return str(value)


if __name__ == "__main__":
    main()
