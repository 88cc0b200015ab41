"""What names a system to work on: options, and variables of the environment."""

import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from txn_core.exceptions import SettingsError
from txn_core.service_links import service_links

DEFAULT_FOLDER: Final = Path(".txn")
ENDPOINTS: Final = ("TXN_KINESIS_ENDPOINT_URL", "TXN_DYNAMODB_ENDPOINT_URL", "TXN_S3_ENDPOINT_URL")


@dataclass(frozen=True, slots=True)
class Named:
    """What names systems: two options, and the environment, which may give the folder, too."""

    folder: Path | None = None
    aws: bool = False
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ, repr=False)

    def __post_init__(self) -> None:
        """Hold the two options against each other.

        Raises:
            SettingsError: both are given.
        """
        if self.aws and self.folder_typed is not None:
            raise SettingsError("--aws and --data-dir name two systems: give one of them")

    @property
    def folder_typed(self) -> Path | None:
        """The folder, if the command line names it; one that only `TXN_DATA_DIR` names goes after the options."""
        given = self.environment.get("TXN_DATA_DIR")
        return None if given and Path(given) == self.folder else self.folder

    def has(self, name: str) -> bool:
        """Whether a variable is set, to more than blanks; a service link is none of ours."""
        return bool(self.environment.get(name, "").strip()) and name not in service_links(self.environment)

    def endpoint_besides(self, urls: Collection[str]) -> str | None:
        """The first variable that names a server at another address than these, or None."""
        return next((name for name in self.endpoints if self.environment[name] not in urls), None)

    @property
    def endpoints(self) -> list[str]:
        """The variables that name servers."""
        return [name for name in ENDPOINTS if self.has(name)]
