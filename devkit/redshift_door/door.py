"""The door itself: a client's session, relayed to a session of PostgreSQL.

Statements are read and rewritten on their way in; errors are rewritten on their way out. A statement that the door
refuses reaches PostgreSQL as one that cannot be parsed, so that its transaction fails as it would in Redshift.
"""

import asyncio
import re
import threading
from collections.abc import AsyncIterator, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from importlib import resources
from typing import Final

from devkit.redshift_door import messages, parquet_copy
from devkit.redshift_door.dialect import BYTES_CHECK, postgres_sql
from devkit.redshift_door.messages import Message
from devkit.redshift_door.refusals import Refused

OPTIONS: Final = (
    '-c search_path="$user",public,redshift_catalog -c default_transaction_isolation=serializable -c TimeZone=UTC'
)
_CANNOT_BE_PARSED: Final = "redshift refuses"
_VERSION: Final = Message(b"S", b"server_version\x008.0.2\0")  # what every Redshift says
OPENING_S_MAX: Final = 10.0
_CHUNK: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Behind:
    """PostgreSQL behind the door, on loopback, and the lake's objects that COPY reads (a client of S3)."""

    host: str
    port: int
    objects: parquet_copy.Objects = None


@asynccontextmanager
async def opened(behind: Behind, port: int = 0) -> AsyncIterator[int]:
    """The door for the time of the block; its port on 127.0.0.1. Each database needs `catalogue()` before."""
    sessions: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        sessions.add(task)
        try:
            await _serve(reader, writer, behind)
        except (OSError, asyncio.IncompleteReadError, messages.DoorError, asyncio.CancelledError):
            pass  # one of the two ended the session, or the door is closed, which is no fault to report
        finally:
            sessions.discard(task)
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", port)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in list(sessions):
            task.cancel()
        await asyncio.gather(*sessions, return_exceptions=True)


@contextmanager
def running(behind: Behind) -> Iterator[int]:
    """The door for the time of the block, on a thread of its own, for those who block; its port."""
    began: Future[int] = Future()
    ended = threading.Event()

    async def hold() -> None:
        async with opened(behind) as port:
            began.set_result(port)
            await asyncio.to_thread(ended.wait)

    with ThreadPoolExecutor(1) as pool:
        done = pool.submit(lambda: asyncio.run(hold()))
        try:
            yield began.result(OPENING_S_MAX)
        finally:
            ended.set()
            done.result()


def catalogue() -> str:
    """One statement that gives a database of PostgreSQL the part of Redshift's catalogue that clients ask for."""
    statements = resources.files(__package__ or "").joinpath("catalogue.sql").read_text()
    return f"do $catalogue$ begin\n{statements}\nend $catalogue$"


async def _serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, behind: Behind) -> None:
    code, body = await messages.read_start(reader)
    while code == messages.SSL_REQUEST:
        writer.write(b"N")
        code, body = await messages.read_start(reader)
    inner_reader, inner_writer = await asyncio.open_connection(behind.host, behind.port)
    try:
        if code == messages.CANCEL_REQUEST:
            inner_writer.write((16).to_bytes(4, "big") + code.to_bytes(4, "big") + body)
            return
        asked = messages.parameters(body)
        writer.write(bytes(Message(b"R", (3).to_bytes(4, "big"))))  # for a clear password; both ends are on loopback
        password = (await messages.read_message(reader)).body.rstrip(b"\0").decode()
        user, database = asked.get("user", ""), asked.get("database", asked.get("user", ""))
        inner_writer.write(messages.start({"user": user, "database": database, "options": OPTIONS}))
        word = await messages.log_in(inner_reader, inner_writer, password)
        writer.write(bytes(word))
        if word.kind == b"R":
            await _Session(reader, writer, inner_reader, inner_writer, behind).relay()
    finally:
        inner_writer.close()


