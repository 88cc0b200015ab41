"""The Node packages of the local servers, installed once a lock file, whoever asks first.

The folder carries the lock file's hash in its name and appears whole or not at all; it lies with the
interpreter's environment, so that every data directory shares it.
"""

import asyncio
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib import resources
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TextIO

from txn_cli.stack.binaries import Node
from txn_core.exceptions import StackError
from txn_server.processes.ending import tethered

MANIFEST = ("package.json", "package-lock.json", ".npmrc")
UNFINISHED = ".new-"
INSTALL_S_MAX = 300.0
LOCK_RETRY_S = 0.1
NPM_CI = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def node_source() -> Path:
    """The folder of ours that holds the manifest and the launcher."""
    return Path(str(resources.files("txn_cli.stack"))) / "node"


def shared_root(fallback: Path) -> Path:
    """Where installations are kept: with the environment, or under `fallback` when that is not writable."""
    shared = Path(sys.prefix) / "share"
    nearest = shared if shared.exists() else shared.parent
    return shared / "txn-node" if os.access(nearest, os.W_OK) else fallback / "node"


def installed_at(root: Path) -> Path:
    """The folder in which this version of the packages lies once it is installed."""
    digest = hashlib.sha256()
    for name in MANIFEST:
        digest.update((node_source() / name).read_bytes())
    return root / digest.hexdigest()[:16]


async def install(root: Path, node: Node) -> Path:
    """Install the packages unless they are there, and return their folder. Takes seconds the first time.

    Two at once do not clash: the second waits for the first and finds its work.

    Raises:
        StackError: npm failed, or took too long.
    """
    target = installed_at(root)
    if target.is_dir():
        return target
    try:
        async with asyncio.timeout(INSTALL_S_MAX), _exclusive(root):
            if not target.is_dir():
                with _unfinished(target) as folder:
                    await _run_npm(node, folder)
    except TimeoutError:
        raise StackError(f"npm ci did not end within {INSTALL_S_MAX:.0f} s") from None
    return target


@contextmanager
def _unfinished(target: Path) -> Iterator[Path]:
    """A folder with the manifest, which becomes the target when the block succeeds and vanishes when not."""
    for leftover in target.parent.glob(f"{UNFINISHED}*"):
        shutil.rmtree(leftover)
    with TemporaryDirectory(dir=target.parent, prefix=UNFINISHED, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for file in MANIFEST:
            shutil.copyfile(node_source() / file, folder / file)
        yield folder
        folder.rename(target)


async def _run_npm(node: Node, folder: Path) -> None:
    npm = await asyncio.create_subprocess_exec(
        *tethered((str(node.node), str(node.npm_cli), *NPM_CI)),
        cwd=folder,
        env={**os.environ, "PATH": f"{node.node.parent}{os.pathsep}{os.environ.get('PATH', '')}"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        _, errors = await npm.communicate()
    finally:
        if npm.returncode is None:
            npm.kill()
            await npm.wait()
    if npm.returncode != 0:
        lines = [line for line in errors.decode(errors="replace").splitlines() if line.startswith("npm error")]
        reason = lines[0].removeprefix("npm error").strip() if lines else f"exit code {npm.returncode}"
        raise StackError(f"npm ci failed: {reason}")


@asynccontextmanager
async def _exclusive(root: Path) -> AsyncIterator[None]:
    with _lock_file(root) as file:
        while not _try_lock(file):  # noqa: ASYNC110 - the holder is another process
            await asyncio.sleep(LOCK_RETRY_S)
        yield


def _lock_file(root: Path) -> TextIO:
    root.mkdir(parents=True, exist_ok=True)
    return (root / ".lock").open("a")


def _try_lock(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
