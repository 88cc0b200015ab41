"""The lake's bucket as COPY needs it, by calls that block: a landing's methods run in a thread."""

from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from txn_core.exceptions import WarehouseError
from txn_core.settings import Settings


class ManifestBucket:
    """The bucket of some settings (see `ManifestStore`)."""

    def __init__(self, settings: Settings) -> None:
        self.bucket = settings.lake_bucket
        url = settings.s3_endpoint_url
        config = Config(s3={"addressing_style": "path" if url else "auto"})
        region = settings.region_at(url)
        self._client: Any = boto3.Session().client("s3", endpoint_url=url, region_name=region, config=config)
        owner = settings.bucket_owner or (None if url else _account(region))
        self._owner = {"ExpectedBucketOwner": owner} if owner else {}

    def put(self, key: str, body: bytes) -> None:
        """Write an object.

        Raises:
            WarehouseError: the bucket cannot be written.
        """
        try:
            self._client.put_object(Bucket=self.bucket, Key=key, Body=body, **self._owner)
        except (BotoCoreError, ClientError) as error:
            raise WarehouseError(f"cannot write {key} for COPY ({type(error).__name__}): see the bucket") from None

    def delete(self, key: str) -> None:
        """Delete an object, if it is there. One that stays is of no harm: nothing names it any more."""
        try:
            self._client.delete_object(Bucket=self.bucket, Key=key, **self._owner)
        except (BotoCoreError, ClientError):
            return


def _account(region: str | None) -> str:
    """The account of our credentials, whose the bucket has to be: rows go into it."""
    try:
        return str(boto3.Session().client("sts", region_name=region).get_caller_identity()["Account"])
    except (BotoCoreError, ClientError) as error:
        raise WarehouseError(
            f"STS does not say whose credentials these are ({type(error).__name__}): "
            "set TXN_BUCKET_OWNER to the bucket's account"
        ) from None
