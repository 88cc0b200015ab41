"""Where the processes of a system can be asked what they say of themselves.

Every command that works on a local stack knows these addresses, few ask: so no HTTP client is imported here.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ProcessUrls:
    """The base URLs of the processes that can be asked: a worker's by its drain, and those that a stack may lack."""

    api: str | None = None
    workers: Mapping[str, str] = field(default_factory=dict)
    ingest: str | None = None
    warehouse: str | None = None
