"""The rights to a KMS key that a call needs besides, where what it works on is encrypted with one of the account's.

Sources: Kinesis Data Streams Developer Guide, "Permissions to use user-generated KMS keys"; S3 User Guide, "Using
server-side encryption with AWS KMS keys"; DynamoDB Developer Guide, "DynamoDB encryption usage notes"; Secrets
Manager User Guide, "Secret encryption and decryption". The service asks KMS in the name of the caller, so that the
caller needs the right, and a policy may allow it for that service alone (`kms:ViaService`).
"""

from collections.abc import Mapping
from typing import Final

from devkit.aws_account.policies.policy import Right

_DATA_KEY: Final = ("kms:GenerateDataKey",)
_DECRYPT: Final = ("kms:Decrypt",)
_DYNAMODB_DATA: Final = (
    "GetItem", "BatchGetItem", "Query", "Scan", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem",
    "ConditionCheckItem",
)  # fmt: skip
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    "kinesis:PutRecord": _DATA_KEY,
    "kinesis:PutRecords": _DATA_KEY,
    "kinesis:GetRecords": _DECRYPT,
    "kinesis:SubscribeToShard": _DECRYPT,
    "s3:PutObject": _DATA_KEY,
    "s3:GetObject": _DECRYPT,
    "s3:GetObjectVersion": _DECRYPT,
    "secretsmanager:GetSecretValue": _DECRYPT,
    "sqs:SendMessage": _DATA_KEY,
    "sns:Publish": _DATA_KEY,
    **{f"dynamodb:{operation}": _DECRYPT for operation in _DYNAMODB_DATA},
}


def key_rights(right: Right, key_of: Mapping[str, str], region: str) -> list[Right]:
    """The rights to a key that another right brings with it.

    Args:
        right: what the call does.
        key_of: the ARN of the key of a stream, table, bucket or secret, by that one's ARN.
        region: the region of the call.
    """
    key = key_of.get(encrypted_resource(right.resource))
    service = right.action.partition(":")[0]
    context = {"kms:viaservice": (f"{service}.{region}.amazonaws.com",)}
    return [Right(action, key, context) for action in _NEEDED.get(right.action, ())] if key else []


def encrypted_resource(arn: str) -> str:
    """The ARN of what is encrypted as a whole: the table of an index, a consumer's stream, an object's bucket."""
    service = arn.split(":")[2] if arn.startswith("arn:") else ""
    if service == "s3":
        return arn.partition("/")[0]
    for inner in ("/index/", "/consumer/"):
        arn = arn.partition(inner)[0]
    return arn
