"""Watches the clients' bucket: each account's folder by itself, so that one account's files hold up no other's."""

import asyncio
import random
import re
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final

import structlog

from ingest.api_client.client import ApiClient
from ingest.api_client.replies import RefusedError, UnreachedError
from ingest.batches.batch_receipt import DamagedReceiptError
from ingest.batches.object_file import FileGoneError
from ingest.upload.delivery import UndeliveredError
from txn_core.aws.errors import code_of
from txn_core.aws.versioned_objects import ListedObject, VersionedObjects
from txn_core.exceptions import SettingsError
from txn_core.tracing.span_table import BYTES, OUTCOME, SpanName
from txn_core.tracing.spans import span
from txn_core.transactions.identity import ACCOUNT_PATTERN, Account
from workers.hosts.stopping import run_until
from workers.ingest.account_keys import AccountKeys
from workers.ingest.file_ingest import FileIngest
from workers.ingest.ingest_metrics import IngestMetrics
from workers.ingest.pauses import Pauses
from workers.retries import retry_outages

FILES_AT_ONCE: Final = 4
"""Files that one process uploads side by side, each of another account; of each, two chunks and a block in memory."""
FILES_A_LOOK: Final = 1_000
_OF_THE_ACCOUNT: Final = (SettingsError, RefusedError, UnreachedError, UndeliveredError)
"""Errors of a file that the next file of the account would meet, too."""

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class IngestWorker:
    """One process that takes in files, beside any number of others."""

    bucket: VersionedObjects
    files: FileIngest
    keys: AccountKeys
    api_url: str
    poll_s: float
    stop_s: float
    metrics: IngestMetrics
    failures: int = 0
    """Attempts that have failed by now, at a file or at an account's folder."""
    _pauses: Pauses = field(default_factory=Pauses)
    _active: dict[Account, asyncio.Task[None]] = field(default_factory=dict)
    _without_folder: int = 0
    _told: set[str] = field(default_factory=set)
    _places: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(FILES_AT_ONCE))

    async def run(self, stopping: asyncio.Event) -> None:
        """Look into the bucket now and then, until the event; files under way are let go at the end of a chunk."""
        async with asyncio.TaskGroup() as tasks:
            while not stopping.is_set():
                await self._begin_folders(tasks, stopping)
                await run_until(stopping, asyncio.sleep(self.poll_s))
            await self._let_end()

    async def sweep(self, stopping: asyncio.Event) -> None:
        """Look into the bucket once, and return when what lies there was tried, or soon after the event."""
        async with asyncio.TaskGroup() as tasks:
            await self._begin_folders(tasks, stopping)
            await self._until_done(stopping)

    async def take_in_files(self, keys: Iterable[str], stopping: asyncio.Event) -> None:
        """Take in the files of these names that are there, and return as `sweep` does."""
        by_account: dict[str, list[str]] = {}
        for key in keys:
            by_account.setdefault(key.partition("/")[0] if "/" in key else "", []).append(key)
        for name in sorted(by_account):
            if name not in self.keys:
                self._tell_without_key(name)
        async with asyncio.TaskGroup() as tasks:
            for account in [Account(name) for name in by_account if name in self.keys]:
                work = self._take_in_named(account, by_account[account], stopping)
                self._active[account] = tasks.create_task(self._for_account(account, work))
            await self._until_done(stopping)

    async def _begin_folders(self, tasks: asyncio.TaskGroup, stopping: asyncio.Event) -> None:
        for account in await run_until(stopping, self._accounts()) or ():
            if account not in self._active and not self._pauses.is_paused(account):
                work = self._take_in_folder(account, stopping)
                self._active[account] = tasks.create_task(self._for_account(account, work))

    async def _until_done(self, stopping: asyncio.Event) -> None:
        if self._active:
            await run_until(stopping, asyncio.wait(list(self._active.values())))
        await self._let_end()

    async def _let_end(self) -> None:
        """Wait for what is under way, which has been told to stop, and end what takes too long."""
        if self._active:
            _, late = await asyncio.wait(list(self._active.values()), timeout=self.stop_s)
            for task in late:
                task.cancel()

    async def _accounts(self) -> list[Account]:
        """The accounts that have files and a key, in random order: other processes begin elsewhere."""
        level = await retry_outages("clients' folders", self.bucket.level)
        self.metrics.without_folder.set(level.objects)
        if level.objects > self._without_folder:
            _log.warning("files_without_folder", files=level.objects)
        folders, self._without_folder = level.folders, level.objects
        unknown = [name for name in folders if name not in self.keys]
        self.metrics.without_key.set(len(unknown))
        for name in unknown:
            self._tell_without_key(name)
        known = [Account(name) for name in folders if name in self.keys]
        random.shuffle(known)
        return known

    def _tell_without_key(self, name: str) -> None:
        """Say once of a folder that no key is set for it; its name only where it can be an account's."""
        if name not in self._told and len(self._told) < FILES_A_LOOK:
            self._told.add(name)
            _log.warning("folder_without_key", account=name if re.fullmatch(ACCOUNT_PATTERN, name) else None)

    async def _for_account(self, account: Account, work: Coroutine[Any, Any, None]) -> None:
        """Do the work for one account; what fails there pauses the account alone."""
        try:
            await work
            self._pauses.passed(account)
        except Exception as error:  # noqa: BLE001 - one account, whose folder may not be listed, say, holds up no other
            self._failed(account)
            _log.warning("account_paused", account=account, error=code_of(error))
        finally:
            del self._active[account]

    async def _take_in_folder(self, account: Account, stopping: asyncio.Event) -> None:
        """Take in the files of one account, one after the other."""
        api_key = await self.keys.key_of(account)
        files = await retry_outages("clients' files", partial(self._listed, account))
        self.metrics.saw(account, files)
        random.shuffle(files)
        for file in files:
            if stopping.is_set():
                return
            if not self._pauses.is_paused(file):
                async with self._places:
                    await self._take_in_file(account, api_key, file, stopping)

    async def _take_in_named(self, account: Account, keys: Iterable[str], stopping: asyncio.Event) -> None:
        """Take in files of one account by their names; one that is not there was taken in or removed."""
        api_key = await self.keys.key_of(account)
        for key in keys:
            file = await retry_outages("clients' file", partial(self.bucket.find, key))
            if stopping.is_set():
                return
            if file is not None and not key.endswith("/"):
                async with self._places:
                    await self._take_in_file(account, api_key, file, stopping)

    def _failed(self, what: Account | ListedObject) -> None:
        self._pauses.failed(what)
        self.metrics.attempts_failed.inc()
        self.failures += 1

    async def _take_in_file(
        self, account: Account, api_key: str, file: ListedObject, stopping: asyncio.Event
    ) -> None:
        try:
            async with ApiClient.connect(self.api_url, api_key) as client:
                await client.reach()
                with span(SpanName.INGEST_FILE) as current:
                    current.set(BYTES, file.size)
                    outcome = await self.files.take_in_file(account, client, file, stopping)
                    current.set(OUTCOME, outcome)
        except _OF_THE_ACCOUNT:
            raise
        except FileGoneError:
            self._pauses.failed(file)  # of this version: one that is listed and cannot be read, say, for ever
            self.metrics.files.labels("gone").inc()
            _log.warning("file_gone", account=account, size=file.size)
        except Exception as error:  # noqa: BLE001 - a file that trips us up must not hold up the others
            self._failed(file)
            damaged = {"receipt": error.key} if isinstance(error, DamagedReceiptError) else {}
            _log.warning("file_paused", account=account, size=file.size, error=code_of(error), **damaged)
        else:
            self._pauses.passed(file)
            self.metrics.files.labels(outcome).inc()
            _log.info("file_taken_in", account=account, size=file.size, outcome=outcome)

    async def _listed(self, account: Account) -> list[ListedObject]:
        """The first files in an account's folder; names that end in a slash are folders that consoles make."""
        found: list[ListedObject] = []
        async for each in self.bucket.listed(f"{account}/"):
            if not each.key.endswith("/"):
                found.append(each)
            if len(found) == FILES_A_LOOK:
                break
        return found
