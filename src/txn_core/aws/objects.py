"""The object store of the lake: put once, look, list, read."""

from collections.abc import AsyncIterator, Mapping
from typing import NamedTuple

from botocore.exceptions import ClientError

from txn_core.aws.errors import Failure, carried_out, code_of, failure_of
from txn_core.aws.types import S3Client
from txn_core.aws.versioned_objects import VersionedObjects


class ObjectEntry(NamedTuple):
    """An object as a list names it, with its size in bytes."""

    key: str
    bytes: int


class ObjectStore:
    """One bucket."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    @property
    def versioned(self) -> VersionedObjects:
        """The same bucket, for objects that change."""
        return VersionedObjects(self._client, self._bucket)

    async def reach(self) -> None:
        """Return when the bucket is there.

        Raises:
            ClientError: it is not, or not for us.
        """
        await self._client.head_bucket(Bucket=self._bucket)

    async def put_if_absent(self, key: str, body: bytes, metadata: Mapping[str, str]) -> bool:
        """Write an object unless its key is taken; false when it is (412).

        Raises:
            ClientError: anything else, such as 409 (a concurrent write of the key) and 503, which may be retried.
        """
        return await carried_out(
            self._client.put_object(Bucket=self._bucket, Key=key, Body=body, Metadata=metadata, IfNoneMatch="*")
        )

    async def metadata(self, key: str) -> Mapping[str, str]:
        """The metadata of an object that is there."""
        return (await self._client.head_object(Bucket=self._bucket, Key=key))["Metadata"]

    async def find(self, key: str) -> Mapping[str, str] | None:
        """The metadata of an object; none when it is not there."""
        try:
            return await self.metadata(key)
        except ClientError as error:
            if failure_of(error) is Failure.NOT_FOUND and code_of(error) != "NoSuchBucket":
                return None
            raise

    async def read(self, key: str) -> bytes:
        """The bytes of an object that is there."""
        answer = await self._client.get_object(Bucket=self._bucket, Key=key)
        async with answer["Body"] as body:
            return await body.read()

    async def delete(self, key: str) -> None:
        """Delete an object; one that is not there is deleted."""
        await self._client.delete_object(Bucket=self._bucket, Key=key)

    async def keys(self, prefix: str) -> AsyncIterator[str]:
        """The keys under a prefix, in order."""
        async for entry in self.entries(prefix):
            yield entry.key

    async def entries(self, prefix: str, after: str = "") -> AsyncIterator[ObjectEntry]:
        """The objects under a prefix whose keys come after one, in the order of the keys."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, StartAfter=after
        )
        async for page in pages:
            for entry in page.get("Contents", ()):
                yield ObjectEntry(entry["Key"], entry["Size"])

    async def folders(self, prefix: str) -> AsyncIterator[str]:
        """The folders right under a prefix, in order, each with the slash at its end."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=prefix, Delimiter="/"
        )
        async for page in pages:
            for entry in page.get("CommonPrefixes", ()):
                yield entry["Prefix"]
