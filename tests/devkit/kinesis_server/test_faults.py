"""Rules: whom they apply to, how often, in which order, and always the same by their seed."""

import pytest
from devkit.kinesis_server.fates import NORMAL, CallFate
from devkit.kinesis_server.faults import Call, Faults, Incoming, Latency

from devkit.kinesis_server import fates
from tests.devkit.kinesis_server.builders import SHARDS, STREAM, new_record


def _names(faults: Faults, count: int, operation: str = "PutRecords") -> list[str]:
    return [faults.call_fate(Call(operation, number)).name for number in range(1, count + 1)]


def _incoming(key: str = "key", shard_id: str = SHARDS[0], index: int = 0) -> Incoming:
    return Incoming(STREAM, shard_id, new_record(key=key), index)


def test_without_rules_all_is_normal() -> None:
    """Nothing is counted either."""
    faults = Faults()
    assert faults.call_fate(Call("PutRecords", 1)) is NORMAL
    assert faults.record_fate(_incoming()) is None
    assert not faults.met


def test_a_rule_may_hold_for_some_calls_after_some() -> None:
    """Skipped calls do not count as met."""
    faults = Faults()
    faults.on_calls(fates.SERVER_ERROR, operation="PutRecords", times=2, skip=1)
    assert _names(faults, 2, "GetRecords") == ["normal"] * 2
    assert _names(faults, 5) == ["normal", "500", "500", "normal", "normal"]
    assert faults.met == {"500": 2}


def test_the_first_rule_that_applies_wins() -> None:
    """A rule that is used up or taken back leaves its place to the next."""
    faults = Faults()
    faults.on_calls(fates.RESET_UNREAD, times=1)
    second = faults.on_calls(fates.UNAVAILABLE)
    faults.on_calls(fates.SERVER_ERROR)
    assert _names(faults, 2) == ["reset unread", "503"]
    faults.remove(second)
    faults.remove(second)
    assert _names(faults, 1) == ["500"]
    faults.clear()
    assert _names(faults, 1) == ["normal"]
    assert second.hits == 1


def test_a_rate_is_the_same_in_every_run_of_a_seed() -> None:
    """And about as often as it says."""

    def run(seed: int) -> list[str]:
        faults = Faults(seed)
        faults.on_calls(fates.SERVER_ERROR, rate=0.3)
        return _names(faults, 1_000)

    assert run(1) == run(1)
    assert run(1) != run(2)
    assert 250 < run(1).count("500") < 350


def test_another_rule_does_not_change_what_one_decides() -> None:
    """Each has dice of its own."""
    alone, beside = Faults(5), Faults(5)
    alone.on_calls(fates.SERVER_ERROR, rate=0.3)
    beside.on_calls(fates.SERVER_ERROR, rate=0.3)
    beside.on_calls(fates.UNAVAILABLE, rate=0.5)
    hit = [name == "500" for name in _names(alone, 200)]
    assert [name == "500" for name in _names(beside, 200)] == hit


def test_a_function_may_decide() -> None:
    """It sees the call's number, or the record with its place in the request."""
    faults = Faults()
    faults.on_calls(lambda call: CallFate(name="third") if call.number == 3 else None)
    faults.on_records(lambda incoming: fates.RECORD_FAILED if incoming.index % 2 else None, times=2)
    assert _names(faults, 4) == ["normal", "normal", "third", "normal"]
    decided = [faults.record_fate(_incoming(index=index)) for index in range(6)]
    assert decided == [None, fates.RECORD_FAILED, None, fates.RECORD_FAILED, None, None]


@pytest.mark.parametrize("which", [{"shard_id": SHARDS[1]}, {"partition_key": "card"}])
def test_records_may_be_chosen_by_shard_or_key(which: dict[str, str]) -> None:
    """All others are stored as usual."""
    faults = Faults()
    faults.on_records(fates.RECORD_THROTTLED, **which)  # type: ignore[arg-type]
    assert faults.touches_records
    assert faults.record_fate(_incoming("card", SHARDS[1])) is fates.RECORD_THROTTLED
    assert faults.record_fate(_incoming("other", SHARDS[0])) is None


def test_latency_is_fixed_and_jittered_by_operation() -> None:
    """An operation's own latency stands instead of the general one."""
    faults = Faults(latency=Latency(0.010, 0.005))
    faults.latencies["GetRecords"] = Latency(1.0)
    drawn = [faults.latency_s("PutRecords") for _ in range(200)]
    assert min(drawn) >= 0.010
    assert max(drawn) <= 0.015
    assert len(set(drawn)) > 100
    assert faults.latency_s("GetRecords") == 1.0


def test_what_is_carried_out() -> None:
    """Errors and early resets have no effect on the stream unless they say so; all else has."""
    without_effect = {name for name, fate in fates.CALL_FATES.items() if not fate.carried_out}
    assert without_effect == {
        "reset unread", "500", "503", "expired credentials", "access denied", "stream gone", "KMS key disabled",
        "KMS throttles", "call throttled",
    }  # fmt: skip
