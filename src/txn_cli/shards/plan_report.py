"""A proposal to change the number of shards, in lines for people and as JSON values."""

from operations.shards.reshard_plan import ReshardPlan
from operations.shards.stream_load import StreamState
from txn_core.transactions.instants import instant_of


def lines(state: StreamState, plan: ReshardPlan) -> list[str]:
    """What the stream took in, and what to do."""
    load, mode = state.load, "on demand" if state.is_on_demand else "provisioned"
    said = [f"{state.name}: {len(load.shards)} open shards, {mode}"]
    if state.busiest is not None:
        bytes_per_s = load.peak_per_s * load.event_bytes
        said.append(
            f"busiest minute since {instant_of(load.since)[:16]}Z: {state.busiest}Z with {load.peak_per_s:,.1f} "
            f"transactions/s, {bytes_per_s / 1e6:,.2f} MB/s"
        )
        said.append(
            f"busiest shard: {load.hottest.shard_id} with {load.hottest.per_s:,.1f} transactions/s in a minute"
        )
    if state.is_on_demand:
        return [*said, "nothing to do: Kinesis changes the shards of a stream on demand by itself"]
    if plan.action == "none":
        return [*said, f"nothing to do: {plan.why}"]
    if plan.action == "wait":
        return [*said, f"wait {plan.why}"]
    further = f" ({plan.needed} are needed: more than one change)" if plan.needed > plan.target else ""
    return [*said, f"{plan.action} to {plan.target}{further}: {plan.why}", f"  {command(state, plan)}"]


def command(state: StreamState, plan: ReshardPlan) -> str:
    """What carries the proposal out."""
    return (
        f"aws kinesis update-shard-count --stream-name {state.name} --target-shard-count {plan.target} "
        "--scaling-type UNIFORM_SCALING"
    )


def document(state: StreamState, plan: ReshardPlan) -> dict[str, object]:
    """The same as JSON values."""
    load = state.load
    return {
        "stream": state.name,
        "on_demand": state.is_on_demand,
        "since": instant_of(load.since),
        "open_shards": len(load.shards),
        "busiest_minute": None if state.busiest is None else f"{state.busiest}Z",
        "peak_per_s": round(load.peak_per_s, 3),
        "busiest_shard": {"shard_id": load.hottest.shard_id, "peak_per_s": round(load.hottest.per_s, 3)},
        "reshards": [instant_of(moment) for moment in load.reshards],
        "action": plan.action,
        "target": plan.target,
        "needed": plan.needed,
        "why": plan.why,
        "command": command(state, plan) if plan.action in {"double", "halve"} else None,
    }
