"""The events that S3 sends when a file arrives (S3 User Guide, "Event message structure").

They say that something has arrived, and no more than that: they may come twice, late, in another order, or not at
all. So of a record the name of the object counts alone, which stands in it as in a form: percent-encoded, a plus for
a space.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import unquote_plus

from workers.lambdas.event_shape import EventShapeError

SOURCE: Final = "aws:s3"
ARRIVALS: Final = "ObjectCreated:"


def arrived_keys(event: Any, bucket: str) -> Sequence[str] | None:
    """The names of the objects that have arrived, each once; None of an event without records, as a schedule sends.

    Raises:
        EventShapeError: the event is of another source, or of another bucket.
    """
    if not isinstance(event, Mapping) or "Records" not in event:
        return None
    try:
        arrived = [record["s3"] for record in event["Records"] if _has_arrived(record)]
        buckets = {each["bucket"]["name"] for each in arrived}
        keys = [unquote_plus(each["object"]["key"], errors="strict") for each in arrived]
    except (LookupError, TypeError, AttributeError, ValueError):
        raise EventShapeError("an event that S3 does not send") from None
    if buckets - {bucket}:
        raise EventShapeError("an event of another bucket than the one of clients' files")
    return list(dict.fromkeys(keys))


def _has_arrived(record: Mapping[str, Any]) -> bool:
    if record["eventSource"] != SOURCE:
        raise EventShapeError("an event of another source than S3")
    return str(record["eventName"]).startswith(ARRIVALS)
