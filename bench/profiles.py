"""Where a process spends its time, by py-spy: samples of its stack, added up by what each was busy with."""

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Final

# The first entry that a sample matches, from its innermost frame outwards, says what the process was busy with.
AREAS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    ("pydantic", ("pydantic",)),
    ("pyarrow", ("pyarrow",)),
    ("botocore: build, sign and parse calls", ("botocore/", "aiobotocore/", "aioboto3/")),
    ("aiohttp: calls to AWS on the wire", ("aiohttp/", "yarl/", "multidict/")),
    ("boto's JSON", ("json/",)),
    ("prometheus", ("prometheus_client/",)),
    ("logging", ("structlog/", "logging/")),
    ("FastAPI and Starlette", ("fastapi/", "starlette/")),
    ("uvicorn", ("uvicorn/",)),
    ("our producer", ("txn_core/kinesis/",)),
    ("our tables", ("txn_core/dynamodb/",)),
    ("our domain", ("txn_core/",)),
    ("our API", ("txn_api/",)),
    ("our workers", ("workers/",)),
)


def start(pid: int, seconds: int, file: Path) -> "subprocess.Popen[bytes]":
    """Sample a process in the background; the samples are in the file when the command has ended."""
    py_spy = Path(sys.executable).with_name("py-spy")
    command = [str(py_spy), "record", "--pid", str(pid), "--duration", str(seconds), "--rate", "200"]
    return subprocess.Popen(
        [*command, "--format", "raw", "--full-filenames", "--output", str(file)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={"PATH": os.environ["PATH"]},
    )


def areas(file: Path) -> list[tuple[str, float]]:
    """The areas of a process's busy time with their share of it, largest first."""
    counted: Counter[str] = Counter()
    for line in file.read_text().splitlines():
        stack, _, samples = line.rpartition(" ")
        counted[_area(stack.split(";"))] += int(samples)
    total = sum(counted.values()) or 1
    return [(area, samples / total) for area, samples in counted.most_common()]


def _area(frames: list[str]) -> str:
    for frame in reversed(frames):
        for area, marks in AREAS:
            if any(mark in frame for mark in marks):
                return area
    return "event loop and the rest"
