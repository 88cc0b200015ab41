"""What each process may do on AWS: the calls that its code makes, on what it makes them on, and no other."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from deploy.names import ALERTS_STREAM, FILES_BUCKET, LAKE_BUCKET, STREAM, bucket_arn, stream_arn, sub, table_arn
from deploy.parts.encryption import data_key, files_key, key_use
from deploy.parts.tables import expiring_tables, table_names
from deploy.policies import Statement, allow
from txn_core import drains
from txn_core.drains import ARCHIVE, INDEX, SCORE

READ_STREAM: Final = ("DescribeStreamSummary", "GetRecords", "GetShardIterator", "ListShards")
GENERATIONS: Final = "-g*"
"""Behind the name of a table of the index: its further generations, which a rebuild makes (docs/rebuild.md)."""


@dataclass(frozen=True, slots=True)
class Rights:
    """The calls of one process, by the names that AWS gives them.

    Attributes:
        stream: on the stream of transactions.
        alerts_stream: on the stream of alerts.
        tables: on tables, by their names behind the prefix, with `/index/*` for the indexes of one, and with
            `GENERATIONS` for the further generations of one alone.
        reads: forms of keys of the lake whose objects are read.
        writes: forms of keys of the lake whose objects are written.
        deletes: forms of keys of the lake whose objects are deleted.
        lists: prefixes that are listed; None where the bucket itself is asked for, which S3 counts as listing all.
        generations: whether the rights on tables of the index hold for its further generations too.
        takes_files: whether clients' files are read, and deleted once they are read.
    """

    stream: Sequence[str] = ()
    alerts_stream: Sequence[str] = ()
    tables: Mapping[str, str] = field(default_factory=dict)
    reads: Sequence[str] = ()
    writes: Sequence[str] = ()
    deletes: Sequence[str] = ()
    lists: Sequence[str] | None = ()
    generations: bool = True
    takes_files: bool = False

    def __post_init__(self) -> None:
        known = set(table_names())
        if unknown := {name.partition("/")[0].removesuffix(GENERATIONS) for name in self.tables} - known:
            raise ValueError(f"rights on tables that there are not: {sorted(unknown)}")

    def statements(self) -> list[Statement]:
        """The rights as statements."""
        found = [
            *self._on_streams(),
            *self._on_tables(),
            *_on_objects("s3:GetObject", self.reads),
            *_on_objects("s3:PutObject", self.writes),
            *_on_objects("s3:DeleteObject", self.deletes),
            *self._on_buckets(),
        ]
        services = [
            *(["kinesis"] if self.stream or self.alerts_stream else []),
            *(["dynamodb"] if self.tables else []),
            *(["s3"] if self.reads or self.writes else []),
        ]
        return [*found, key_use(data_key(), services, ["kms:Decrypt", "kms:GenerateDataKey"])]

    def _on_streams(self) -> list[Statement]:
        asked = ((self.stream, STREAM), (self.alerts_stream, ALERTS_STREAM))
        return [allow(_named("kinesis", calls), stream_arn(name)) for calls, name in asked if calls]

    def _on_tables(self) -> list[Statement]:
        """One statement for all tables on which the same calls are made."""
        by_calls: dict[str, list[str]] = defaultdict(list)
        for name, calls in self.tables.items():
            by_calls[calls].append(name)
        return [
            allow(
                _named("dynamodb", calls.split()), [table_arn(each) for name in names for each in self._tables(name)]
            )
            for calls, names in by_calls.items()
        ]

    def _tables(self, name: str) -> tuple[str, ...]:
        """A table of a first generation, and the ones behind it where the index has several."""
        table, slash, rest = name.partition("/")
        own = {shape.name for shape in INDEX.tables} | {f"{INDEX.name}-leases", f"{INDEX.name}-ledger"}
        return (name, f"{table}{GENERATIONS}{slash}{rest}") if self.generations and table in own else (name,)

    def _on_buckets(self) -> list[Statement]:
        ours = {"StringEquals": {"s3:ResourceAccount": sub("${AWS::AccountId}")}}
        found: list[Statement] = []
        if self.lists is None:
            found.append(allow("s3:ListBucket", bucket_arn(LAKE_BUCKET), **ours))
        elif self.lists:
            prefixes = {"StringLike": {"s3:prefix": [f"{prefix}*" for prefix in self.lists]}}
            found.append(allow("s3:ListBucket", bucket_arn(LAKE_BUCKET), **ours, **prefixes))
        if self.takes_files:
            found += [
                allow("s3:ListBucket", bucket_arn(FILES_BUCKET), **ours),
                allow(["s3:DeleteObject", "s3:GetObject"], bucket_arn(FILES_BUCKET, "*"), **ours),
                key_use(files_key(), ["s3"], ["kms:Decrypt"]),
            ]
        return found


def _on_objects(action: str, keys: Sequence[str]) -> list[Statement]:
    if not keys:
        return []
    account = {"s3:ResourceAccount": sub("${AWS::AccountId}")}
    return [allow(action, [bucket_arn(LAKE_BUCKET, each) for each in keys], StringEquals=account)]


def _named(service: str, calls: Sequence[str]) -> list[str]:
    return [f"{service}:{call}" for call in sorted(calls)]


def _of_leases(drain: str) -> dict[str, str]:
    """What every drain does with its leases and its ledger."""
    return {
        f"{drain}-leases": "DeleteItem GetItem PutItem Scan UpdateItem",
        f"{drain}-ledger": "PutItem",
    }


API: Final = Rights(
    stream=(*READ_STREAM, "PutRecords"),
    tables={
        "transactions": "GetItem",
        "cards": "GetItem",
        "api-keys": "GetItem",
        "alerts": "GetItem",
        "idempotency": "GetItem PutItem UpdateItem",
        "cases": "BatchGetItem GetItem PutItem UpdateItem",
        "labels": "BatchGetItem GetItem PutItem",
        "merchants": "Query",
        "scores": "Query",
        "score-counts": "Query",
        "transactions/index/*": "Query",
        "alerts/index/*": "Query",
        "cases/index/*": "Query",
        **{f"{drain}-leases": "Scan" for drain in drains.names()},
    },
    reads=("dead-letters/*", "dead-letter-replays/*"),
    writes=("dead-letter-replays/*",),
    lists=None,  # S3 says of an object that is not there only to those who may list: else 403, which is no 404
)
INGEST: Final = Rights(
    tables={"api-keys": "GetItem"}, reads=("receipts/*",), writes=("receipts/*",), lists=None, takes_files=True
)
OF_DRAINS: Final = {
    INDEX.name: Rights(
        stream=READ_STREAM,
        tables={
            "transactions": "GetItem PutItem UpdateItem",
            "merchants": "PutItem UpdateItem",
            "cards": "GetItem UpdateItem",
            **_of_leases(INDEX.name),
        },
        writes=("dead-letters/*",),
        lists=None,
    ),
    ARCHIVE.name: Rights(
        stream=READ_STREAM,
        tables=_of_leases(ARCHIVE.name),
        reads=("raw/*",),
        writes=("dead-letters/*", "raw/*"),
        lists=None,
    ),
    SCORE.name: Rights(
        stream=READ_STREAM,
        alerts_stream=("PutRecord",),
        tables={
            "card-state": "BatchGetItem PutItem",
            "scores": "BatchWriteItem Query",
            "alerts": "GetItem PutItem UpdateItem",
            "cases": "GetItem PutItem UpdateItem",
            "score-counts": "GetItem PutItem",
            **_of_leases(SCORE.name),
        },
        reads=("registry/*", "scores/*"),
        writes=("dead-letters/*", "scores/dt=*"),
        lists=None,
    ),
}
"""By the names of the drains. A drain that the registry has and this has not is no drain that can be deployed."""
OPERATOR: Final = Rights(
    stream=("DescribeStreamSummary",),
    alerts_stream=("DescribeStreamSummary",),
    tables={
        **dict.fromkeys(table_names(), "DescribeTable"),
        **dict.fromkeys(sorted(expiring_tables()), "DescribeTable DescribeTimeToLive"),
        "transactions": "DescribeTable DescribeTimeToLive GetItem PutItem",
        f"transactions{GENERATIONS}": "GetItem PutItem",
    },
    generations=False,
    lists=None,
)
"""Of `txn bootstrap`, which looks whether all is there and notes how the index is laid out, a further generation of
it, too, if it is named and there (`--item-form`). It makes nothing."""
WAREHOUSE: Final = Rights(
    stream=READ_STREAM,
    tables={"archive-leases": "Scan"},
    reads=("raw/*", "curated/*", "vault/*", "redshift/*"),
    writes=("curated/*", "vault/*", "redshift/*"),
    deletes=("redshift/*",),
    lists=None,
)
"""Of `txn warehouse run`: it curates, and asks up to when the lake is complete."""
