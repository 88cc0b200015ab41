"""PUT payload units, by which a provisioned stream is billed: 25 KB each, every Kinesis record rounded up.

Counted by the Kinesis server from what it stored. One record each would be one unit each, since no transaction
comes near 25 KB.
"""

from itertools import cycle, islice
from typing import Final

from devkit.kinesis_server.steering.report import TallyReport

from bench.process_stats import pinned
from bench.write_path import servers
from bench.write_path.kinesis_control import control
from bench.write_path.load.uploads import upload
from bench.write_path.results import Result, at_most, counted, tell
from bench.write_path.stage import STREAM, Plan, Stage

LINES: Final = 100_000


def measure(stage: Stage, _: Plan) -> list[Result]:
    """One upload through an API that has just started."""
    content = b"".join(line + b"\n" for line in islice(cycle(stage.bodies()), LINES))
    before = _acknowledged(stage)
    with servers.api(stage.environment) as served, pinned(servers.LOAD_CORE):
        accepted = upload(served, stage, content)
    after = _acknowledged(stage)
    records, size = after.records - before.records, after.bytes - before.bytes
    tell(f"units: {accepted:,} transactions in {records:,} records of {size / records:,.0f} bytes on average")
    return [
        counted(
            f"PUT payload units of {LINES:,} transactions in one upload against a record each",
            after.put_units - before.put_units,
            accepted,
            at_most(1 / 25),
        )
    ]


def _acknowledged(stage: Stage) -> TallyReport:
    return control(stage.kinesis_url).streams[STREAM].acknowledged
