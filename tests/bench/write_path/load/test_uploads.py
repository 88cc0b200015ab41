"""The verdict on an upload's answer."""

import pytest
from bench.write_path.load.uploads import UploadFailedError, accepted


def _totals(*, accepted: int = 5, rejected: int = 0, ended: str = "complete") -> bytes:
    counts = b'"read":5,"accepted":%d,"rejected":%d,"unknown":0' % (accepted, rejected)
    return b'{"receipt_id":"rcp_1",' + counts + b',"ended":"' + ended.encode() + b'"}\n'


def test_an_upload_that_was_taken_whole_counts() -> None:
    """The last line has the totals."""
    assert accepted(_totals()) == 5


@pytest.mark.parametrize(
    "answer",
    [
        b'{"line":3,"problem":{}}\n' + _totals(accepted=4, rejected=1),
        _totals(ended="shutting_down"),
        b'{"code":"unauthenticated"}',
        b"",
    ],
)
def test_any_other_answer_ends_the_measuring(answer: bytes) -> None:
    """Its figures would mean nothing."""
    with pytest.raises(UploadFailedError):
        accepted(answer)
