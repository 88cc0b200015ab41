"""The bucket of the lake, whose objects are written once, and the bucket of clients' files, which keeps nothing."""

from typing import Any, Final

from aws_cdk import Stack
from aws_cdk import aws_s3 as s3

from deploy.names import FILES_BUCKET, LAKE_BUCKET, bucket_arn, sub
from deploy.parts.encryption import Keys
from deploy.parts.kept import kept
from deploy.policies import by_anyone, deny, document

WRITE_ONCE: Final = ("raw/*", "dead-letters/*", "dead-letter-replays/*", "scores/dt=*", "curated/*", "vault/*")
"""Objects that the code writes by `put_if_absent` alone. The other prefixes hold objects that change."""
LETTERS_KEPT_DAYS: Final = 400
VERSIONS_KEPT_DAYS: Final = 30

_RULE: Final = s3.CfnBucket.RuleProperty


def add_buckets(stack: Stack, keys: Keys) -> None:
    """Add both."""
    abandoned = s3.CfnBucket.AbortIncompleteMultipartUploadProperty(days_after_initiation=1)
    lake = _bucket(
        stack,
        "LakeBucket",
        LAKE_BUCKET,
        keys.data,
        rules=[
            _RULE(id="dead-letters", status="Enabled", prefix="dead-letters/", expiration_in_days=LETTERS_KEPT_DAYS),
            _RULE(
                id="replaced",
                status="Enabled",
                abort_incomplete_multipart_upload=abandoned,
                noncurrent_version_expiration=s3.CfnBucket.NoncurrentVersionExpirationProperty(
                    noncurrent_days=VERSIONS_KEPT_DAYS
                ),
            ),
        ],
        versioning_configuration=s3.CfnBucket.VersioningConfigurationProperty(status="Enabled"),
    )
    files = _bucket(
        stack,
        "FilesBucket",
        FILES_BUCKET,
        keys.files,
        rules=[
            _RULE(id="one-day", status="Enabled", expiration_in_days=1, abort_incomplete_multipart_upload=abandoned)
        ],
        # For the function of files, where there is one.
        notification_configuration=s3.CfnBucket.NotificationConfigurationProperty(
            event_bridge_configuration=s3.CfnBucket.EventBridgeConfigurationProperty(event_bridge_enabled=True)
        ),
    )
    written_twice = by_anyone(
        deny(
            "s3:PutObject",
            [bucket_arn(LAKE_BUCKET, keys) for keys in WRITE_ONCE],
            Null={"s3:if-none-match": "true"},
        ),
        "WriteOnce",
    )
    _policy(stack, "LakePolicy", lake, LAKE_BUCKET, written_twice)
    _policy(stack, "FilesPolicy", files, FILES_BUCKET)


def _bucket(stack: Stack, logical_id: str, name: str, key: str, *, rules: Any, **more: Any) -> Any:
    encrypted = s3.CfnBucket.ServerSideEncryptionRuleProperty(
        bucket_key_enabled=True,
        server_side_encryption_by_default=s3.CfnBucket.ServerSideEncryptionByDefaultProperty(
            sse_algorithm="aws:kms", kms_master_key_id=key
        ),
    )
    bucket = s3.CfnBucket(
        stack,
        logical_id,
        bucket_name=sub(name),
        bucket_encryption=s3.CfnBucket.BucketEncryptionProperty(server_side_encryption_configuration=[encrypted]),
        lifecycle_configuration=s3.CfnBucket.LifecycleConfigurationProperty(rules=rules),
        ownership_controls=s3.CfnBucket.OwnershipControlsProperty(
            rules=[s3.CfnBucket.OwnershipControlsRuleProperty(object_ownership="BucketOwnerEnforced")]
        ),
        public_access_block_configuration=s3.CfnBucket.PublicAccessBlockConfigurationProperty(
            block_public_acls=True, block_public_policy=True, ignore_public_acls=True, restrict_public_buckets=True
        ),
        **more,
    )
    return kept(bucket)


def _policy(stack: Stack, logical_id: str, bucket: Any, name: str, *statements: Any) -> None:
    """A bucket's policy, which is kept with the bucket: without it the bucket would be open to calls without TLS."""
    without_tls = by_anyone(
        deny("s3:*", [bucket_arn(name), bucket_arn(name, "*")], Bool={"aws:SecureTransport": "false"}), "TlsOnly"
    )
    kept(s3.CfnBucketPolicy(stack, logical_id, bucket=bucket.ref, policy_document=document(without_tls, *statements)))
