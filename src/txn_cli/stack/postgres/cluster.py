"""The files of one PostgreSQL server: made once, with a password, before it is first started.

A server's files are made under another name and renamed when they are whole. So a stack that was killed meanwhile
begins again. Passwords are asked for on every connection (SCRAM-SHA-256), and the server listens on 127.0.0.1 alone.
"""

import hmac
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from txn_cli.stack.ports import HOST
from txn_cli.stack.postgres import launcher
from txn_cli.stack.postgres.account import ServerAccount
from txn_cli.stack.postgres.programs import PostgresPrograms, find_programs
from txn_core.exceptions import StackError

OWNER: Final = "txn"
"""The server's first role and database."""
MAKING_S_MAX: Final = 120.0
_PASSWORD_FILE: Final = "password"  # noqa: S105 - a name
_SETTINGS: Final = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_logical_replication_workers": "0",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
    "log_checkpoints": "off",
    "timezone": "UTC",
}
"""The log names no statement and no value: both may hold what is personal (`terse` leaves out DETAIL and HINT)."""


@dataclass(frozen=True, slots=True)
class PostgresCluster:
    """One server's folder, and how programs are run in it.

    Attributes:
        folder: the folder, inside which PostgreSQL's own lies, and nothing else.
        durable: whether what was committed outlives a crash of the machine; tests need not wait for the disk.
    """

    folder: Path
    account: ServerAccount
    programs: PostgresPrograms
    durable: bool = True

    @property
    def data(self) -> Path:
        """PostgreSQL's own folder, `PGDATA`."""
        return self.folder / "data"

    def server_command(self, port: int) -> tuple[str, ...]:
        """What runs the server. SIGINT stops it quickly, SIGTERM when its clients have gone."""
        settings = _SETTINGS | {"port": str(port)} | ({} if self.durable else _NOT_DURABLE)
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        return self._launched(self.data, self.programs.postgres, "-D", self.account.name_of(self.data), *options)

    def make(self, password: str) -> None:
        """Make the server's files with a role and a database `txn`, unless they are there.

        Raises:
            StackError: PostgreSQL's own program failed.
        """
        if self.data.is_dir():
            return
        self.folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = self.folder.with_name(f"{self.folder.name}.new")
        for unfinished in (made, self.folder):
            shutil.rmtree(unfinished, ignore_errors=True)
        data = made / "data"
        for folder in (made, data):
            folder.mkdir(mode=0o700)
            self.account.give(folder)
        self._write_password(made, password)
        self._run_initdb(data)
        (made / _PASSWORD_FILE).unlink()
        self._make_database(data)
        made.rename(self.folder)

    def _write_password(self, made: Path, password: str) -> None:
        """In a file, since arguments are seen by all users."""
        file = made / _PASSWORD_FILE
        file.touch(mode=0o600)
        file.write_text(f"{password}\n")
        self.account.give(file)

    def _run_initdb(self, data: Path) -> None:
        name = self.account.name_of(data)
        where = ("-D", name, f"--pwfile={name}/../{_PASSWORD_FILE}", "-U", OWNER)
        form = ("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--no-instructions")
        self._run(data, self.programs.initdb, *where, *form, *(() if self.durable else ("--no-sync",)))

    def _make_database(self, data: Path) -> None:
        """By the server as a single process, which reads a statement from standard input and ends."""
        arguments = ("--single", "-D", self.account.name_of(data), "postgres")
        self._run(data, self.programs.postgres, *arguments, stdin=f"create database {OWNER}\n")

    def _run(self, folder: Path, program: Path, *arguments: str, stdin: str = "") -> None:
        done = subprocess.run(
            self._launched(folder, program, *arguments),
            env=dict(program_environment()),
            input=stdin,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=MAKING_S_MAX,
            check=False,
            umask=0o077,
        )
        if done.returncode:
            said = [line.strip() for line in done.stderr.splitlines() if line.strip()]
            raise StackError(f"{program.name} failed: {said[-1] if said else f'exit code {done.returncode}'}")

    def _launched(self, folder: Path, program: Path, *arguments: str) -> tuple[str, ...]:
        run = (sys.executable, "-I", "-S", str(launcher.__file__), self.account.argument, str(folder), str(program))
        return (*run, *arguments)


def local_cluster(folder: Path, *, durable: bool = True) -> PostgresCluster:
    """The server of a folder on this machine, run by whoever may run it here.

    Raises:
        StackError: its programs are not installed, or nobody here may run them.
    """
    account = ServerAccount.for_us()
    return PostgresCluster(folder, account, find_programs(account), durable)


_NOT_DURABLE: Final = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


def program_environment(outer: Mapping[str, str] = os.environ) -> Mapping[str, str]:
    """The environment of PostgreSQL's programs, without variables that change what they do (`PGDATA`, ...)."""
    return {"LC_ALL": "C", "TZ": "UTC", "PATH": outer.get("PATH", os.defpath)}


def derived_password(secret: str) -> str:
    """The owner's password, which follows from a secret of the stack, so that none has to be kept beside it."""
    return hmac.digest(secret.encode(), b"txn-api/postgres", "sha256").hex()


def url_of(port: int, password: str, *, user: str = OWNER, database: str = OWNER) -> str:
    """The address for clients (libpq's form of a URL)."""
    return f"postgresql://{user}:{password}@{HOST}:{port}/{database}"
