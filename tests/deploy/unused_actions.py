"""What policies allow although no task needs to use it while it is at work, each with the reason."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Final

REASONS: Final[dict[str, str]] = {
    "* dynamodb:* table/txn-*-g[*]*": "further generations of the index, which a rebuild makes and serves",
    "* dynamodb:DeleteItem table/txn-*-leases": "leases go once their shards are gone, after the stream's retention",
    "* dynamodb:PutItem table/txn-*-ledger": "a minute is put into the ledger once it is over",
    "archive s3:GetObject */raw/[*]": "looks at an object that is there, after a kill between write and checkpoint",
    "score s3:GetObject */scores/[*]": "the same for objects of the score log, and replays of it",
    "score dynamodb:UpdateItem table/txn-cases": "an alert joins a case that is open",
    "api dynamodb:GetItem table/txn-cards": "other ids of a card, once there are several versions of the card key",
    "index dynamodb:* table/txn-cards": "the same",
    "api dynamodb:*Item table/txn-cases": "reviewers work on cases, which there are once the model raises alerts",
    "api dynamodb:BatchGetItem table/txn-labels": "cases are shown with the labels of their transactions",
    "api dynamodb:Query table/txn-cases/index/[*]": "the cases of a card",
    "api dynamodb:GetItem table/txn-alerts": "an alert by its id",
    "api s3:GetObject */dead-letter-replays/[*]": "looks at what it wrote itself, when the answer to that was lost",
    "index dynamodb:UpdateItem table/txn-merchants": "asks a server that does not say what stands in the way",
    "bootstrap dynamodb:DescribeTimeToLive table/txn-*": "rows of the index expire, where it has an end of life",
    "bootstrap kms:GenerateDataKey *": "DynamoDB's guide asks for it of who writes to a table under a key of ours",
}
"""By a pattern of `process action resource`, in which `[*]` stands for the star of a policy."""


def unexplained(unused: set[str]) -> set[str]:
    """What is unused and has no reason."""
    return {one for one in unused if not any(fnmatchcase(one, pattern) for pattern in REASONS)}


def without_purpose(allowed: Iterable[str]) -> set[str]:
    """Reasons for something that nothing allows."""
    known = list(allowed)
    return {pattern for pattern in REASONS if not any(fnmatchcase(one, pattern) for one in known)}
