"""Listing, describing, making, deleting, splitting and merging, as pure functions."""

from typing import Any

import pytest
from devkit.kinesis_server.calls.operations import carry_out
from devkit.kinesis_server.state.account import Account, Options

from tests.devkit.kinesis_server.builders import NOON, SHARDS, STREAM, HandClock, call, refusal


def _ids(answer: Any) -> list[str]:
    return [shard["ShardId"] for shard in answer["Shards"]]


def test_shards_are_listed_page_by_page(account: Account) -> None:
    """A token stands alone and leads on; the last page has none."""
    pages, request = [], {"StreamName": STREAM, "MaxResults": 3}
    while True:
        answer = call(account, "ListShards", **request)
        pages.append(_ids(answer))
        if "NextToken" not in answer:
            break
        request = {"NextToken": answer["NextToken"], "MaxResults": 3}
    assert pages == [SHARDS[:3], SHARDS[3:4]]


def test_the_server_may_make_pages_smaller(clock: HandClock) -> None:
    """So that a client's paging is tested without a thousand shards."""
    account = Account(Options(shards_a_page=1), clock=clock)
    account.create(STREAM, 2)
    assert "NextToken" in call(account, "ListShards", StreamName=STREAM, MaxResults=50)


@pytest.mark.parametrize("token", ["nonsense", "????", "W10="])
def test_a_token_that_is_none_is_refused(account: Account, token: str) -> None:
    """Whatever its form."""
    assert refusal(account, "ListShards", NextToken=token).code == "InvalidArgumentException"


def test_a_token_stands_alone_and_does_not_live_for_ever(account: Account, clock: HandClock) -> None:
    """It names its stream itself."""
    token = call(account, "ListShards", StreamName=STREAM, MaxResults=1)["NextToken"]
    both = refusal(account, "ListShards", NextToken=token, StreamName=STREAM)
    assert both.code == "InvalidArgumentException"
    clock.now += 301
    assert refusal(account, "ListShards", NextToken=token).code == "ExpiredNextTokenException"


def test_filters_choose_by_time_and_place(account: Account, clock: HandClock) -> None:
    """Open now, open then, open since, behind a shard."""
    stream = account.stream(STREAM)
    clock.now = NOON + 10
    stream.split(SHARDS[0], clock.now)
    clock.now = NOON + 20
    stream.merge(SHARDS[2], SHARDS[3], clock.now)

    def listed(kind: str, **more: Any) -> list[str]:
        return _ids(call(account, "ListShards", StreamName=STREAM, ShardFilter={"Type": kind, **more}))

    assert listed("AT_LATEST") == [SHARDS[1], *SHARDS[4:7]]
    assert listed("AT_TRIM_HORIZON") == SHARDS[:4]
    assert listed("FROM_TRIM_HORIZON") == SHARDS[:7]
    assert listed("AT_TIMESTAMP", Timestamp=NOON + 15) == SHARDS[1:6]
    assert listed("FROM_TIMESTAMP", Timestamp=NOON + 15) == SHARDS[1:7]
    assert listed("AFTER_SHARD_ID", ShardId=SHARDS[4]) == SHARDS[5:7]


def test_a_filter_goes_on_over_pages(account: Account) -> None:
    """The token carries it."""
    account.stream(STREAM).split(SHARDS[0], NOON)
    wanted = {"Type": "AT_LATEST"}
    first = call(account, "ListShards", StreamName=STREAM, MaxResults=2, ShardFilter=wanted)
    second = call(account, "ListShards", NextToken=first["NextToken"])
    assert _ids(first) + _ids(second) == SHARDS[1:6]


