"""Gives up the leases of another stream, once it is sure that no worker is alive that holds them."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from txn_cli.leases.findings import Finder, Findings
from txn_core.exceptions import StoreError
from txn_core.positions import ShardId
from workers.leases.lease import Lease

LOOKS_MIN: Final = 3


@dataclass(frozen=True, slots=True)
class Reset:
    """A reset of some kinds of workers, step by step."""

    finder: Finder
    watch_s: float

    async def refuse_the_living(self, found: Sequence[Findings], on_watch: Callable[[float, float], None]) -> None:
        """Return when no lease of these kinds was written for as long as a worker needs to be taken for dead.

        A worker that lives renews its leases several times in that time. The judgement is by our own clock, and by
        every look in between, as workers judge each other. `on_watch` is told for how many seconds of how many.

        Raises:
            StoreError: some worker is alive.
        """
        began_s = asyncio.get_running_loop().time()
        pause_s = self.watch_s / LOOKS_MIN
        while (left_s := self.watch_s - (asyncio.get_running_loop().time() - began_s)) > 0:
            on_watch(self.watch_s - left_s, self.watch_s)
            await asyncio.sleep(min(pause_s, left_s))
            for each in found:
                rows = {row.shard_id: row for row in await self.finder.rows(each.kind)}
                if alive := moved({row.shard_id: row for row in each.rows}, rows):
                    who = sorted({row.owner or "a worker that has given it up" for row in alive})
                    raise StoreError(
                        f"a worker is alive: {len(alive)} {each.kind} leases were written just now by "
                        f"{', '.join(who)}; stop the {each.kind} workers of older versions, and try again"
                    )

    async def carry_out(self, found: Findings) -> None:
        """Give up the leases of another stream, each as it was seen.

        Raises:
            StoreError: one was written meanwhile. Those before it are given up; the rest is for another try.
        """
        table = self.finder.table(found.kind)
        for done, lease in enumerate(found.foreign):
            given_up = table.delete(lease.row) if lease.after is None else table.write(lease.row, lease.after)
            if not await given_up:
                raise StoreError(
                    f"the lease of {lease.row.shard_id} was written while it was given up: a {found.kind} worker is "
                    f"alive; {done} leases are given up, {len(found.foreign) - done} are not"
                )


def moved(before: Mapping[ShardId, Lease], now: Mapping[ShardId, Lease]) -> list[Lease]:
    """The leases that were written between two looks; one that has come or gone was, too."""
    changed = before.keys() ^ now.keys() | {
        shard_id for shard_id in before.keys() & now.keys() if _version(before[shard_id]) != _version(now[shard_id])
    }
    return [now.get(shard_id) or before[shard_id] for shard_id in sorted(changed)]


def _version(row: Lease) -> tuple[object, ...]:
    return row.owner, row.counter
