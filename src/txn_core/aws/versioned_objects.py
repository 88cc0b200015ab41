"""A bucket whose objects change: each is read, replaced and removed by its version, which is its ETag.

Of several writers that have read one version, S3 lets one replace it and answers the others 412 (S3 User Guide,
"Conditional requests"). An ETag is made of the content, so whoever relies on that writes no content twice.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any, NewType

from botocore.exceptions import ClientError

from txn_core.aws.errors import Failure, code_of, failure_of
from txn_core.aws.types import S3Client

ETag = NewType("ETag", str)


class ObjectTooLargeError(Exception):
    """An object has more bytes than its reader takes; none of them was read."""


@dataclass(frozen=True, slots=True)
class ListedObject:
    """An object as a list names it; `changed_at` is when it was written, by the clock of S3."""

    key: str
    etag: ETag
    size: int
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class LoadedObject:
    """An object with its bytes; `age_s` is how long ago it was written, both ends by the clock of S3, to a second."""

    body: bytes
    etag: ETag
    age_s: float


@dataclass(frozen=True, slots=True)
class Level:
    """What lies right under a prefix: the names of the folders, in order, and how many objects are in no folder."""

    folders: list[str]
    objects: int


class VersionedObjects:
    """One bucket."""

    def __init__(self, client: S3Client, bucket: str) -> None:
        self._client, self.bucket = client, bucket

    async def reach(self) -> None:
        """Return when the bucket is there.

        Raises:
            ClientError: it is not, or not for us.
        """
        await self._client.head_bucket(Bucket=self.bucket)

    async def find(self, key: str) -> ListedObject | None:
        """What a list would say of an object; None when it is not there."""
        head = await _present(self._client.head_object(Bucket=self.bucket, Key=key))
        if head is None:
            return None
        return ListedObject(key, ETag(head["ETag"]), head["ContentLength"], head["LastModified"])

    async def load(self, key: str, bytes_max: int | None = None) -> LoadedObject | None:
        """An object, or None when it is not there.

        Raises:
            ObjectTooLargeError: it has more than `bytes_max` bytes.
        """
        answer = await _present(self._client.get_object(Bucket=self.bucket, Key=key))
        if answer is None:
            return None
        async with answer["Body"] as body:
            if bytes_max is not None and answer["ContentLength"] > bytes_max:
                raise ObjectTooLargeError
            data = await body.read()
        said_at = parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])
        return LoadedObject(data, ETag(answer["ETag"]), (said_at - answer["LastModified"]).total_seconds())

    async def part(self, key: str, etag: ETag, start: int, end: int) -> bytes | None:
        """The bytes of one version from `start` to before `end`; None when that version is not there any more.

        Raises:
            ConnectionError: the answer was cut off.
        """
        asked = self._client.get_object(Bucket=self.bucket, Key=key, IfMatch=etag, Range=f"bytes={start}-{end - 1}")
        if (answer := await _of_version(asked)) is None:
            return None
        async with answer["Body"] as body:
            data: bytes = await body.read()
        if len(data) != end - start:
            raise ConnectionError("the answer was cut off")
        return data

    async def write(self, key: str, body: bytes, *, over: ETag | None) -> ETag | None:
        """Write an object over one version of it, or where there is none; gives the new version.

        None when another version, or any at all, is there. Without an answer it may have been written.
        """
        condition: dict[str, Any] = {"IfNoneMatch": "*"} if over is None else {"IfMatch": over}
        written = await _of_version(self._client.put_object(Bucket=self.bucket, Key=key, Body=body, **condition))
        return None if written is None else ETag(written["ETag"])

    async def put(self, key: str, body: bytes) -> None:
        """Write an object, whatever is there."""
        await self._client.put_object(Bucket=self.bucket, Key=key, Body=body)

    async def remove(self, key: str, etag: ETag) -> bool:
        """Remove one version of an object; false when another one, or none, is there."""
        return await _of_version(self._client.delete_object(Bucket=self.bucket, Key=key, IfMatch=etag)) is not None

    async def listed(self, prefix: str) -> AsyncIterator[ListedObject]:
        """The objects under a prefix, in the order of their keys."""
        pages = self._client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        async for page in pages:
            for entry in page.get("Contents", ()):
                yield ListedObject(entry["Key"], ETag(entry["ETag"]), entry["Size"], entry["LastModified"])

    async def level(self, prefix: str = "") -> Level:
        """What lies right under a prefix."""
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self.bucket, Prefix=prefix, Delimiter="/"
        )
        folders, objects = [], 0
        async for page in pages:
            names = (entry["Prefix"] for entry in page.get("CommonPrefixes", ()))
            folders += [name.removeprefix(prefix).removesuffix("/") for name in names]
            objects += len(page.get("Contents", ()))
        return Level(folders, objects)

    async def folders(self, prefix: str = "") -> list[str]:
        """The names of the folders right under a prefix, in order."""
        return (await self.level(prefix)).folders


async def _present(call: Any) -> Any:
    """The answer of a call; None when it found no such object."""
    try:
        return await call
    except ClientError as error:
        if failure_of(error) is Failure.NOT_FOUND and code_of(error) != "NoSuchBucket":
            return None
        raise


async def _of_version(call: Any) -> Any:
    """The answer of a call on one version of an object; None when that version is not there."""
    try:
        return await _present(call)
    except ClientError as error:
        if failure_of(error) is Failure.CONDITION_FAILED:
            return None
        raise
