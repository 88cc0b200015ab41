"""`ready.json`: where clients find a running stack, and proof that it is ready."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from txn_cli.stack.datadir import DataDir, read_as, write_private, write_private_text
from txn_cli.stack.endpoints import Endpoints
from txn_cli.stack.private_folder import require_own


@dataclass(frozen=True, slots=True)
class Ready(Endpoints):
    """The document: the servers and what is theirs, the API and a key for it.

    `pids` maps each child's name to its process id, the present one. `insight_url` is there where questions to the
    warehouse are answered.
    """

    api_url: str
    api_key: str
    stream: str
    bucket: str
    pids: Mapping[str, int]
    insight_url: str | None = field(default=None, kw_only=True)

    def write(self, data_dir: DataDir) -> None:
        """Publish the document: whole, and for the owner alone. The key's header line is there before it."""
        write_private_text(data_dir.authorization, f"Authorization: Bearer {self.api_key}\n")
        write_private(data_dir.document("ready"), asdict(self))

    @classmethod
    def read(cls, data_dir: DataDir) -> "Ready | None":
        """The document of a running stack; none when no stack is ready there.

        Raises:
            StackError: the file is not such a document, or another user's: it says where card numbers are sent.
        """
        require_own(data_dir.root)
        return read_as(data_dir.document("ready"), cls)

    @staticmethod
    def withdraw(data_dir: DataDir) -> None:
        """Remove the document: the stack is no longer ready."""
        data_dir.document("ready").unlink(missing_ok=True)
        data_dir.authorization.unlink(missing_ok=True)
