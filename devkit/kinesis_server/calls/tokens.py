"""Tokens that clients hand back: where to go on reading a shard, or listing shards. The server keeps none of them."""

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from typing import Annotated, NamedTuple

from pydantic import Field, TypeAdapter, ValidationError
from pydantic_core import to_json

from devkit.kinesis_server.calls.shapes import FilterType
from devkit.kinesis_server.errors import invalid_argument


class ShardIterator(NamedTuple):
    """A place in a shard."""

    stream: str
    created: float  # of the stream: another one of that name is not meant
    shard_id: str
    place: Annotated[int, Field(ge=0)]
    number: int  # among all iterators made
    made_at: float


class ListToken(NamedTuple):
    """A place in the list of a stream's shards, and what the list is restricted to."""

    stream: str
    after: str
    made_at: float
    filter_type: FilterType | None
    filter_shard: str | None
    filter_instant: float | None


_ITERATOR = TypeAdapter(ShardIterator)
_LIST_TOKEN = TypeAdapter(ListToken)


def encode(token: ShardIterator | ListToken) -> str:
    """A token as text."""
    return b2a_base64(to_json(token), newline=False).decode()


def decode_iterator(text: str) -> ShardIterator:
    """An iterator from its text.

    Raises:
        KinesisError: it is none of ours.
    """
    try:
        return _ITERATOR.validate_json(a2b_base64(text))
    except (Base64Error, ValueError, ValidationError):
        raise invalid_argument("Invalid ShardIterator.") from None


def decode_list_token(text: str) -> ListToken:
    """A list's token from its text.

    Raises:
        KinesisError: it is none of ours.
    """
    try:
        return _LIST_TOKEN.validate_json(a2b_base64(text))
    except (Base64Error, ValueError, ValidationError):
        raise invalid_argument("Invalid NextToken.") from None
