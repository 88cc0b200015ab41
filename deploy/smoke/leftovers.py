"""Deletes what the stacks of a run leave behind on purpose, each by its own call, and nothing else.

In service these are what cannot be rebuilt. Here they are some rows of made-up cards, so a run takes them away: only
what `Stacks.retained` listed of stacks of this run, and only where the name begins with the run's prefix.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

from botocore.exceptions import ClientError

from deploy.smoke.stacks import Resource

KMS_WINDOW_DAYS: Final = 7
"""How long AWS keeps a key that is to be deleted, at least. It costs nothing meanwhile."""
UNNAMED: Final = frozenset({"AWS::KMS::Key"})
"""Kinds that AWS gives a random id."""
GO_ALONG: Final = frozenset({"AWS::S3::BucketPolicy"})
"""Kinds that go with what they belong to."""
GONE: Final = frozenset(
    {"KMSInvalidStateException", "NoSuchBucket", "NotFoundException", "ResourceNotFoundException"}
)
"""What services answer of something that an earlier run deleted, or a key that waits to be."""

Client = Callable[[str], Any]


def delete(resources: Iterable[Resource], prefix: str, client: Client, say: Callable[[str], None]) -> list[Resource]:
    """Delete the resources; gives those that are left, with what was said of them.

    `client` makes boto3's client of a service.
    """
    left = []
    for resource in resources:
        if resource.kind in GO_ALONG:
            continue
        deleter = DELETERS.get(resource.kind)
        named = resource.kind in UNNAMED or _name(resource).startswith(
            (f"{prefix}-", f"{prefix}/", f"/txn/{prefix}/")
        )
        if deleter is None or not named:
            say(f"left: {resource.kind} {resource.physical_id}")
            left.append(resource)
            continue
        say(f"deleting {resource.kind} {resource.physical_id}")
        try:
            deleter(client, resource.physical_id)
        except ClientError as error:
            if error.response["Error"]["Code"] not in GONE:
                raise
    return left


def _name(resource: Resource) -> str:
    """The name in a physical id, which of a secret is its ARN."""
    return resource.physical_id.partition(":secret:")[2] or resource.physical_id


def _delete_table(client: Client, name: str) -> None:
    dynamodb = client("dynamodb")
    dynamodb.update_table(TableName=name, DeletionProtectionEnabled=False)
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    dynamodb.delete_table(TableName=name)


def _delete_stream(client: Client, name: str) -> None:
    client("kinesis").delete_stream(StreamName=name, EnforceConsumerDeletion=True)


def _delete_bucket(client: Client, name: str) -> None:
    s3 = client("s3")
    for page in s3.get_paginator("list_object_versions").paginate(Bucket=name):
        entries = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
        for each in entries:
            s3.delete_object(Bucket=name, Key=each["Key"], VersionId=each["VersionId"])
    s3.delete_bucket(Bucket=name)


def _delete_secret(client: Client, name: str) -> None:
    client("secretsmanager").delete_secret(SecretId=name, ForceDeleteWithoutRecovery=True)


def _delete_key(client: Client, key_id: str) -> None:
    client("kms").schedule_key_deletion(KeyId=key_id, PendingWindowInDays=KMS_WINDOW_DAYS)


def _delete_vault(client: Client, name: str) -> None:
    backup = client("backup")
    for page in backup.get_paginator("list_recovery_points_by_backup_vault").paginate(BackupVaultName=name):
        for point in page["RecoveryPoints"]:
            backup.delete_recovery_point(BackupVaultName=name, RecoveryPointArn=point["RecoveryPointArn"])
    backup.delete_backup_vault(BackupVaultName=name)


def _delete_log_group(client: Client, name: str) -> None:
    client("logs").delete_log_group(logGroupName=name)


DELETERS: Final[dict[str, Callable[[Client, str], None]]] = {
    "AWS::DynamoDB::Table": _delete_table,
    "AWS::Kinesis::Stream": _delete_stream,
    "AWS::S3::Bucket": _delete_bucket,
    "AWS::SecretsManager::Secret": _delete_secret,
    "AWS::KMS::Key": _delete_key,
    "AWS::Backup::BackupVault": _delete_vault,
    "AWS::Logs::LogGroup": _delete_log_group,
}
