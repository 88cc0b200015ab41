"""A server of the stack's own: with a password, without root, and with its data after a kill."""

import asyncio
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import adbc_driver_postgresql.dbapi as adbc
import httpx
import pytest
import pytest_asyncio
from adbc_driver_manager import OperationalError
from devkit.postgres_server import PostgresServer

from txn_cli.stack import ports
from txn_cli.stack.children.child import Child
from txn_cli.stack.datadir import DataDir
from txn_cli.stack.environment import stack_environment
from txn_cli.stack.foundation import prepared
from txn_cli.stack.narrator import Narrator
from txn_cli.stack.postgres.account import ServerAccount
from txn_cli.stack.postgres.cluster import PostgresCluster, derived_password, url_of
from txn_cli.stack.postgres.programs import PostgresPrograms
from txn_cli.stack.postgres.server import PostgresProbe
from txn_cli.stack.stackports import POSTGRES
from txn_core.exceptions import StackError


@contextmanager
def cursor_at(url: str) -> Iterator[Any]:
    with closing(adbc.connect(url, autocommit=True)) as connection, closing(connection.cursor()) as cursor:
        yield cursor


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def stack(tmp_path_factory: pytest.TempPathFactory) -> DataDir:
    """The data directory of a stack that was asked for PostgreSQL, made while files of a cut-off start lay there."""
    data_dir = DataDir.at(tmp_path_factory.mktemp("cluster") / "stack")
    with data_dir.locked():
        (data_dir.root / "postgres.new/data/base").mkdir(parents=True)
        (data_dir.root / "postgres").mkdir()
        async with prepared(data_dir, Narrator(), postgres=True):
            assert not (data_dir.root / "postgres.new").exists()
    return data_dir


async def test_a_stack_s_own_keeps_its_data_over_a_kill(stack: DataDir) -> None:
    """Everything that a restarted child goes through, on one server that waits for the disk.

    Its address, with the password, is told to the stack's processes.
    """
    with stack.locked():
        async with prepared(stack, Narrator(), postgres=True) as base:
            spec = next(spec for spec in base.servers if spec.name == POSTGRES)
            url = stack_environment(base.secrets, base.endpoints, api_port=1, given={})["TXN_WAREHOUSE_POSTGRES_URL"]
            first = await Child.start(spec)
            await first.answered()
            with cursor_at(url) as cursor:
                cursor.execute("create table kept as select 'a name of somebody' as name")
            first.kill()
            await first.ended()
            second = await Child.start(spec)
            await second.answered()
            with cursor_at(url) as cursor:
                cursor.execute("select name, current_user || '@' || current_database() from kept")
                assert cursor.fetchall() == [("a name of somebody", "txn@txn")]
                ending = await second.stop()  # with a client that stays: no wait for it
    assert ending.returncode == 0
    assert "a name of somebody" not in spec.log.read_text()
    assert "postgresql://" not in repr(base.endpoints)


async def test_neither_statements_nor_values_come_into_its_log(
    postgres_server: PostgresServer, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with cursor_at(postgres_server.url("txn")) as cursor:
        for statement in (
            "select 'Marked Name'::int",
            "select nothing from marked_name",
            "select 1/0 as marked_name",
        ):
            with pytest.raises(adbc.Error):
                cursor.execute(statement)
    logs = [path.read_text() for path in tmp_path_factory.getbasetemp().glob("postgres*/postgres.log")]
    assert any("ready to accept connections" in log for log in logs)
    assert not any("arked" in log for log in logs)


@pytest.mark.parametrize("password", ["wrong", ""])
def test_it_asks_for_the_password(postgres_server: PostgresServer, password: str) -> None:
    with pytest.raises(OperationalError, match="password"):
        adbc.connect(url_of(postgres_server.port, password)).close()


def test_its_folder_and_process_are_of_one_account_that_is_not_root(postgres_server: PostgresServer) -> None:
    data, process = Path(f"/proc/{postgres_server.pid}/cwd"), Path(f"/proc/{postgres_server.pid}")
    assert data.stat().st_uid == process.stat().st_uid != 0
    assert stat.S_IMODE(data.stat().st_mode) == 0o700


def test_the_database_is_text_of_utf_8_and_times_of_utc(postgres_server: PostgresServer) -> None:
    with cursor_at(postgres_server.url("txn")) as cursor:
        names = ("server_encoding", "TimeZone", "listen_addresses")
        cursor.execute(f"select {', '.join(f'current_setting({name!r})' for name in names)}")
        assert cursor.fetchall() == [("UTF8", "UTC", "127.0.0.1")]


def test_it_ends_when_what_started_it_is_killed(stack: DataDir, tmp_path: Path) -> None:
    """A supervisor that is killed stops nothing itself. A copy of the files, since a lock file stays in them."""
    subprocess.run(["cp", "-a", stack.root / "postgres", tmp_path], check=True)
    script = f"""
import asyncio
from pathlib import Path
from txn_cli.stack import ports
from txn_cli.stack.children.child import Child
from txn_cli.stack.postgres.cluster import local_cluster
from txn_cli.stack.postgres.server import postgres_spec
async def run():
    folder = Path({str(tmp_path)!r}) / "postgres"
    child = await Child.start(postgres_spec(local_cluster(folder), ports.choose(), folder.with_suffix(".log")))
    await child.answered()
    print(child.pid, flush=True)
    await asyncio.Event().wait()
asyncio.run(run())
"""
    starter = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert starter.stdout is not None
    pid = int(starter.stdout.readline())
    ended = os.pidfd_open(pid)
    starter.send_signal(signal.SIGKILL)
    starter.communicate()
    with os.fdopen(ended) as file:
        assert _ends_within(file.fileno(), 60.0)


def _ends_within(descriptor: int, seconds: float) -> bool:
    import select

    return bool(select.select([descriptor], [], [], seconds)[0])


async def test_a_stack_has_one_only_where_it_was_asked_for(stack: DataDir) -> None:
    with stack.locked():
        async with prepared(stack, Narrator()) as without:
            assert POSTGRES not in {spec.name for spec in without.servers}
            assert without.endpoints.postgres_url is None


def test_a_program_that_fails_is_named(tmp_path: Path) -> None:
    broken = PostgresPrograms(tmp_path)
    broken.initdb.parent.mkdir()
    broken.initdb.write_text("#!/bin/sh\necho no space left >&2\nexit 1\n")
    broken.initdb.chmod(0o755)
    with pytest.raises(StackError, match=r"initdb failed: (no space left|PermissionError)"):
        PostgresCluster(tmp_path / "postgres", ServerAccount.for_us(), broken).make("secret")
    assert not (tmp_path / "postgres").exists()


async def test_a_port_where_nobody_listens_gives_no_answer() -> None:
    port = ports.choose()
    assert not await PostgresProbe(port).answers(httpx.AsyncClient())
    ports.release([port])


async def test_what_answers_and_is_no_postgresql_gives_no_answer() -> None:
    async def greet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail\r\n")
        writer.close()

    server = await asyncio.start_server(greet, ports.HOST, 0)
    async with server:
        assert not await PostgresProbe(server.sockets[0].getsockname()[1]).answers(httpx.AsyncClient())


def test_a_password_follows_from_the_stack_s_secret() -> None:
    assert derived_password("a") == derived_password("a") != derived_password("b")
