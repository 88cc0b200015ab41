"""The servers of the local stack keep what they acknowledged, whatever ends them."""

import aioboto3
import pytest

from txn_core.settings import Settings


async def test_each_server_answers_an_aws_client(settings: Settings) -> None:
    """A client with the fixture's settings and environment writes to and reads from all three."""
    session = aioboto3.Session()
    async with session.client("kinesis", endpoint_url=settings.kinesis_endpoint_url) as kinesis:
        await kinesis.create_stream(StreamName=settings.stream, ShardCount=1)
        assert settings.stream in (await kinesis.list_streams())["StreamNames"]
    async with session.client("dynamodb", endpoint_url=settings.dynamodb_endpoint_url) as dynamodb:
        assert "TableNames" in await dynamodb.list_tables()
    async with session.client("s3", endpoint_url=settings.s3_endpoint_url) as s3:
        await s3.create_bucket(Bucket=settings.bucket)
        await s3.put_object(Bucket=settings.bucket, Key="a/b", Body=b"c", IfNoneMatch="*")
        with pytest.raises(s3.exceptions.ClientError, match="PreconditionFailed"):
            await s3.put_object(Bucket=settings.bucket, Key="a/b", Body=b"c", IfNoneMatch="*")
