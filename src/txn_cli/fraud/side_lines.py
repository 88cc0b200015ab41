"""A challenger beside its champion, in lines for people."""

from collections.abc import Iterator
from typing import Any


def side_lines(challenger: str, document: dict[str, Any]) -> Iterator[str]:
    """What `SideBySide.document` says."""
    if not document["rows"]:
        yield f"{challenger} beside the champion: no transactions"
        return
    yield (
        f"{challenger} beside the champion: {document['rows']:,} rows of {document['days']:,} days, "
        f"{document['labelled']:,} of them labelled"
    )
    if document["alerts"] is not None:
        yield f"  the same decision on {document['agreement']:.2%}"
        for name, each in document["alerts"].items():
            yield f"  alerted by {name.replace('_', ' ')}: {each['rows']:,}, {each['frauds']:,} of them known frauds"
    if (found := document["average_precision"]) is not None:
        gap = found["difference"]
        yield (
            f"  average precision {found['challenger']:.3f}, the champion's {found['champion']:.3f}: "
            f"{gap['value']:+.3f} ({gap['low']:+.3f} to {gap['high']:+.3f})"
        )
