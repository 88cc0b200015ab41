"""What a reading of the drains says, in the form in which it is shown, the ledgers compared."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from operations.drains.drain_reading import DrainReading
from operations.drains.shard_status import Drain, ShardStatus
from operations.ledgers.comparison import ShardLedger, compare
from operations.shapes import SHARDS_MAX, DrainFigures, DrainShape, DrainShardShape, LedgerShape
from txn_core.drains import ARCHIVE
from txn_core.positions import ShardId
from txn_core.settings import Settings
from txn_core.transactions.instants import instant_of
from workers.leases.ledger import OPEN_MINUTES_MAX, Minute, Tally

_TEXT_CHARS_MAX: Final = 500


def figures_of(readings: Sequence[DrainReading], settings: Settings, at: datetime) -> DrainFigures:
    """The figures of the drains that have run, as they were read at a moment."""
    ran = [reading for reading in readings if not reading.never_ran]
    archive = next((reading for reading in ran if reading.drain is ARCHIVE), None)
    return DrainFigures(
        read_at=instant_of(at), drains=[_figures(reading, settings, at, archive=archive) for reading in ran]
    )


def agreement(shards: Sequence[ShardStatus], reference: Mapping[ShardId, ShardStatus], name: str) -> LedgerShape:
    """How many of the latest minutes agree with the reference's: those that still stand on both lease rows.

    `txn reconcile` compares all minutes, and looks into those that differ.
    """
    agreeing = differing = 0
    for shard in shards:
        other = reference.get(shard.shard_id)
        if other is None or shard.foreign or other.foreign:
            continue
        view, against = _ledger(shard), _ledger(other)
        begins = max(_complete_from(view), _complete_from(against))
        found = compare(shard.shard_id, name, _since(view, begins), _since(against, begins))
        agreeing, differing = agreeing + len(found.agreeing), differing + len(found.differing)
    return LedgerShape(agreeing=agreeing, differing=differing)


def _figures(reading: DrainReading, settings: Settings, at: datetime, *, archive: DrainReading | None) -> DrainShape:
    drain, shards = reading.drain, reading.shards
    stream = drain.stream(settings)
    compared = archive is not None and archive is not reading and archive.drain.stream(settings) == stream
    reference = {shard.shard_id: shard for shard in archive.shards} if archive is not None else {}
    waiting = [shard for shard in shards if shard.drain is Drain.BEHIND and not _owner(shard)]
    ordered = sorted(shards, key=lambda shard: (shard.drain is Drain.DRAINED, -shard.lag_s(at), shard.shard_id))
    return DrainShape(
        name=drain.name,
        stream=stream,
        lag_s=_longest_lag_s(shards, at),
        behind=sum(shard.drain is not Drain.DRAINED for shard in shards),
        unowned=len(waiting),
        unowned_lag_s=_longest_lag_s(waiting, at),
        owners=len({owner for shard in shards if (owner := _owner(shard))}),
        amiss=reading.amiss[:_TEXT_CHARS_MAX] or None,
        ledger=agreement(shards, reference, drain.name) if compared else None,
        shards=[_shard(shard, at) for shard in ordered[:SHARDS_MAX]],
        shards_more=max(0, len(shards) - SHARDS_MAX),
    )


def _shard(shard: ShardStatus, at: datetime) -> DrainShardShape:
    rest, lease = shard.rest, shard.lease
    newest = None if lease is None or lease.ledger is None else lease.ledger.open.newest
    return DrainShardShape(
        shard_id=shard.shard_id,
        state=shard.drain,
        lag_s=round(shard.lag_s(at), 3),
        lag_records=0 if shard.checkpoint.shard_ended else None if rest is None else rest.unread,
        lag_records_more=rest is not None and rest.more,
        owner=_owner(shard),
        wanted_by=None if lease is None else lease.wanted_by,
        done_minute=newest,
        checkpoint=shard.checkpoint.sequence_number,
    )


def _owner(shard: ShardStatus) -> str | None:
    return None if shard.lease is None else shard.lease.owner


def _longest_lag_s(shards: Sequence[ShardStatus], at: datetime) -> float:
    return round(max((shard.lag_s(at) for shard in shards), default=0.0), 3)


def _ledger(shard: ShardStatus) -> ShardLedger:
    ledger = None if shard.lease is None else shard.lease.ledger
    return ShardLedger(shard.lease, Tally() if ledger is None else ledger.open)


def _complete_from(ledger: ShardLedger) -> Minute:
    """The first minute that is whole on the row. Earlier ones may have left it once it holds as many as it may."""
    sums = ledger.tally.sums
    return sums[0][0] if len(sums) >= OPEN_MINUTES_MAX else Minute("")


def _since(ledger: ShardLedger, begins: Minute) -> ShardLedger:
    kept = tuple((minute, noted) for minute, noted in ledger.tally.sums if minute >= begins)
    return ShardLedger(ledger.row, Tally(kept))
