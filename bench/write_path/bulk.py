"""Bulk: transactions that our API takes in a second of one core, against parsing and validating them alone.

One core means the CPU time of the API's process, which is pinned: what the load and the Kinesis server take on the
other core is not counted, and neither is waiting for them.
"""

import time
from collections.abc import Sequence
from typing import Final

from bench.process_stats import cpu_s, pinned
from bench.write_path import servers
from bench.write_path.load.uploads import upload_at_once
from bench.write_path.results import Result, at_least, compared, tell
from bench.write_path.servers import Served
from bench.write_path.stage import Plan, Stage
from txn_core.transactions.transaction import TransactionRequest

UPLOADS: Final = 4
REPEATS: Final = 2  # of all bodies in each upload
MEASURE: Final = "bulk transactions a CPU second of the API's process against pydantic's validate_json alone"


def measure(stage: Stage, plan: Plan) -> list[Result]:
    """Uploads and validation in turn, round by round, after a round that does not count."""
    lines = stage.bodies()
    content = b"\n".join([*lines, b""]) * REPEATS
    ours: list[float] = []
    alone: list[float] = []
    with servers.api(stage.environment) as served:
        for number in range(-1, plan.rounds):
            taken, validated = _taken_per_s(served, stage, content), _validated_per_s(lines * REPEATS)
            if number >= 0:
                ours.append(taken)
                alone.append(validated)
                tell(f"bulk round {number + 1}: {taken:,.0f}/s of CPU, validate_json {validated:,.0f}/s")
    return [compared(MEASURE, ours, alone, at_least(0.28), by="CPU")]


def _taken_per_s(served: Served, stage: Stage, content: bytes) -> float:
    before = cpu_s(served.pid)
    with pinned(servers.LOAD_CORE):
        accepted = upload_at_once(served, stage, [content] * UPLOADS)
    return accepted / (cpu_s(served.pid) - before)


def _validated_per_s(lines: Sequence[bytes]) -> float:
    validate = TransactionRequest.model_validate_json
    with pinned(servers.MEASURED_CORE):
        before = time.thread_time()
        for line in lines:
            validate(line)
        return len(lines) / (time.thread_time() - before)
