"""What may become of a call or of a record: every failure that a client of Kinesis has to live with, by name.

call    error, error after storing, reset unread, reset after storing, answer cut short, late, miscounted
record  error, error though stored, landed elsewhere
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from devkit.kinesis_server.errors import INTERNAL_FAILURE, THROTTLED

WITHOUT_LIMIT_S: Final = 86_400.0


class Cut(StrEnum):
    """Where a connection is reset."""

    UNREAD = "unread"  # before the body is looked at: nothing is carried out
    UNANSWERED = "unanswered"  # carried out, and nothing of the answer is sent
    MID_ANSWER = "mid_answer"  # carried out, and half of the answer is sent, of a subscription half an event


@dataclass(frozen=True, slots=True, kw_only=True)
class CallFate:
    """What becomes of one call. It is carried out unless it is cut unread or has an error that stores nothing."""

    name: str
    error: str | None = None  # the code that is answered
    message: str = "injected"
    status: int | None = None  # of the error; the usual one when absent
    stores: bool = False  # carried out although an error is answered
    before_s: float = 0.0  # wait before it is carried out, also when its client has left meanwhile
    after_s: float = 0.0  # wait between carrying out and answering
    cut: Cut | None = None
    exception: str | None = None  # the code of the exception that a subscription's events end in
    after_events: int = 1  # so many events of a subscription come before it is cut or ends in an exception
    miscount: int = 0  # by how many a PutRecords answer has more results than there were records, or fewer

    @property
    def carried_out(self) -> bool:
        """Whether the call has its effect."""
        return self.cut is not Cut.UNREAD and (self.error is None or self.stores)


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordFate:
    """What becomes of one record of a put. Without an error it is stored."""

    name: str
    error: str | None = None  # the code that is answered
    message: str = "injected"
    stores: bool = False  # stored although an error is answered
    elsewhere: bool = False  # lands on a shard that its hash key does not belong to
    shard_id: str | None = None  # lands on this shard, if it is open


NORMAL: Final = CallFate(name="normal")

RESET_UNREAD: Final = CallFate(name="reset unread", cut=Cut.UNREAD)
RESET_STORED: Final = CallFate(name="reset after storing", cut=Cut.UNANSWERED)
ANSWER_CUT_SHORT: Final = CallFate(name="answer cut short", cut=Cut.MID_ANSWER)
SERVER_ERROR: Final = CallFate(name="500", error=INTERNAL_FAILURE)
SERVER_ERROR_STORED: Final = CallFate(name="500 after storing", error=INTERNAL_FAILURE, stores=True)
UNAVAILABLE: Final = CallFate(name="503", error="ServiceUnavailable")
EXPIRED_TOKEN: Final = CallFate(name="expired credentials", error="ExpiredTokenException")
ACCESS_DENIED: Final = CallFate(name="access denied", error="AccessDeniedException")
STREAM_GONE: Final = CallFate(name="stream gone", error="ResourceNotFoundException")
KMS_DISABLED: Final = CallFate(name="KMS key disabled", error="KMSDisabledException")
KMS_THROTTLING: Final = CallFate(name="KMS throttles", error="KMSThrottlingException")
CALL_THROTTLED: Final = CallFate(name="call throttled", error=THROTTLED)
ONE_RESULT_SHORT: Final = CallFate(name="one result short", miscount=-1)
ONE_RESULT_MORE: Final = CallFate(name="one result more", miscount=1)
NEVER_ANSWERED: Final = CallFate(name="stored and never answered", after_s=WITHOUT_LIMIT_S)

SUBSCRIPTION_CUT: Final = CallFate(name="subscription cut", cut=Cut.MID_ANSWER)
SUBSCRIPTION_FAILS: Final = CallFate(name="subscription fails", exception="InternalFailureException")

RECORD_THROTTLED: Final = RecordFate(name="record throttled", error=THROTTLED)
RECORD_FAILED: Final = RecordFate(name="record failed", error=INTERNAL_FAILURE)
RECORD_FAILED_STORED: Final = RecordFate(name="record failed though stored", error=INTERNAL_FAILURE, stores=True)
RECORD_UNKNOWN_CODE: Final = RecordFate(name="record with unknown code", error="NeverHeardOfException")
LANDS_ELSEWHERE: Final = RecordFate(name="landed elsewhere", elsewhere=True)

CALL_FATES: Final = {
    fate.name: fate
    for fate in (
        RESET_UNREAD,
        RESET_STORED,
        ANSWER_CUT_SHORT,
        SERVER_ERROR,
        SERVER_ERROR_STORED,
        UNAVAILABLE,
        EXPIRED_TOKEN,
        ACCESS_DENIED,
        STREAM_GONE,
        KMS_DISABLED,
        KMS_THROTTLING,
        CALL_THROTTLED,
        ONE_RESULT_SHORT,
        ONE_RESULT_MORE,
        NEVER_ANSWERED,
    )
}
RECORD_FATES: Final = {
    fate.name: fate
    for fate in (
        RECORD_THROTTLED,
        RECORD_FAILED,
        RECORD_FAILED_STORED,
        RECORD_UNKNOWN_CODE,
        LANDS_ELSEWHERE,
    )
}


def failing(code: str, *, status: int | None = None, stores: bool = False) -> CallFate:
    """A call that is answered with an error, perhaps after it was carried out."""
    return CallFate(name=code, error=code, status=status, stores=stores)


def answered_late(after_s: float) -> CallFate:
    """A call that is carried out at once and answered later, perhaps too late for its client."""
    return CallFate(name="answered late", after_s=after_s)


def carried_out_late(before_s: float) -> CallFate:
    """A call that is carried out later, when its client may have given it up and sent it again."""
    return CallFate(name="carried out late", before_s=before_s)


def record_failing(code: str, *, stores: bool = False) -> RecordFate:
    """A record that is answered with a code, perhaps after it was stored."""
    return RecordFate(name=code, error=code, stores=stores)
