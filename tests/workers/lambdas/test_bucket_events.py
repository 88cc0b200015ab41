"""What of an event of S3 counts: the names of the objects, decoded, each once."""

from typing import Any

import pytest

from workers.lambdas.bucket_events import arrived_keys
from workers.lambdas.event_shape import EventShapeError

BUCKET = "files"


def record(key: str, **changes: Any) -> dict[str, Any]:
    """A record as S3 sends it."""
    return {
        "eventVersion": "2.1",
        "eventSource": "aws:s3",
        "eventName": "ObjectCreated:Put",
        "s3": {"bucket": {"name": BUCKET}, "object": {"key": key, "size": 3, "eTag": "x", "sequencer": "0A"}},
        **changes,
    }


def bridged(key: Any, **changes: Any) -> dict[str, Any]:
    """An event of S3 as EventBridge hands it on."""
    return {
        "version": "0",
        "source": "aws.s3",
        "detail-type": "Object Created",
        "detail": {"bucket": {"name": BUCKET}, "object": {"key": key, "size": 3}, "reason": "PutObject"},
        **changes,
    }


def test_names_are_decoded_as_in_a_form() -> None:
    """Each once, however often it comes."""
    keys = ["acme/a+b%2Bc%C3%BC.csv", "acme/plain.csv", "acme/a+b%2Bc%C3%BC.csv"]
    assert arrived_keys({"Records": [record(key) for key in keys]}, BUCKET) == ["acme/a b+cü.csv", "acme/plain.csv"]


def test_eventbridge_gives_names_as_they_are() -> None:
    assert arrived_keys(bridged("acme/a+b%2Bc.csv"), BUCKET) == ["acme/a+b%2Bc.csv"]
    assert arrived_keys(bridged("acme/a.csv", **{"detail-type": "Object Deleted"}), BUCKET) == []


@pytest.mark.parametrize(
    "wrong",
    [
        bridged(None),
        bridged("a/b", detail={"object": {"key": "a/b"}}),
        bridged("a/b", detail={"bucket": {"name": "lake"}, "object": {"key": "raw/x"}}),
        {"source": "aws.s3"},
    ],
)
def test_an_event_of_eventbridge_about_another_bucket_is_refused(wrong: Any) -> None:
    with pytest.raises(EventShapeError):
        arrived_keys(wrong, BUCKET)


def test_what_has_not_arrived_is_passed_over() -> None:
    records = [record("acme/a.csv", eventName=name) for name in ("ObjectRemoved:Delete", "TestEvent")]
    assert arrived_keys({"Records": records}, BUCKET) == []


@pytest.mark.parametrize("event", [{}, {"source": "aws.scheduler"}, {"Event": "s3:TestEvent"}, None, "sweep"])
def test_an_event_of_somebody_else_stands_for_a_look_into_the_bucket(event: Any) -> None:
    assert arrived_keys(event, BUCKET) is None


@pytest.mark.parametrize(
    "wrong",
    [
        "text",
        [{}],
        [None],
        [record("a/b", eventSource="aws:sqs")],
        [record("a/b", s3={"bucket": {"name": "lake"}, "object": {"key": "raw/x"}})],
        [record("a/b", s3={"bucket": {"name": BUCKET}, "object": {}})],
        [record("%FF")],
    ],
)
def test_an_event_of_another_bucket_or_source_is_refused(wrong: Any) -> None:
    with pytest.raises(EventShapeError):
        arrived_keys({"Records": wrong}, BUCKET)
