"""Makes the buckets, or finds them as ours. A bucket is looked at before it is made: see `stream_making`."""

from http import HTTPStatus
from typing import Any, Final

from botocore.exceptions import ClientError

from txn_core.aws.errors import code_of
from txn_core.exceptions import StoreError
from txn_core.loopback import is_local
from txn_core.settings import Settings

ONE_DAY: Final = {
    "ID": "one-day",
    "Status": "Enabled",
    "Filter": {"Prefix": ""},
    "Expiration": {"Days": 1},
    "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 1},
}
"""What S3 does in the bucket of clients' files: nobody's file stays for longer than a day."""


async def make_bucket(client: Any, name: str, setting: str = "TXN_BUCKET") -> None:
    """Make the bucket that a setting names, or find it as ours.

    Raises:
        StoreError: the bucket of that name is somebody else's, or not for us.
    """
    if await _is_there(client, name, setting):
        return
    region = client.meta.region_name
    # us-east-1 is the one region that CreateBucket does not want to hear.
    place = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    try:
        await client.create_bucket(Bucket=name, **place)
    except ClientError as error:
        match code_of(error):
            case "BucketAlreadyOwnedByYou":  # somebody of us was quicker
                pass
            case "BucketAlreadyExists":
                raise StoreError(
                    f"the bucket {name} is another account's: accounts share the names, so set {setting} to another"
                ) from None
            case _:
                raise
    await _is_there(client, name, setting)


async def _is_there(client: Any, name: str, setting: str) -> bool:
    try:
        # By the client's `bucket_owner` S3 refuses a bucket of another account here, and in all calls that follow.
        await client.head_bucket(Bucket=name)
    except ClientError as error:
        match error.response["ResponseMetadata"]["HTTPStatusCode"]:
            case HTTPStatus.NOT_FOUND:
                return False
            case HTTPStatus.FORBIDDEN:
                await _say_why(client, name)
                raise StoreError(
                    f"the bucket {name} is another account's, or not for these credentials: "
                    f"look at {setting}, TXN_BUCKET_OWNER and the rights to the bucket"
                ) from None
            case _:
                raise
    return True


async def _say_why(client: Any, name: str) -> None:
    """Return when a bucket may not be looked at. An answer to HEAD has no body, so it does not say why.

    Raises:
        ClientError: it is not the bucket: the credentials are unknown, or have expired.
    """
    try:
        await client.list_objects_v2(Bucket=name, MaxKeys=1)
    except ClientError as error:
        if code_of(error) != "AccessDenied":
            raise


async def make_clients_bucket(client: Any, name: str, settings: Settings) -> None:
    """Make the bucket of clients' files, or find it as ours; S3 removes from it what nobody has read for a day.

    Rules that the bucket has stay. A server on this machine is not asked: SeaweedFS keeps objects that expire in
    volumes of their own.
    """
    await make_bucket(client, name, "TXN_INGEST_BUCKET")
    if is_local(settings.s3_endpoint_url):
        return
    try:
        await client.get_bucket_lifecycle_configuration(Bucket=name)
    except ClientError as error:
        if code_of(error) != "NoSuchLifecycleConfiguration":
            raise
        await client.put_bucket_lifecycle_configuration(Bucket=name, LifecycleConfiguration={"Rules": [ONE_DAY]})
