"""Whose bucket the lake is: every S3 call names the account that it expects to own the bucket.

Bucket names are shared by all accounts of AWS. A name that is mistyped, or that was given up and taken by somebody
else, leads to a bucket of theirs; where that is open to us, events and dead letters would go to them. S3 refuses a
call with 403 when the owner is another than `x-amz-expected-bucket-owner` says (S3 User Guide, "Verifying bucket
ownership with bucket owner condition").
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from botocore.exceptions import BotoCoreError, ClientError

from txn_core.aws.errors import code_of
from txn_core.aws.types import S3Client
from txn_core.exceptions import StoreError
from txn_core.loopback import is_local

OWNERS: Final = ("ExpectedBucketOwner", "ExpectedSourceBucketOwner")
MAKES_A_BUCKET: Final = "CreateBucket"
"""The one call on a bucket that cannot name an owner, since there is no bucket yet."""


def expect_owner(client: S3Client, account: str) -> None:
    """Let every call of the client, also one that is presigned, name the account as the owner of its buckets."""
    client.meta.events.register("before-parameter-build.s3", partial(_name_owner, account))


def _name_owner(account: str, params: dict[str, Any], model: Any, **_: object) -> None:
    taken: Mapping[str, object] = model.input_shape.members if model.input_shape else {}
    if "Bucket" in taken and OWNERS[0] not in taken and model.name != MAKES_A_BUCKET:
        raise StoreError(f"{model.name} cannot say whose bucket it expects, so it is not for the lake")
    for owner in OWNERS:
        if owner in taken:
            params.setdefault(owner, account)


async def account_of(sts: Any, s3: S3Client) -> str | None:
    """The account of our credentials; None where S3 is a server on this machine and no STS is here to say it.

    Raises:
        StoreError: STS does not tell.
    """
    if is_local(s3.meta.endpoint_url) and not is_local(sts.meta.endpoint_url):
        return None
    try:
        account: str = (await sts.get_caller_identity())["Account"]
    except (BotoCoreError, ClientError, OSError) as error:
        raise StoreError(
            f"STS does not say whose credentials these are ({code_of(error)}): "
            "set TXN_BUCKET_OWNER to the bucket's account"
        ) from None
    return account


async def arn_of(sts: Any) -> str:
    """The ARN of whoever our credentials belong to.

    Raises:
        StoreError: STS does not tell.
    """
    try:
        arn: str = (await sts.get_caller_identity())["Arn"]
    except (BotoCoreError, ClientError, OSError) as error:
        raise StoreError(f"STS does not say whose credentials these are ({code_of(error)}): sign in to AWS") from None
    return arn
