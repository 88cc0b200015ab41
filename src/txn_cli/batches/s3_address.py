"""Addresses of objects in S3, as people type them: refused here where S3's client or server could only stumble."""

import re
from dataclasses import dataclass
from typing import Final, Self

from ingest.files.file_errors import SourceError
from txn_core.printable import printable

SCHEME: Final = "s3://"
KEY_BYTES_MAX: Final = 1_024
"""Of a key in UTF-8 (S3 User Guide, "Naming Amazon S3 objects")."""
_BUCKET: Final = r"[A-Za-z0-9][A-Za-z0-9._-]{2,254}"
"""Today's names of buckets, and those of older ones (S3 User Guide, "General purpose bucket naming rules")."""
_SCHEMES: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_STEPS: Final = frozenset({".", ".."})


@dataclass(frozen=True, slots=True)
class S3Address:
    """An object of S3 by its bucket and its key, which is taken as it is written: nothing in it is unquoted."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """The object that a text names; None when the text is a path of this machine.

        Raises:
            SourceError: it is an address, and none of an object in S3.
        """
        if (scheme := _SCHEMES.match(text)) is None:
            return None
        if scheme[0].lower() != SCHEME:
            raise SourceError(f"{printable(scheme[0])} is not read here: name a file, or s3://BUCKET/KEY")
        bucket, _, key = text[len(SCHEME) :].partition("/")
        if not re.fullmatch(_BUCKET, bucket) or not key.strip("/"):
            raise SourceError("give an object of S3 as s3://BUCKET/KEY, the bucket by its name")
        if fault := _fault(key):
            raise SourceError(f"the key of that object {fault}")
        return cls(bucket, key)


def _fault(key: str) -> str | None:
    """What is wrong with a key; None when nothing is."""
    try:
        size = len(key.encode())
    except UnicodeEncodeError:
        return "is no UTF-8, as all keys in S3 are"
    if size > KEY_BYTES_MAX:
        return f"is longer than the {KEY_BYTES_MAX:,} bytes that S3 knows"
    if not _STEPS.isdisjoint(key.split("/")):
        return "has a step . or .. in it, which servers refuse or follow: copy the object to another key"
    return None