def test_a_reshard_shows_in_the_list(account: Account) -> None:
    """Parents, hash keys and numbers, as text."""
    middle = 1 << 125
    call(account, "SplitShard", StreamName=STREAM, ShardToSplit=SHARDS[0], NewStartingHashKey=str(middle))
    call(account, "MergeShards", StreamName=STREAM, ShardToMerge=SHARDS[2], AdjacentShardToMerge=SHARDS[3])
    shards = {shard["ShardId"]: shard for shard in call(account, "ListShards", StreamName=STREAM)["Shards"]}
    assert "EndingSequenceNumber" in shards[SHARDS[0]]["SequenceNumberRange"]
    assert "ParentShardId" not in shards[SHARDS[0]]
    assert shards[SHARDS[4]]["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(middle - 1)}
    assert shards[SHARDS[5]]["ParentShardId"] == SHARDS[0]
    assert "AdjacentParentShardId" not in shards[SHARDS[5]]
    assert (shards[SHARDS[6]]["ParentShardId"], shards[SHARDS[6]]["AdjacentParentShardId"]) == tuple(SHARDS[2:4])


def test_a_stream_is_described_with_and_without_its_shards(account: Account) -> None:
    """The summary counts the open ones; the description lists all, in pages."""
    account.stream(STREAM).split(SHARDS[0], NOON)
    summary = call(account, "DescribeStreamSummary", StreamName=STREAM)["StreamDescriptionSummary"]
    assert (summary["StreamStatus"], summary["OpenShardCount"]) == ("ACTIVE", 5)
    assert (summary["StreamCreationTimestamp"], summary["MaxRecordSizeInKiB"]) == (NOON, 1024)
    page = call(account, "DescribeStream", StreamName=STREAM, Limit=5)["StreamDescription"]
    rest = call(account, "DescribeStream", StreamARN=page["StreamARN"], ExclusiveStartShardId=SHARDS[4])
    assert (_ids(page), page["HasMoreShards"]) == (SHARDS[:5], True)
    assert (_ids(rest["StreamDescription"]), rest["StreamDescription"]["HasMoreShards"]) == (SHARDS[5:6], False)


def test_a_stream_is_made_and_deleted(account: Account) -> None:
    """Twice of one name is refused; without a count it has the four shards of on-demand."""
    assert call(account, "CreateStream", StreamName="new") is None
    assert len(account.stream("new").open_shards) == 4
    assert refusal(account, "CreateStream", StreamName="new").code == "ResourceInUseException"
    assert call(account, "DeleteStream", StreamName="new") is None
    assert refusal(account, "DeleteStream", StreamName="new").code == "ResourceNotFoundException"


def test_a_stream_that_is_being_made_takes_nothing(clock: HandClock) -> None:
    """It can be described, and not yet written or read."""
    account = Account(Options(transition_s=5), clock=clock)
    call(account, "CreateStream", StreamName=STREAM, ShardCount=1)
    put = {"StreamName": STREAM, "Data": "", "PartitionKey": "k"}
    assert refusal(account, "PutRecord", **put).code == "ResourceNotFoundException"
    described = call(account, "DescribeStreamSummary", StreamName=STREAM)
    assert described["StreamDescriptionSummary"]["StreamStatus"] == "CREATING"
    clock.now += 5
    assert call(account, "PutRecord", **put)["ShardId"] == SHARDS[0]


@pytest.mark.parametrize("operation", ["PutRecords", "ListShards", "DescribeStreamSummary", "SplitShard"])
def test_what_is_not_json_is_not_guessed_at(account: Account, operation: str) -> None:
    """A body that is cut off or is no object."""
    for body in (b'{"StreamName": ', b"[]", b"\xff"):
        with pytest.raises(Exception, match="SerializationException"):
            carry_out(account, operation, body)


def test_a_request_names_its_stream(account: Account) -> None:
    """By name or ARN."""
    assert refusal(account, "DescribeStreamSummary").code == "InvalidArgumentException"


def test_an_unknown_operation_is_refused(account: Account) -> None:
    """As AWS does."""
    assert refusal(account, "Frobnicate").code == "UnknownOperationException"
