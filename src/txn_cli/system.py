"""Which system a command works on: one, the one that is named (ADR 35). AWS is never a default.

What names a system, in this order: an option, a variable, then the local stack that runs in `.txn`. Two that name
different ones on the same rank are refused: which of them was meant cannot be known.
"""

from dataclasses import dataclass, field
from pathlib import Path

from txn_cli.output.described import Described, described
from txn_cli.output.named import DEFAULT_FOLDER, ENDPOINTS, Named
from txn_cli.stack.attachment import attach, process_urls
from txn_cli.stack.children.ready import Ready
from txn_cli.stack.datadir import DataDir
from txn_cli.stack.environment import KEYS
from txn_cli.status.process_urls import ProcessUrls
from txn_core.exceptions import SettingsError, StackError
from txn_core.settings import Settings


@dataclass(frozen=True, slots=True)
class System(Described):
    """A system to work on. The environment of this process holds the credentials.

    Attributes:
        stack: what a local stack says of itself, or None.
        urls: where processes of it can be asked.
    """

    stack: Ready | None = field(default=None, repr=False)
    urls: ProcessUrls = field(default_factory=ProcessUrls)


def system_of(named: Named, *, deployed: bool = False) -> System:
    """The system that is named, or the local stack in `.txn`.

    A process that a deployment runs is `deployed`: keys in its environment, which no local stack takes from there,
    name AWS for it.

    Raises:
        TxnError: none is named and none runs here, or what is named does not fit together.
    """
    if named.aws:
        return _of(described())
    if named.folder_typed is not None:
        return _of_folder(named.folder_typed)
    if named.folder is not None:
        _refuse_two(named, named.folder)
        return _of_folder(named.folder)
    if named.has("TXN_TARGET") or len(named.endpoints) == len(ENDPOINTS):
        return _of(described())
    if deployed and any(map(named.has, KEYS)):
        return _of_deployment(named)
    return _of_default(named)


def _refuse_two(named: Named, folder: Path) -> None:
    """Let the environment name one system alone.

    Raises:
        SettingsError: it names two.
    """
    if named.has("TXN_TARGET"):
        raise SettingsError("TXN_DATA_DIR and TXN_TARGET name two systems: unset one, or say --aws or --data-dir")
    ready = Ready.read(DataDir.at(folder))
    if ready is not None and (other := named.endpoint_besides(ready.urls)) is not None:
        raise SettingsError(
            f"TXN_DATA_DIR names the stack in {folder}, {other} another: unset one, or say --data-dir"
        )


def _of_deployment(named: Named) -> System:
    if not named.endpoints and Ready.read(DataDir.at(DEFAULT_FOLDER)) is not None:
        key = next(filter(named.has, sorted(KEYS)))
        raise SettingsError(
            f"{key} is set, as in a deployment, and a stack runs in {DEFAULT_FOLDER}: say --aws or --data-dir .txn"
        )
    return _of(described())


def _of_default(named: Named) -> System:
    if named.endpoints:
        missing = next(name for name in ENDPOINTS if name not in named.endpoints)
        raise SettingsError(
            f"{named.endpoints[0]} is set and {missing} is not, which would be AWS: set all three, or say --aws"
        )
    if Ready.read(DataDir.at(DEFAULT_FOLDER)) is None:
        Settings.from_environment()  # what was to name a system may be mistyped
    return _of_folder(DEFAULT_FOLDER)


def _of_folder(folder: Path) -> System:
    data_dir = DataDir.at(folder)
    ready = Ready.read(data_dir)
    if ready is None or (settings := attach(data_dir)) is None:
        raise StackError(
            f"no stack is ready in {folder}: start one with `txn up`, name its folder with --data-dir, or say --aws "
            "(or TXN_TARGET=aws) to work on AWS"
        )
    return System(
        settings, f"local stack in {data_dir.root}", is_local=True, stack=ready, urls=process_urls(data_dir)
    )


def _of(found: Described) -> System:
    return System(found.settings, found.where, is_local=found.is_local)
