"""The producer's buffer: all that is not settled, lane by lane, and the lanes that a request may take from now."""

from collections.abc import Iterable
from dataclasses import dataclass, field

from txn_core.kinesis.lane import IN_FLIGHT, QUEUED, SETTLED, Lane, Parcel, Pending
from txn_core.kinesis.pace import Pace
from txn_core.kinesis.routing import ByKey, Routing
from txn_core.kinesis.stream_limits import PAYLOAD_UNIT_BYTES, REQUEST_RECORDS_MAX, Limits


@dataclass(slots=True, eq=False)
class Lanes:
    """Lanes by name. The lane of a shard stays as long as the shard; the lane of a card goes when it is idle."""

    limits: Limits
    routing: Routing = field(default_factory=ByKey)
    bytes_held: int = 0  # of the records that are not settled
    count: int = 0  # and how many they are
    _lanes: dict[str, Lane] = field(default_factory=dict)
    _ready: dict[Lane, None] = field(default_factory=dict)  # an ordered set

    @property
    def ready(self) -> tuple[Lane, ...]:
        """The lanes from which a parcel may be taken now, in the order in which they became so."""
        return tuple(self._ready)

    @property
    def sendable(self) -> int:
        """How many records wait in the lanes that are ready; those of a shard that is held back do not count."""
        return sum(len(lane.queue) for lane in self._ready)

    def all(self) -> Iterable[Lane]:
        """Every lane there is."""
        return self._lanes.values()

    def of(self, partition_key: str) -> Lane:
        """The lane in which records of this key wait."""
        name = self.routing.lane_of(partition_key)
        lane = self._lanes.get(name)
        return Lane(name) if lane is None else lane

    def add(self, record: Pending) -> None:
        """Queue a record behind those of its lane, which `of` gave."""
        lane, size = record.lane, record.size
        self.bytes_held += size
        self.count += 1
        if not lane.queue and not lane.closed:
            self._lanes[lane.name] = lane
            self._ready[lane] = None
        lane.queue.append(record)
        lane.bytes_held += size

    def take(self, *, shared: bool, suspects_max: int) -> list[Parcel]:
        """The parcels of one request, whose lanes are closed; none when nothing may go.

        They are one each of the lanes that are ready, as many as a request may hold, suspects left out, if `shared`
        allows it; or, if one is at the head, those of at most so many suspects and of no other lane.
        """
        ready = self.ready if shared else tuple(lane for lane in self.ready if lane.suspect)
        parcels: list[Parcel] = []
        apart = suspects_max > 0 and bool(ready) and ready[0].suspect
        lanes_max = min(suspects_max, REQUEST_RECORDS_MAX) if apart else REQUEST_RECORDS_MAX
        room = self.limits.request_bytes_max
        for lane in ready:
            if lane.suspect != apart:
                continue
            # The first goes in any case: what Kinesis takes was checked when it came.
            if parcels and self._size_of_first(lane) > room:
                break
            parcel = self._parcel(lane, room)
            parcels.append(parcel)
            room -= parcel.size
            if len(parcels) == lanes_max:
                break
        return parcels

    def put_back(self, parcel: Parcel) -> None:
        """Return a parcel's unsettled records to the head of their lane, which stays closed until `open`."""
        returned = [record for record in parcel.records if record.state is not SETTLED]
        for record in returned:
            record.state = QUEUED
        parcel.lane.queue.extendleft(reversed(returned))

    def settle_all(self, parcel: Parcel) -> list[tuple[int, Pending]]:
        """Let go of a parcel's records that are not settled; gives them with their places in it."""
        settled, size = [], 0
        for place in enumerate(parcel.records):
            record = place[1]
            if record.state is not SETTLED:
                record.state, record.data = SETTLED, b""
                size += record.size
                settled.append(place)
        parcel.lane.bytes_held -= size
        self.bytes_held -= size
        self.count -= len(settled)
        return settled

    def settle(self, record: Pending) -> None:
        """Let go of a record; once only."""
        lane, waited = record.lane, record.state is QUEUED
        record.state = SETTLED
        record.data = b""
        lane.bytes_held -= record.size
        self.bytes_held -= record.size
        self.count -= 1
        if waited:
            self._forget_settled(lane)

    def open(self, lane: Lane) -> None:
        """Let parcels be taken from a lane again."""
        lane.closed = False
        if lane.queue:
            self._ready[lane] = None
        else:
            self._retire(lane)

    def close(self, lane: Lane) -> None:
        """Let no parcel be taken from a lane until `open`."""
        lane.closed = True
        self._ready.pop(lane, None)

    def reroute(self, routing: Routing, now: float) -> None:
        """Take over a routing while nothing is under way; only what waits in lanes that it lacks is moved.

        A card's records stood in one lane and do so again, in their order: all records wait equally long, so
        that the order of deadlines is that in which they came.
        """
        kept = {
            name: lane
            for name, lane in self._lanes.items()
            if name in routing.shards and self.routing.shards.get(name) == routing.shards[name]
        }
        gone = [lane for name, lane in self._lanes.items() if name not in kept]
        waiting = [record for lane in gone for record in lane.queue if record.state is QUEUED]
        for lane in gone:
            self._ready.pop(lane, None)
            if lane.reopening is not None:
                lane.reopening.cancel()
        self.routing = routing
        self._lanes = {name: kept.get(name) or Lane(name, Pace(now)) for name in routing.shards}
        for record in sorted(waiting, key=lambda record: record.deadline):
            record.lane = self.of(record.partition_key)
            self.bytes_held -= record.size  # it is held already
            self.count -= 1
            self.add(record)

    def _size_of_first(self, lane: Lane) -> int:
        first = lane.queue[0]
        return self.routing.overhead_bytes(first.size - len(first.data)) + self.routing.cost(first.size)

    def _parcel(self, lane: Lane, room: int) -> Parcel:
        """Take the lane's next parcel, of one record at least, and close the lane."""
        size = self._size_of_first(lane)
        size_max = _filled(min(lane.parcel_bytes_max, room, self.limits.record_bytes_max), lane.bytes_held)
        queue, cost, taken = lane.queue, self.routing.cost, [lane.queue.popleft()]
        while queue:
            record = queue[0]
            if record.state is QUEUED:
                if (size_then := size + cost(record.size)) > size_max:
                    break
                size = size_then
                taken.append(record)
            queue.popleft()
        for record in taken:
            record.state = IN_FLIGHT
        self.close(lane)
        return Parcel(lane, tuple(taken), size)

    def _forget_settled(self, lane: Lane) -> None:
        queue = lane.queue
        while queue and queue[0].state is SETTLED:
            queue.popleft()
        if not queue and not lane.closed:
            self._retire(lane)

    def _retire(self, lane: Lane) -> None:
        """Nothing waits in an open lane any more."""
        self._ready.pop(lane, None)
        if lane.pace is None:
            self._lanes.pop(lane.name, None)


def _filled(size_max: int, waiting: int) -> int:
    """The bound on a parcel when so many bytes wait: whole payload units if they fill any, since each is paid for.

    What is left over waits for one parcel more, which is under way a moment later.
    """
    units = min(size_max, waiting) // PAYLOAD_UNIT_BYTES
    return units * PAYLOAD_UNIT_BYTES if units else size_max
