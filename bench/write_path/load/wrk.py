"""Runs wrk and reads what it prints."""

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_UNITS: Final = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0}


@dataclass(frozen=True, slots=True)
class Load:
    """One run: requests a second, latencies in seconds, and answers that were not 2xx or did not come."""

    requests_per_s: float
    p50_s: float
    p99_s: float
    failures: int


def run(url: str, script: Path, *, core: int, connections: int, seconds: int) -> Load:
    """Load a URL from one core."""
    command = ["taskset", "-c", str(core), "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--latency"]
    printed = subprocess.run(
        [*command, "--timeout", "10s", "-s", str(script), url], check=True, capture_output=True, timeout=seconds + 60
    ).stdout.decode()
    return parse(printed)


def parse(printed: str) -> Load:
    """The figures in wrk's report."""
    failures = sum(int(number) for number in re.findall(r"Non-2xx or 3xx responses: (\d+)", printed))
    for errors in re.findall(r"Socket errors: (.*)", printed):
        failures += sum(map(int, re.findall(r"\d+", errors)))
    return Load(
        requests_per_s=float(_found(r"Requests/sec:\s+([\d.]+)", printed)),
        p50_s=_seconds(_found(r"50%\s+([\d.]+\w+)", printed)),
        p99_s=_seconds(_found(r"99%\s+([\d.]+\w+)", printed)),
        failures=failures,
    )


def _found(pattern: str, printed: str) -> str:
    match = re.search(pattern, printed)
    if match is None:
        raise ValueError(f"wrk printed no {pattern}")
    return match[1]


def _seconds(text: str) -> float:
    match = re.fullmatch(r"([\d.]+)(us|ms|s|m)", text)
    if match is None:
        raise ValueError("not a duration")
    return float(match[1]) * _UNITS[match[2]]
