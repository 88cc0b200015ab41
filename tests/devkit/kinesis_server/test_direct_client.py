"""The direct client beside the ordinary one, against the server: the same calls come to the same."""

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import EndpointConnectionError, NoCredentialsError

from devkit.kinesis_server import KinesisServer, fates
from tests.devkit.kinesis_server.builders import CLIENT_PATIENCE_S, STREAM
from txn_core.aws.clients import Aws
from txn_core.kinesis.kinesis_client import DirectClient
from txn_core.kinesis.outcomes import ATTEMPT_ERRORS, Doubt, Failed, Outcome, outcome_of_error, outcomes_of_answer
from txn_core.settings import Settings

if TYPE_CHECKING:
    from types_aiobotocore_kinesis import KinesisClient

RECORDS: Any = [
    {"Data": bytes(range(256)) * 40, "PartitionKey": 'a "quoted" key, ü', "ExplicitHashKey": "0"},
    {"Data": b"", "PartitionKey": "x"},
]


@pytest.fixture
async def direct(kinesis_settings: Settings) -> "AsyncIterator[KinesisClient]":
    """The client of a producer."""
    async with Aws(kinesis_settings).kinesis_writer(read_timeout_s=CLIENT_PATIENCE_S) as client:
        yield client


async def _outcomes(client: "KinesisClient", records: Any = RECORDS, stream: str = STREAM) -> list[Outcome]:
    try:
        answer = await client.put_records(StreamName=stream, Records=records)
    except ATTEMPT_ERRORS as error:
        return [outcome_of_error(error, len(records))]
    return list(outcomes_of_answer(answer, len(records)))


async def test_records_arrive_as_they_were_sent(direct: "KinesisClient", server: KinesisServer) -> None:
    """Bytes, keys and hash keys, whatever they hold; the answer names their places."""
    answer = await direct.put_records(StreamName=STREAM, Records=RECORDS)
    assert answer["FailedRecordCount"] == 0
    for sent, place in zip(RECORDS, answer["Records"], strict=True):
        iterator = await direct.get_shard_iterator(
            StreamName=STREAM,
            ShardId=place["ShardId"],
            ShardIteratorType="AT_SEQUENCE_NUMBER",
            StartingSequenceNumber=place["SequenceNumber"],
        )
        read = await direct.get_records(ShardIterator=iterator["ShardIterator"])
        assert (read["Records"][0]["Data"], read["Records"][0]["PartitionKey"]) == (
            sent["Data"],
            sent["PartitionKey"],
        )


@pytest.mark.parametrize("fate", fates.CALL_FATES.values(), ids=fates.CALL_FATES.keys())
async def test_what_goes_wrong_is_told_alike(
    direct: "KinesisClient", client: "KinesisClient", server: KinesisServer, fate: Any
) -> None:
    """The same code and the same doubt, so that the producer need not know which client it has."""
    server.faults.on_calls(fate, operation="PutRecords", rate=1.0)
    [*ours], [*theirs] = await _outcomes(direct), await _outcomes(client)
    # aiobotocore calls a connection that was reset one that could not be made.
    assert ours in (theirs, [Failed("ConnectionClosedError", Doubt.PERHAPS_STORED)] * len(theirs))
    assert [getattr(outcome, "doubt", None) for outcome in ours] == [getattr(each, "doubt", None) for each in theirs]


async def test_a_stream_that_is_not_there_is_told_alike(direct: "KinesisClient", client: "KinesisClient") -> None:
    """An error of the service keeps its code."""
    [ours], [theirs] = await _outcomes(direct, stream="nowhere"), await _outcomes(client, stream="nowhere")
    assert ours == theirs
    assert getattr(ours, "code", None) == "ResourceNotFoundException"


async def test_no_server_is_told_as_never_sent(kinesis_settings: Settings) -> None:
    """Nothing listens: the record is certainly not stored."""
    nobody = kinesis_settings.model_copy(update={"kinesis_endpoint_url": "http://127.0.0.1:1"})
    async with Aws(nobody).kinesis_writer() as direct:
        with pytest.raises(EndpointConnectionError) as refused:
            await direct.put_records(StreamName=STREAM, Records=RECORDS)
    assert outcome_of_error(refused.value).doubt.name == "NOT_STORED"


async def test_without_credentials_nothing_is_sent(direct: "KinesisClient") -> None:
    """As for any client."""
    ordinary = cast("DirectClient", direct)
    nobody = DirectClient(ordinary._client, None)
    with pytest.raises(NoCredentialsError):
        await nobody.put_records(StreamName=STREAM, Records=RECORDS)


@pytest.mark.parametrize("content", [b"", b"[]", b"<html>", b'"text"'])
async def test_an_answer_that_is_none_leaves_doubt(
    direct: "KinesisClient", monkeypatch: pytest.MonkeyPatch, content: bytes
) -> None:
    """Whatever a proxy says under status 200, nobody may take it for a landing."""
    await _answering(direct, monkeypatch, 200, content)
    for outcome in await _outcomes(direct):
        assert getattr(outcome, "doubt", None) is not None
        assert outcome.doubt.name == "PERHAPS_STORED"  # type: ignore[union-attr] # it is a failure


@pytest.mark.parametrize(
    ("status", "content", "code"),
    [
        (400, b'{"__type":"com.amazonaws.kinesis#ValidationException"}', "ValidationException"),
        (400, b'{"__type":"ValidationException:http://x"}', "ValidationException"),
        (400, b'{"__type":"com.amazonaws.kinesis#ValidationException:http://x/#y"}', "ValidationException"),
        (502, b"<html>Bad gateway</html>", "502"),
        (500, b'{"message":"?"}', "500"),
        (503, b"[]", "503"),
    ],
)
async def test_every_refusal_has_a_code(
    direct: "KinesisClient", monkeypatch: pytest.MonkeyPatch, status: int, content: bytes, code: str
) -> None:
    """AWS' forms of it, and the status where there is none."""
    await _answering(direct, monkeypatch, status, content)
    [outcome] = await _outcomes(direct)
    assert getattr(outcome, "code", None) == code


async def _answering(direct: "KinesisClient", monkeypatch: pytest.MonkeyPatch, status: int, content: bytes) -> None:
    async def post(headers: object, body: object) -> tuple[int, bytes]:
        return status, content

    monkeypatch.setattr(cast("DirectClient", direct).wire, "post", post)
