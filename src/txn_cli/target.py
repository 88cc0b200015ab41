"""Which service a command talks to: the one that is named, or the local stack of a data directory."""

from dataclasses import dataclass, field
from pathlib import Path

from txn_cli.stack.datadir import DataDir
from txn_cli.stack.ready import Ready
from txn_core.errors import TxnError
from txn_core.loopback import is_local


@dataclass(frozen=True, slots=True)
class Target:
    """A service's address and a key for it; `stack` is the local stack that runs in the data directory, if any."""

    url: str
    api_key: str = field(repr=False)
    stack: Ready | None = field(repr=False)

    @classmethod
    def of(cls, *, url: str | None, api_key: str | None, data_dir: Path) -> "Target":
        """The service to talk to; what is not given comes from the data directory's `ready.json`.

        The stack's own key goes to this machine alone, whatever service is named.

        Raises:
            TxnError: something is not given and no stack is ready there, or the service is elsewhere.
        """
        stack = Ready.read(DataDir.at(data_dir))
        if stack is None and (url is None or api_key is None):
            raise TxnError(
                f"no stack is ready in {data_dir}: start one with `txn up`, or give --url and a key (--api-key-file)"
            )
        found = (url or (stack.api_url if stack else "")).rstrip("/")
        if api_key is None and not is_local(found):
            raise TxnError("a service elsewhere needs a key of its own: give --api-key-file, or set TXN_API_KEY")
        return cls(url=found, api_key=api_key or (stack.api_key if stack else ""), stack=stack)
