"""All calls of a run as they pass: what becomes of each, what waits for one of them, and which of them there were."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from tests.chaos.actions import Moment, Point
from tests.chaos.calls import LEASE_STEPS, Call, Reading, Request
from tests.chaos.faults import Fate, Troubles

Act = Callable[[Call], Awaitable[None]]


class LeaseWrite(NamedTuple):
    """A lease write that landed, and when."""

    at_s: float
    call: Call


@dataclass(slots=True)
class Traffic:
    """The calls of one run. Until it begins and after `calm` nothing goes wrong."""

    troubles: Troubles
    reading: Reading = field(default_factory=Reading)
    began_s: float | None = None
    landed: list[LeaseWrite] = field(default_factory=list)
    seen: Counter[str] = field(default_factory=Counter)
    _traps: list[tuple[Point, Act]] = field(default_factory=list)

    def begin(self) -> None:
        """Let things go wrong from now on."""
        self.began_s = asyncio.get_running_loop().time()

    def calm(self) -> None:
        """Let nothing go wrong any more."""
        self.began_s = None
        self._traps.clear()

    def when(self, point: Point, act: Act) -> None:
        """Do something to the next process that comes to a point."""
        self._traps.append((point, act))

    def call(self, sender: str, service: str, request: Request) -> Call:
        """The call that a request is."""
        return self.reading.call(sender, service, request)

    def fate(self, call: Call) -> Fate | None:
        """What becomes of a call, if not the usual."""
        if self.began_s is None:
            return None
        return self.troubles.fate(call, asyncio.get_running_loop().time() - self.began_s)

    async def before(self, call: Call) -> None:
        """A call is about to be passed on."""
        await self._spring(call, Moment.BEFORE)

    async def after(self, call: Call, status: int) -> None:
        """A call was carried out."""
        if call.step in LEASE_STEPS and status == 200:
            self.landed.append(LeaseWrite(asyncio.get_running_loop().time(), call))
        if status == 412:
            self.seen["412: the object was there"] += 1
        elif status == 400 and call.step in LEASE_STEPS:
            self.seen["lease write fenced off"] += 1
        elif status == 400 and call.step == "index write":
            self.seen["index write refused by its condition"] += 1
        await self._spring(call, Moment.AFTER)

    def overtaken(self, frozen: Call, from_s: float, to_s: float) -> bool:
        """Whether another took a shard of the call's sender within a time, or the very shard of the call, and moved
        on with it.
        """
        names = {c.owner for _, c in self.landed if c.sender == frozen.sender and c.step != "release"} | {
            frozen.owner
        }
        held = {frozen.shard_id}
        for at_s, call in self.landed:
            if at_s < from_s and call.owner:
                (held.add if call.owner in names else held.discard)(call.shard_id)
        meanwhile = [c for at_s, c in self.landed if from_s <= at_s <= to_s and c.sender != frozen.sender]
        taken = {c.shard_id for c in meanwhile if c.step == "take" and c.kind == frozen.kind and c.shard_id in held}
        return any(c.shard_id in taken and c.step in {"plan", "checkpoint", "shard end"} for c in meanwhile)

    async def _spring(self, call: Call, moment: Moment) -> None:
        """At most one trap springs for a call."""
        here = Point(call.kind, call.step, moment)
        for trap in self._traps:
            if trap[0] == here:
                self._traps.remove(trap)
                await trap[1](call)
                return
