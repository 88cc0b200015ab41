"""The operations on streams and shards as such: list, describe, create, delete, split, merge."""

from collections.abc import Sequence
from typing import Final

from devkit.kinesis_server.calls.answer import HttpReply
from devkit.kinesis_server.calls.shapes import (
    CreateStream,
    DescribeStream,
    ListShards,
    MergeShards,
    NamesStream,
    SplitShard,
)
from devkit.kinesis_server.calls.tokens import ListToken, decode_list_token, encode
from devkit.kinesis_server.errors import KinesisError, invalid_argument
from devkit.kinesis_server.state.account import Account
from devkit.kinesis_server.state.shard import Shard
from devkit.kinesis_server.state.stream import Stream

ON_DEMAND_SHARDS: Final = 4
LIST_TOKEN_LIFE_S: Final = 300.0
DESCRIBE_SHARDS: Final = 100
RETENTION_HOURS: Final = 24


def create_stream(account: Account, request: CreateStream) -> HttpReply:
    """Make a stream."""
    record_kib = request.get("MaxRecordSizeInKiB")
    account.create(
        request["StreamName"], request.get("ShardCount", ON_DEMAND_SHARDS), record_kib and record_kib * 1024
    )
    return HttpReply()


def delete_stream(account: Account, request: NamesStream) -> HttpReply:
    """Forget a stream and its records at once."""
    del account.streams[account.stream_of(request).name]
    return HttpReply()


def describe_stream_summary(account: Account, request: NamesStream) -> HttpReply:
    """A stream without its shards."""
    stream = account.stream_of(request)
    summary = _description(account, stream) | {
        "OpenShardCount": len(stream.open_shards),
        "ConsumerCount": len(stream.consumers),
        "MaxRecordSizeInKiB": stream.record_bytes_max // 1024,
    }
    return HttpReply({"StreamDescriptionSummary": summary})


def describe_stream(account: Account, request: DescribeStream) -> HttpReply:
    """A stream with a page of its shards."""
    stream = account.stream_of(request)
    limit = min(request.get("Limit", DESCRIBE_SHARDS), account.options.shards_a_page)
    shards = _after(list(stream.shards.values()), request.get("ExclusiveStartShardId"))
    page = {"Shards": [_document(shard) for shard in shards[:limit]], "HasMoreShards": len(shards) > limit}
    return HttpReply({"StreamDescription": _description(account, stream) | page})


def list_shards(account: Account, request: ListShards) -> HttpReply:
    """A page of a stream's shards, open and closed, and a token where there are more."""
    limit = min(request.get("MaxResults", account.options.shards_a_page), account.options.shards_a_page)
    token = _list_token(account, request)
    stream = account.stream(token.stream)
    shards = _after([shard for shard in stream.shards.values() if _listed(shard, token, stream)], token.after)
    page: dict[str, object] = {"Shards": [_document(shard) for shard in shards[:limit]]}
    if len(shards) > limit:
        more = token._replace(after=shards[limit - 1].shard_id, made_at=account.clock())
        page["NextToken"] = encode(more)
    return HttpReply(page)


def split_shard(account: Account, request: SplitShard) -> HttpReply:
    """Split a shard at a hash key."""
    stream = account.stream_of(request)
    stream.split(request["ShardToSplit"], account.clock(), int(request["NewStartingHashKey"]))
    return HttpReply()


def merge_shards(account: Account, request: MergeShards) -> HttpReply:
    """Merge two adjoining shards."""
    stream = account.stream_of(request)
    stream.merge(request["ShardToMerge"], request["AdjacentShardToMerge"], account.clock())
    return HttpReply()


def _list_token(account: Account, request: ListShards) -> ListToken:
    """Where the list begins: what a token says, or what a first request asks for."""
    if (text := request.get("NextToken")) is None:
        wanted = request.get("ShardFilter")
        return ListToken(
            stream=account.stream_of(request).name,
            after=request.get("ExclusiveStartShardId", ""),
            made_at=account.clock(),
            filter_type=wanted["Type"] if wanted else None,
            filter_shard=wanted.get("ShardId") if wanted else None,
            filter_instant=wanted.get("Timestamp") if wanted else None,
        )
    if "StreamName" in request or "ExclusiveStartShardId" in request:
        raise invalid_argument("NextToken and StreamName cannot be provided together.")
    token = decode_list_token(text)
    if account.clock() - token.made_at > LIST_TOKEN_LIFE_S:
        raise KinesisError("ExpiredNextTokenException", "The pagination token is expired.")
    return token


def _listed(shard: Shard, token: ListToken, stream: Stream) -> bool:
    """Whether a filter of ListShards lets a shard pass; AT_ is open at that moment, FROM_ is open at it or later."""
    instant_ms = round((token.filter_instant or 0.0) * 1000)
    closed_ms = shard.closed_ms
    match token.filter_type:
        case "AFTER_SHARD_ID":
            return shard.shard_id > (token.filter_shard or "")
        case "AT_LATEST":
            return closed_ms is None
        case "AT_TRIM_HORIZON":
            return not any(parent in stream.shards for parent in shard.parents)
        case "AT_TIMESTAMP":
            return shard.opened_ms <= instant_ms and (closed_ms is None or closed_ms > instant_ms)
        case "FROM_TIMESTAMP":
            return closed_ms is None or closed_ms >= instant_ms
        case _:
            return True


def _after(shards: Sequence[Shard], shard_id: str | None) -> list[Shard]:
    """Ids have fixed width and grow, so their text order is their order."""
    return [shard for shard in shards if shard.shard_id > (shard_id or "")]


def _description(account: Account, stream: Stream) -> dict[str, object]:
    return {
        "StreamName": stream.name,
        "StreamARN": stream.arn,
        "StreamStatus": stream.status(account.clock()),
        "StreamModeDetails": {"StreamMode": "PROVISIONED"},
        "RetentionPeriodHours": RETENTION_HOURS,
        "StreamCreationTimestamp": stream.created,
        "EnhancedMonitoring": [{"ShardLevelMetrics": []}],
        "EncryptionType": "NONE",
    }


def _document(shard: Shard) -> dict[str, object]:
    document: dict[str, object] = {
        "ShardId": shard.shard_id,
        "HashKeyRange": shard.hash_range.document(),
        "SequenceNumberRange": shard.sequence_range,
    }
    parents = zip(("ParentShardId", "AdjacentParentShardId"), shard.parents, strict=False)
    return document | dict(parents)
