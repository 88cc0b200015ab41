"""What a watched post waits for: moments on its way, and what was done between two of them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from bench.counted.client import Client
from bench.counted.loop import CountingLoop

if TYPE_CHECKING:
    from txn_api.writes.admission import Admission
    from txn_core.kinesis.landing import DeliverySink
    from txn_core.kinesis.producer import Producer
    from txn_core.transactions.event import EncodedEvent


class Moment(NamedTuple):
    """How far everything is."""

    seconds: float
    turns: int
    waits: int
    calls: int
    requests: int  # of others, answered
    bytes_read: int  # from the others' connections
    lines: int  # of uploads, admitted or refused
    line_bytes: int
    bodies: int  # of posts, admitted or refused
    body_bytes: int

    def since(self, earlier: "Moment") -> "Moment":
        """What was done from an earlier moment to this one."""
        return Moment._make(now - then for now, then in zip(self, earlier, strict=True))


@dataclass(slots=True)
class Journey:
    """The moments of one post: it arrived (its first byte is there), was handed over to the producer, was sent,
    landed (the first byte of Kinesis' answer is there), and was answered.
    """

    moments: dict[str, Moment]

    @property
    def way_in(self) -> Moment:
        """What was done between the first byte and the producer."""
        return self._between("arrived", "handed over")

    @property
    def way_to_call(self) -> Moment:
        """What was done between the first byte and the call."""
        return self._between("arrived", "sent")

    @property
    def way_out(self) -> Moment:
        """What was done between the call's answer and ours."""
        return self._between("landed", "answered")

    @property
    def whole(self) -> Moment:
        """What was done from the first byte to the answer."""
        return self._between("arrived", "answered")

    def _between(self, earlier: str, later: str) -> Moment:
        return self.moments[later].since(self.moments[earlier])


@dataclass(slots=True)
class Watch:
    """Notes the moments of the posts that are watched, by a part of their bodies that is in their events, too."""

    loop: CountingLoop
    others: Sequence[Client] = ()
    journeys: dict[bytes, Journey] = field(default_factory=dict)
    lines: int = 0
    line_bytes: int = 0
    bodies: int = 0
    body_bytes: int = 0
    _under_way: dict[bytes, Journey] = field(default_factory=dict)

    def now(self) -> Moment:
        """This moment."""
        loop, others = self.loop, self.others
        return Moment(
            loop.time(),
            loop.turns,
            loop.waits,
            loop.work.calls,
            sum(client.answered for client in others),
            sum(client.link.bytes_read for client in others),
            self.lines,
            self.line_bytes,
            self.bodies,
            self.body_bytes,
        )

    def begin(self, mark: bytes) -> None:
        """The first byte of a post is there."""
        self.journeys[mark] = self._under_way[mark] = Journey({"arrived": self.now()})

    def end(self, mark: bytes) -> Journey:
        """Its answer is written."""
        journey = self._under_way.pop(mark)
        journey.moments["answered"] = self.now()
        return journey

    def handed_over(self, events: Iterable[bytes]) -> None:
        """The producer is given events."""
        self._note("handed over", events)

    def sent(self, records: Iterable[bytes]) -> None:
        """Records go out to the stream."""
        self._note("sent", records)

    def landed(self, records: Iterable[bytes]) -> None:
        """The stream tells where records landed."""
        self._note("landed", records)

    def _note(self, moment: str, data: Iterable[bytes]) -> None:
        if self._under_way:
            together = b"".join(data)
            for mark, journey in self._under_way.items():
                if mark in together:
                    journey.moments[moment] = self.now()


class WatchedProducer:
    """A producer that tells a watch what it is given."""

    def __init__(self, producer: "Producer", watch: Watch) -> None:
        self._producer, self._watch = producer, watch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._producer, name)

    def submit_all(self, records: "Iterable[tuple[str, bytes, DeliverySink]]") -> None:
        """As the producer does."""
        given = list(records)
        self._watch.loop.work.aside(self._watch.handed_over, [data for _, data, _ in given])
        self._producer.submit_all(given)


class WatchedIntake:
    """An admission that tells a watch of the lines of uploads, which alone go through `admit` here, and of posts."""

    def __init__(self, admission: "Admission", watch: Watch) -> None:
        self._intake, self._watch = admission, watch

    def __getattr__(self, name: str) -> Any:
        return getattr(self._intake, name)

    def admit(self, body: bytes, **options: Any) -> "EncodedEvent":
        """As the admission does."""
        self._watch.lines += 1
        self._watch.line_bytes += len(body)
        return self._intake.admit(body, **options)

    def submission(self, body: bytes, *arguments: Any, **options: Any) -> Any:
        """As the admission does."""
        self._watch.bodies += 1
        self._watch.body_bytes += len(body)
        return self._intake.submission(body, *arguments, **options)
