"""The registry of drains: whatever reads a stream and makes a view of it, each registered once, here.

Tables, commands, the local stack, `txn status` and dead letters ask the registry which drains there are. A further
drain is a folder under `workers` and one entry in `REGISTRY`.
"""

import re
from dataclasses import dataclass
from typing import Final

from txn_core.dynamodb.table_shapes import BY_CARD, BY_MERCHANT, BY_ORIGINAL, TableShape
from txn_core.settings import Settings

_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
TAKEN: Final = frozenset({"all", "api", "both", "dynamodb", "ingest", "kinesis", "postgres", "s3", "warehouse"})
"""Words of commands for drains, and the other processes of a local stack: no drain is called so."""


@dataclass(frozen=True, slots=True)
class DrainDefinition:
    """What everybody may know of a drain without importing it.

    Attributes:
        name: stands in the names of its tables, metrics, dead letters and process: lower case, without
            hyphens, none of `TAKEN`.
        implementation: a `workers.drain.OpenDrain` as `module:attribute`, imported by a process that hosts the drain.
        tables: its own tables, beside those for its leases and its ledger.
        once_a_generation: whether its tables exist once for each generation of the index, and not once in all.
        stream_setting: the field of the settings that names the stream it reads.
        evidence: a `workers.evidence.OpenEvidence` as `module:attribute`, by which `txn reconcile` looks up what the
            drain has settled; without it the drain is compared by its ledgers alone.
        extra: the extra that its process needs. A system may go without such a drain: one that never ran is not
            waited for.
    """

    name: str
    implementation: str
    tables: tuple[TableShape, ...] = ()
    once_a_generation: bool = False
    stream_setting: str = "stream"
    evidence: str | None = None
    extra: str | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name) or self.name in TAKEN:
            raise ValueError(f"a drain cannot be called {self.name!r}")

    def stream(self, settings: Settings) -> str:
        """The name of the stream that it reads."""
        return str(getattr(settings, self.stream_setting))


INDEX: Final = DrainDefinition(
    "index",
    "workers.index.index_drain:open_index",
    tables=(
        TableShape(
            "transactions",
            {"id": "HASH"},
            indexes={BY_CARD: {"card": "HASH", "sort": "RANGE"}, BY_MERCHANT: {"merchant": "HASH", "sort": "RANGE"}},
            sparse={BY_ORIGINAL: {"original": "HASH", "sort": "RANGE"}},
        ),
        TableShape("merchants", {"account": "HASH", "name": "RANGE"}),
        TableShape("cards", {"card": "HASH"}),
    ),
    once_a_generation=True,
    evidence="workers.index.index_evidence:open_evidence",
)
ARCHIVE: Final = DrainDefinition("archive", "workers.archive.archive_drain:open_archive")
SCORE: Final = DrainDefinition(
    "score",
    "workers.score.score_drain:open_score",
    tables=(TableShape("card-state", {"card": "HASH"}),),
    evidence="workers.score.score_evidence:open_evidence",
    extra="score",
)

REGISTRY: Final = {drain.name: drain for drain in (INDEX, ARCHIVE, SCORE)}
"""Every drain by its name. Read it when it is asked for, not at import: a test may register one more."""


def names() -> tuple[str, ...]:
    """The names of all drains, in the order in which they are shown."""
    return tuple(REGISTRY)


def readers_of(stream: str, settings: Settings) -> tuple[DrainDefinition, ...]:
    """The drains that read a stream, and so share the limits of its shards."""
    return tuple(drain for drain in REGISTRY.values() if drain.stream(settings) == stream)