@dataclass(slots=True)
class _Session:
    """One client's session after the log-in."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    inner_reader: asyncio.StreamReader
    inner_writer: asyncio.StreamWriter
    behind: Behind
    refusal: str | None = None  # what the next error of PostgreSQL is to say
    copies: dict[bytes, parquet_copy.Copy] = field(default_factory=dict)  # by the name of the prepared statement
    rows: bytes | None = None  # of the COPY that comes next
    extended: bool = False  # whether that COPY is bound and executed, and not one simple query
    asked: asyncio.Queue[Message] | None = None  # where PostgreSQL's answers to the door's own question go

    async def relay(self) -> None:
        """Relay until one end closes."""
        ways = {asyncio.create_task(self._inwards()), asyncio.create_task(self._outwards())}
        try:
            done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
            for way in done:
                way.result()
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)

    async def _inwards(self) -> None:
        while True:
            message = await messages.read_message(self.reader)
            if message.kind == b"Q":
                sql = await self._taken(message.body[:-1].decode(), b"")
                self.extended = False
                message = Message(b"Q", sql.encode() + b"\0")
            elif message.kind == b"P":
                name, sql_bytes, rest = message.body.split(b"\0", 2)
                self.copies.pop(name, None)
                sql = await self._taken(sql_bytes.decode(), name)
                message = Message(b"P", name + b"\0" + sql.encode() + b"\0" + rest)
            elif message.kind == b"B":
                name = message.body.split(b"\0", 2)[1]
                self.extended = True
                if name in self.copies and self.rows is None:  # prepared before, and executed again
                    message = await self._read_again(message, self.copies[name])
            self.inner_writer.write(bytes(message))
            await self.inner_writer.drain()
            if message.kind == b"X":
                return

    async def _taken(self, sql: str, name: bytes) -> str:
        """What PostgreSQL is to be told instead."""
        try:
            copy = parquet_copy.parse(re.sub(r"\A\s*/\*.*?\*/\s*", "", sql, flags=re.DOTALL))
            if copy is None:
                return postgres_sql(sql)
            self.rows = await self._read(copy)
        except Refused as refused:
            self.refusal = str(refused)
            return _CANNOT_BE_PARSED
        self.copies[name] = copy
        named = f"({', '.join(copy.columns)})" if copy.columns else ""
        return f"copy {copy.table} {named} from stdin (format csv)"

    async def _read_again(self, bind: Message, copy: parquet_copy.Copy) -> Message:
        try:
            self.rows = await self._read(copy)
        except Refused as refused:
            self.refusal = str(refused)
            portal, _, rest = bind.body.split(b"\0", 2)
            return Message(b"B", portal + b"\0" + _CANNOT_BE_PARSED.encode() + b"\0" + rest)
        return bind

    async def _read(self, copy: parquet_copy.Copy) -> bytes:
        found = await self._ask(
            "select attname, format_type(atttypid, atttypmod) from pg_attribute"
            f" where attrelid = to_regclass('{copy.table}') and attnum > 0 and not attisdropped order by attnum"
        )
        columns = [(name or "", kind or "") for name, kind in found]
        if copy.columns:
            kinds = dict(columns)
            columns = [(name, kinds.get(name, "")) for name in copy.columns]
        if not columns:
            return b""  # no such table, or a transaction that failed already: PostgreSQL says so itself
        return await asyncio.to_thread(parquet_copy.rows, copy, columns, self.behind.objects)

    async def _ask(self, sql: str) -> list[tuple[str | None, ...]]:
        """The rows of a question of the door's own, asked within the client's transaction."""
        self.asked = asyncio.Queue()
        self.inner_writer.write(bytes(Message(b"Q", sql.encode() + b"\0")))
        rows = []
        while (message := await self.asked.get()).kind != b"Z":
            if message.kind == b"D":
                rows.append(messages.texts(message))
        self.asked = None
        return rows

    async def _outwards(self) -> None:
        buffer = bytearray()
        while chunk := await self.inner_reader.read(_CHUNK):
            buffer += chunk
            told = bytearray()
            for message in messages.taken(buffer):
                if self.asked is not None:
                    self.asked.put_nowait(message)
                elif message.kind == b"G":
                    await self._feed()
                else:
                    told += bytes(self._told(message))
            self.writer.write(told)
            await self.writer.drain()

    def _told(self, message: Message) -> Message:
        """What the client is told of a message."""
        if message.kind == b"E":
            return self._said(messages.error_fields(message))
        if message.kind == b"S" and message.body.startswith(b"server_version\0"):
            return _VERSION
        return message

    async def _feed(self) -> None:
        """Hand the rows of a COPY to PostgreSQL, which asks for them."""
        rows, self.rows = self.rows or b"", None
        for place in range(0, len(rows), _CHUNK):
            self.inner_writer.write(bytes(Message(b"d", rows[place : place + _CHUNK])))
            await self.inner_writer.drain()
        # PostgreSQL ignores the Sync that came while it took rows (section 55.2.6), so it gets another one
        self.inner_writer.write(bytes(Message(b"c")) + (bytes(Message(b"S")) if self.extended else b""))

    def _said(self, fields: Mapping[str, str]) -> Message:
        """An error in Redshift's words."""
        refusal, self.refusal = self.refusal, None
        if refusal is not None:
            return messages.error(refusal)
        if fields.get("C") in {"40001", "40P01"}:
            detail = (
                "Serializable isolation violation on table - 100, transactions forming the cycle are: 1, 2 (pid:1)"
            )
            return messages.error("1023", "XX000", detail)
        if fields.get("C") == "23514" and fields.get("n", "").startswith(BYTES_CHECK):
            return messages.error(
                f"Value too long for character type ({fields['n'].removeprefix(BYTES_CHECK)[1:]})", "22001"
            )
        return messages.error(fields.get("M", ""), fields.get("C", "XX000"), fields.get("D", ""))
