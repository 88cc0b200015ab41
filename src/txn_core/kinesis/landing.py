"""What a record's way to the stream came to."""

from typing import Final, NamedTuple, Protocol

from txn_core.positions import SequenceNumber, ShardId


class Attempt(NamedTuple):
    """An attempt that did not end in a landing: the code of its error, and how long it took."""

    code: str
    took_s: float


# Tuples: one of these is made for every record, and a frozen dataclass costs three times as much to make.
class Landing(NamedTuple):
    """Where the stream put a record; the sub-sequence number counts within an aggregated one."""

    shard_id: ShardId
    sequence_number: SequenceNumber
    sub_sequence_number: int = 0
    failures: tuple[Attempt, ...] = ()  # the attempts before, oldest first


class DeliverySink(Protocol):
    """Who is told what became of a record, once: a future, or what behaves like one."""

    def done(self) -> bool:
        """Whether it was told, or does not want to know any more."""

    def set_result(self, landing: Landing, /) -> None:
        """Tell that it has landed."""

    def set_exception(self, error: Exception, /) -> None:
        """Tell that it will not land, or that nobody knows."""


class _Nobody:
    def done(self) -> bool:
        return True

    def set_result(self, landing: Landing, /) -> None:
        raise NotImplementedError

    def set_exception(self, error: Exception, /) -> None:
        raise NotImplementedError


NOBODY: Final[DeliverySink] = _Nobody()
"""Stands for whoever was told, and is not to be kept in memory for a record that is only waiting to be forgotten."""
