"""What a reset will do or has done, as lines for people and as JSON values."""

from txn_cli.leases.findings import Findings, ForeignLease
from workers.leases.belonging import Belonging, told
from workers.leases.lease import FlushPlan
from workers.planned.planned_object import object_key


def lines(found: Findings) -> list[str]:
    """What stands on the leases of a kind, and what a reset makes of each."""
    if not found.foreign:
        return [f"{found.kind}: every lease is of stream {found.stream_name} as it is; nothing to reset"]
    foreign = tuple(lease.row for lease in found.foreign)
    return [
        f"{found.kind}: {told(Belonging(found.stream, foreign), found.kind, found.stream_name)}",
        *(f"  {_line(lease)}" for lease in found.foreign),
    ]


def _line(lease: ForeignLease) -> str:
    row = lease.row
    done = row.checkpoint.sequence_number
    where = f"{done}/{row.checkpoint.sub_sequence_number}" if done.isdecimal() else done
    newest = None if row.ledger is None else row.ledger.open.newest
    said = f"{row.shard_id}: done to {where}" + (f", arrivals to {newest}Z" if newest else "")
    kept_at = None if lease.after is None else lease.after.checkpoint.sequence_number
    after = "given up" if kept_at is None else f"kept at {kept_at}, which is a place of the new stream"
    return f"{said}; {after}" + ("" if lease.lost is None else f"; LOST FOR THE LAKE: {lost(lease.lost)}")


def lost(plan: FlushPlan) -> str:
    """A plan whose records are in no object."""
    first, last = plan.first, plan.last
    return (
        f"{plan.positions:,} positions, {first.sequence_number}/{first.sub_sequence_number} to "
        f"{last.sequence_number}/{last.sub_sequence_number}, arrived from {plan.arrived_at} on: no {object_key(plan)}"
    )


def document(found: Findings) -> dict[str, object]:
    """The leases of a kind as JSON values."""
    return {
        "kind": found.kind,
        "stream": {"arn": found.stream.arn, "created_at": found.stream.created_at},
        "leases": len(found.rows),
        "foreign": [_document(lease) for lease in found.foreign],
    }


def _document(lease: ForeignLease) -> dict[str, object]:
    row, after, plan = lease.row, lease.after, lease.lost
    return {
        "shard_id": row.shard_id,
        "stream": None if row.stream is None else {"arn": row.stream.arn, "created_at": row.stream.created_at},
        "checkpoint": row.checkpoint.sequence_number,
        "checkpoint_sub": row.checkpoint.sub_sequence_number,
        "kept_at": None if after is None else after.checkpoint.sequence_number,
        "lost_plan": None
        if plan is None
        else {
            "first": f"{plan.first.sequence_number}/{plan.first.sub_sequence_number}",
            "last": f"{plan.last.sequence_number}/{plan.last.sub_sequence_number}",
            "positions": plan.positions,
            "arrived_at": plan.arrived_at,
        },
    }
