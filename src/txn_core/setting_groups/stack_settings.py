"""Settings of the systems that the service works with: endpoints, names, region, bucket, and the log."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, Field

from txn_core.aws.region import LOCAL_REGION, MISSING, region_given
from txn_core.exceptions import SettingsError
from txn_core.loopback import is_local

LOCAL_BUCKET = "txn-lake"


def _absent_if_blank(value: object) -> object:
    """None for a blank text, by which a variable that an image sets is taken back."""
    return None if isinstance(value, str) and not value.strip() else value


def _local_bucket(others: dict[str, Any]) -> str | None:
    """A name for the lake of an S3 on this machine. On AWS, where all accounts share the names, there is none."""
    return LOCAL_BUCKET if is_local(others.get("s3_endpoint_url")) else None


Region = Annotated[str | None, BeforeValidator(region_given)]


class StackSettings(BaseModel):
    """Where the stream, the tables and the lake are, and what they are called."""

    data_dir: Path = Field(Path(".txn"), description="folder of the local stack")
    target: Annotated[Literal["aws"] | None, BeforeValidator(_absent_if_blank)] = Field(
        None, description="`aws` lets commands work on AWS; without it they need `--aws` (docs/operations.md)"
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="least severe log line")

    aws_region: Region = Field(
        None, description="AWS region; AWS_REGION, AWS_DEFAULT_REGION or the AWS profile names it when absent"
    )
    kinesis_endpoint_url: str | None = Field(None, description="Kinesis endpoint; AWS when absent")
    dynamodb_endpoint_url: str | None = Field(None, description="DynamoDB endpoint; AWS when absent")
    s3_endpoint_url: str | None = Field(None, description="S3 endpoint; AWS when absent")
    stream: str = Field("txn-transactions", description="Kinesis stream")
    alerts_stream: str = Field("txn-alerts", description="Kinesis stream of alerts; bootstrap makes it of one shard")
    stream_mode: Literal["provisioned", "on-demand"] = Field(
        "provisioned", description="capacity of a new stream: `provisioned` in shards, or `on-demand`, on AWS alone"
    )
    stream_shards: int = Field(
        2, ge=1, le=20_000, description="shards that bootstrap gives a new stream that is not on-demand"
    )
    stream_retention_hours: int | None = Field(
        None,
        ge=24,
        le=8_760,
        description="hours that streams keep records; bootstrap makes it more, never less; as they are when absent",
    )
    stream_kms_key: str | None = Field(
        None,
        min_length=1,
        description="KMS key by which bootstrap has streams encrypted that are not, such as `alias/aws/kinesis`",
    )
    table_recovery: bool = Field(
        False,
        description="bootstrap turns on point-in-time recovery of all tables but leases and those whose rows expire",
    )
    table_prefix: str = Field("txn", pattern="^[a-zA-Z0-9_.-]{1,64}$", description="DynamoDB tables are PREFIX-NAME")
    index_generation: int = Field(
        1,
        ge=1,
        le=9_999,
        description="generation of the index that is written and read; from 2 on its tables end in -gN",
    )
    index_kept_days: int | None = Field(
        None,
        ge=1,
        le=36_500,
        description="days that the index keeps a transaction after the day of its last 202; for ever when absent",
    )
    merchant_write_shards: int = Field(
        8,
        ge=1,
        le=256,
        description="write shards a merchant has in a new table; kept with the table afterwards",
    )
    bucket: str | None = Field(
        default_factory=_local_bucket,
        min_length=1,
        description="S3 bucket of the lake; no default but in the local stack, where it is `txn-lake`",
    )
    bucket_owner: str | None = Field(
        None,
        pattern="^[0-9]{12}$",
        description="AWS account that owns the bucket; the one of the credentials, asked of STS, when absent",
    )

    def region_at(self, endpoint_url: str | None) -> str:
        """The region for a client of an endpoint, of AWS' own when None is given.

        Raises:
            SettingsError: no region is known, and the endpoint is not on this machine.
        """
        if self.aws_region is not None:
            return self.aws_region
        if not is_local(endpoint_url):
            raise SettingsError(MISSING)
        return LOCAL_REGION

    @property
    def lake_bucket(self) -> str:
        """The bucket of the lake, for those who need one.

        Raises:
            SettingsError: none is set.
        """
        if self.bucket is None:
            raise SettingsError("the bucket of the lake is not known: set TXN_BUCKET")
        return self.bucket
