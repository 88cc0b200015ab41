"""Clients' files, taken in by the worker and by the command, each killed by SIGKILL at every step that it makes.

A step is a call to S3 or an upload (`fault/sitecustomize.py`). Each step has a file of its own, with numbers of its
own, in cards and in other columns. At the end each file was taken in, and the clients' bucket is empty.
"""

import asyncio
import csv
import gzip
import io
import json
import os
import subprocess
import time
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from devkit.running_stack import COMMAND_S_MAX, TXN, RunningStack

from tests.canary.evidence import Evidence
from tests.canary.marks import Marks
from tests.canary.scene import Scene
from txn_cli.simulator.simulated_rows import simulate_rows
from txn_cli.stack.datadir import DataDir
from txn_cli.stack.stackports import MASTER, StackPorts
from txn_core.aws.clients import Aws
from txn_core.aws.versioned_objects import VersionedObjects
from txn_core.settings import Settings

BUCKET: Final = "canary-clients"
ACCOUNT: Final = "default"
ROWS: Final = 12
STEPS: Final = 10
"""One file takes as many, and one upload among them."""
LEAST_OF_COMMAND: Final = 6
DONE_S_MAX: Final = 120.0
EMPTY_VOLUME_BYTES: Final = 8
"""A volume of SeaweedFS without objects: its super block."""


async def take_in_files(
    stack: RunningStack, temporary: Path, spans: Path, fault: Mapping[str, str], evidence: Evidence
) -> None:
    """Take in files in both ways, and count the kills."""
    settings = Scene.of(stack, {}).settings
    own = {**fault, "TMPDIR": str(temporary), "CANARY_SPANS": str(spans)}
    async with Aws(settings).s3() as s3:
        await s3.create_bucket(Bucket=BUCKET)
        await _by_the_worker(stack, VersionedObjects(s3, BUCKET), settings, own, evidence)
    _by_the_command(stack, temporary, own, evidence)


async def _by_the_worker(
    stack: RunningStack, clients: VersionedObjects, settings: Settings, own: Mapping[str, str], evidence: Evidence
) -> None:
    environment = (
        os.environ
        | dict(own)
        | {
            "TXN_INGEST_BUCKET": BUCKET,
            "TXN_INGEST_POLL_S": "0.2",
            "TXN_INGEST_API_URL": str(stack.ready["api_url"]),
            "TXN_INGEST_API_KEYS": json.dumps({ACCOUNT: stack.ready["api_key"]}),
        }
    )
    assert settings.s3_endpoint_url == environment["TXN_S3_ENDPOINT_URL"], "the scene has made us one of the stack's"
    for name, content in _odd_files(evidence.marks).items():
        await clients.put(f"{ACCOUNT}/{name}", content)
    with (stack.data_dir / "logs" / "ingest-canary.log").open("ab") as log:
        for step in range(1, STEPS + 1):
            await clients.put(f"{ACCOUNT}/{step}.csv.gz", gzip.compress(_rows(evidence.marks)))
            killed = await _killed(clients, environment | {"CANARY_KILL_AT": str(step)}, log)
            assert killed, f"the worker makes no {step} steps"
            evidence.crashes["SIGKILL to worker ingest"] += 1
        await _killed(clients, environment, log)
    _free_removed(stack)
    evidence.found += [f"file of a client {each.key}" async for each in clients.listed("")]


def _free_removed(stack: RunningStack) -> None:
    """Have the local S3 server free the bytes of removed objects now, which it does by itself now and then.

    It passes over a volume that it is busy with, and is asked again; what stays is found by the search.
    """
    ports = StackPorts.stored(DataDir.at(stack.data_dir))
    assert ports is not None
    ends_s = time.monotonic() + DONE_S_MAX
    while time.monotonic() < ends_s:
        with urllib.request.urlopen(
            f"{ports.url(MASTER)}/vol/vacuum?garbageThreshold=0.0001", timeout=DONE_S_MAX
        ) as answer:
            assert answer.status == 200
        volumes = (stack.data_dir / "s3").glob(f"{BUCKET}_*.dat")
        if all(volume.stat().st_size <= EMPTY_VOLUME_BYTES for volume in volumes):
            break
        time.sleep(1.0)


async def _killed(clients: VersionedObjects, environment: Mapping[str, str], log: Any) -> bool:
    """Whether a worker is killed before all files are gone; if not, it is told to end."""
    worker = await asyncio.create_subprocess_exec(*TXN, "worker", "ingest", env=environment, stdout=log, stderr=log)
    try:
        async with asyncio.timeout(DONE_S_MAX):
            # A process that is killed, and a bucket, tell nobody.
            while worker.returncode is None and [each async for each in clients.listed("")]:  # noqa: ASYNC110
                await asyncio.sleep(0.1)
    finally:
        if worker.returncode is None:
            worker.terminate()
    return await worker.wait() < 0


def _by_the_command(stack: RunningStack, temporary: Path, own: Mapping[str, str], evidence: Evidence) -> None:
    left = []
    for step in range(1, STEPS + 1):
        file = temporary / f"{step}.csv"
        file.write_bytes(_rows(evidence.marks))
        left.append(file)
        if (code := _ingest(stack, file, dict(own) | {"CANARY_KILL_AT": str(step)})) < 0:
            evidence.crashes["SIGKILL to ingest"] += 1
        assert code < 0 or step > LEAST_OF_COMMAND, f"the command makes no {step} steps: {code}"
    for file in left:
        assert _ingest(stack, file, own) == 3, "some rows are rejected"
        file.unlink()
    for command in (("ingest", "status"), ("ingest", "status", "--json")):
        _command(stack, *command, environment=own)


def _ingest(stack: RunningStack, file: Path, own: Mapping[str, str]) -> int:
    return _command(stack, "ingest", str(file), environment=own)


def _command(stack: RunningStack, *arguments: str, environment: Mapping[str, str]) -> int:
    command = [*TXN, *arguments, "--data-dir", str(stack.data_dir)]
    environment = os.environ | dict(environment)
    run = subprocess.run(command, check=False, capture_output=True, timeout=COMMAND_S_MAX, env=environment)
    stack.output.extend((run.stdout, run.stderr))
    return run.returncode


def _rows(marks: Marks) -> bytes:
    """A file whose rows hold a number each, some of them twice, which the API refuses."""
    rows = [dict(row) for row in simulate_rows(rows=ROWS, cards=ROWS, seed=len(marks.numbers))]
    for number, row in enumerate(rows):
        row["cc_num"] = marks.new("row of a client's file")
        if number % 4 == 1:
            row["street"] = row["cc_num"]
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


def _odd_files(marks: Marks) -> dict[str, bytes]:
    """Files that fail as a whole: cut off, without a header, of no kind that is read.

    Their names hold no number: S3 itself keeps names of objects, in logs and elsewhere.
    """
    rows = _rows(marks)
    return {
        "cut.csv.gz": gzip.compress(rows)[:-50],
        "headless.csv": b"".join(_rows(marks).splitlines(keepends=True)[1:]),
        "page.html": f"<html>{marks.new('page of a client')}</html>".encode(),
        "quoted.csv": rows + f'"{marks.new("open quote of a client")}'.encode(),
        "columns.csv": rows.replace(b"is_fraud", marks.new("column of a client").encode(), 1),
    }
