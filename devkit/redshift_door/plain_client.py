"""What stands in for Amazon's driver and for S3 where a test needs neither: libpq by ADBC, and a bucket in memory."""

import io
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import adbc_driver_postgresql.dbapi as adbc

from warehouse.landing.redshift_session import RedshiftError, Row, SessionLostError, Value

BUCKET: Final = "lake"
_NO_COPY: Final = {"adbc.postgresql.use_copy": "false"}  # ADBC would read rows by COPY, which Redshift does not have


@dataclass
class MemoryBucket:
    """A bucket as a landing writes to it, and as the door's COPY reads it."""

    bodies: dict[str, bytes] = field(default_factory=dict)
    bucket: str = BUCKET

    def put(self, key: str, body: bytes) -> None:
        """Write an object."""
        self.bodies[key] = body

    def delete(self, key: str) -> None:
        """Delete an object, if it is there."""
        self.bodies.pop(key, None)

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        """The object, in boto3's form."""
        if Bucket != self.bucket or Key not in self.bodies:
            raise FileNotFoundError(Key)
        return {"Body": io.BytesIO(self.bodies[Key])}


class PlainSession:
    """A session of the door by ADBC."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    @classmethod
    @contextmanager
    def open(cls, url: str) -> Iterator["PlainSession"]:
        """A session for the time of the block."""
        try:
            connection = adbc.connect(url, autocommit=True)
        except adbc.Error as error:
            raise SessionLostError(str(error)) from error
        with connection:
            yield cls(connection)

    def execute(self, sql: str, *parameters: Value) -> Sequence[Row]:
        """Carry out one statement (see `RedshiftSession`)."""
        for number in range(1, len(parameters) + 1):
            sql = sql.replace("%s", f"${number}", 1)
        try:
            with self._connection.cursor() as cursor:
                cursor.adbc_statement.set_options(**_NO_COPY)
                cursor.execute(sql, parameters or None)
                return list(cursor.fetchall()) if cursor.description else []
        except adbc.Error as error:
            kind = RedshiftError if error.sqlstate else SessionLostError
            raise kind(str(error), code=error.sqlstate or "") from error
