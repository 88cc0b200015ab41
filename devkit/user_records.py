"""The records of a Kinesis record, each with bytes of its own."""

from typing import NamedTuple

from txn_core.kinesis.aggregation import unpack


class UserRecord(NamedTuple):
    """One record as its producer meant it."""

    partition_key: str
    data: bytes


def deaggregate(data: bytes, partition_key: str) -> list[UserRecord]:
    """The user records of a Kinesis record; one that is no aggregate is its own only user record."""
    keys, holder, begins, ends = unpack(data, partition_key)
    return [UserRecord(key, holder[begin:end]) for key, begin, end in zip(keys, begins, ends, strict=True)]
