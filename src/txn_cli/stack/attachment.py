"""Commands from another terminal: they find a running stack by its folder and become one of its processes."""

from urllib.parse import urlsplit

from txn_cli.stack.children.ready import Ready
from txn_cli.stack.credentials import Secrets
from txn_cli.stack.datadir import DataDir, read_as
from txn_cli.stack.environment import adopt, stack_environment, tls_settings
from txn_cli.stack.stackports import INGEST, WAREHOUSE, StackPorts, metrics_of
from txn_cli.status.process_urls import ProcessUrls
from txn_core.exceptions import StackError
from txn_core.settings import Settings


def attach(data_dir: DataDir) -> Settings | None:
    """The settings of the stack that is ready in this folder, with which this process goes on; none without one.

    Raises:
        StackError: the folder's files do not fit together.
    """
    if (ready := Ready.read(data_dir)) is None:
        return None
    if (secrets := Secrets.read(data_dir)) is None:
        raise StackError(
            f"{data_dir.root} has a stack but no secrets: put secrets.json back, or name another --data-dir"
        )
    port = urlsplit(ready.api_url).port
    return adopt(stack_environment(secrets, ready, api_port=port or 0, given=given_to(data_dir) | tls_settings()))


def given_to(data_dir: DataDir) -> dict[str, str]:
    """The settings that the folder's stack was given by whoever started it."""
    return read_as(data_dir.document("settings"), dict[str, str]) or {}


def process_urls(data_dir: DataDir) -> ProcessUrls:
    """Where the processes of the stack in this folder answer; nothing where no stack is ready."""
    if (ready := Ready.read(data_dir)) is None or (ports := StackPorts.stored(data_dir)) is None:
        return ProcessUrls()
    ingest, warehouse = (ports.url(metrics_of(name)) if name in ready.pids else None for name in (INGEST, WAREHOUSE))
    return ProcessUrls(ready.api_url, ports.metrics_urls(), ingest, warehouse)
