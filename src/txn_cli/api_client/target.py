"""Which service a command talks to: the one that `--url` names, or a local stack's."""

from dataclasses import dataclass, field
from pathlib import Path

import httpx

from ingest.api_client.client import PORT_MAX
from txn_cli.output.named import DEFAULT_FOLDER, Named
from txn_cli.stack.children.ready import Ready
from txn_cli.stack.datadir import DataDir
from txn_core.exceptions import SettingsError, TxnError
from txn_core.loopback import is_local
from txn_core.printable import shown_url


@dataclass(frozen=True, slots=True)
class Target:
    """A service's address and a key for it; `stack` is the local stack that it belongs to, or None."""

    url: str
    api_key: str = field(repr=False)
    stack: Ready | None = field(repr=False)

    @classmethod
    def of(cls, *, url: str | None, api_key: str | None, named: Named) -> "Target":
        """The service to talk to; what is not given comes from the `ready.json` of the folder, or of `.txn`.

        The stack's own key goes to this machine alone, whatever service is named. A service elsewhere belongs to no
        local stack, unless the command line names the stack's folder.

        Raises:
            TxnError: something is not given and no stack is ready there, or the service is elsewhere.
        """
        folder = named.folder or DEFAULT_FOLDER
        if url is None:
            _require_stack_meant(named, folder)
        stack = Ready.read(DataDir.at(folder))
        if stack is None and (url is None or api_key is None):
            raise TxnError(
                f"no stack is ready in {folder}: start one with `txn up`, or give --url and a key (--api-key-file)"
            )
        found = _address(url or (stack.api_url if stack else ""))
        if api_key is None and not is_local(found):
            raise TxnError("a service elsewhere needs a key of its own: give --api-key-file, or set TXN_API_KEY")
        if named.folder_typed is None and not is_local(found):
            stack = None
        return cls(url=found, api_key=api_key or (stack.api_key if stack else ""), stack=stack)

    @property
    def where(self) -> str:
        """What it is, for people."""
        kind = "local stack at" if self.stack is not None and self.stack.api_url == self.url else "service at"
        return f"{kind} {shown_url(self.url)}"


def lake_is_named(named: Named) -> bool:
    """Whether options or variables name a lake, which is never AWS' by default."""
    return named.aws or named.has("TXN_TARGET") or named.has("TXN_S3_ENDPOINT_URL")


def _require_stack_meant(named: Named, folder: Path) -> None:
    """Take the stack's service only where nothing names another system, whose service would be another.

    Raises:
        SettingsError: something does.
    """
    if named.folder_typed is not None:
        return
    other = "--aws" if named.aws else "TXN_TARGET" if named.has("TXN_TARGET") else None
    if other is None and named.endpoints:
        ready = Ready.read(DataDir.at(folder))
        other = None if ready is None else named.endpoint_besides(ready.urls)
    if other is not None:
        raise SettingsError(f"{other} names another system than the stack in {folder}: give --url, or --data-dir")


def _address(url: str) -> str:
    """A base URL without a slash at its end.

    Raises:
        SettingsError: it is none.
    """
    try:
        parts = httpx.URL(url)
    except httpx.InvalidURL:
        parts = httpx.URL("")
    if parts.scheme not in {"http", "https"} or not parts.host or (parts.port or 0) > PORT_MAX:
        raise SettingsError("--url is no address of a service: give http(s)://HOST:PORT")
    return url.rstrip("/")
