"""The events that S3 sends when a file arrives, by itself or through EventBridge.

They say that something has arrived, and no more than that: they may come twice, late, in another order, or not at
all. So of an event the name of the object counts alone. In a notification of S3 it stands as in a form:
percent-encoded, a plus for a space (S3 User Guide, "Event message structure"). EventBridge gives it as it is (S3 User
Guide, "EventBridge event message structure").
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote_plus

from workers.lambdas.event_shape import EventShapeError

SOURCE: Final = "aws:s3"
ARRIVALS: Final = "ObjectCreated:"
BRIDGED_SOURCE: Final = "aws.s3"
BRIDGED_ARRIVAL: Final = "Object Created"


def arrived_keys(event: Any, bucket: str) -> Sequence[str] | None:
    """The names of the objects that have arrived, each once; None of an event of nothing, as a schedule sends.

    Raises:
        EventShapeError: the event is of another source, or of another bucket.
    """
    if not isinstance(event, Mapping):
        return None
    try:
        if event.get("source") == BRIDGED_SOURCE:
            found = [event["detail"]] if event["detail-type"] == BRIDGED_ARRIVAL else []
            keys = [_text(each["object"]["key"]) for each in found]
        elif "Records" in event:
            found = [record["s3"] for record in event["Records"] if _has_arrived(record)]
            keys = [unquote_plus(each["object"]["key"], errors="strict") for each in found]
        else:
            return None
        buckets = {each["bucket"]["name"] for each in found}
    except (LookupError, TypeError, AttributeError, ValueError):
        raise EventShapeError("an event that S3 does not send") from None
    if buckets - {bucket}:
        raise EventShapeError("an event of another bucket than the one of clients' files")
    return list(dict.fromkeys(keys))


def _has_arrived(record: Mapping[str, Any]) -> bool:
    if record["eventSource"] != SOURCE:
        raise EventShapeError("an event of another source than S3")
    return str(record["eventName"]).startswith(ARRIVALS)


def _text(key: object) -> str:
    if not isinstance(key, str):
        raise TypeError
    return key
