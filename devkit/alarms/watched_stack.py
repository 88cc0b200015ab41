"""Lets Prometheus scrape a local stack under load, and asks every query of the dashboard: `make watch-panels`.

`python -m devkit.alarms.watched_stack [--seconds 120]`. It needs Debian's `prometheus` on the PATH. The rules are
loaded, too: none may fail to be evaluated, and no alarm may fire beside a stack that is well.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx
import yaml

from devkit.running_stack import RunningStack, running_stack
from operations.alarms.drain_alarms import service_of
from operations.dashboard.panels import panels
from operations.dashboard.promql import legend_of, query_of
from txn_cli.simulator.simulated_rows import simulate_rows, write_rows
from txn_cli.stack import ports
from txn_cli.stack.datadir import DataDir
from txn_cli.stack.stackports import StackPorts

RULES: Final = Path(__file__).parents[2] / "deploy" / "prometheus" / "rules.yml"
SECONDS: Final = 120.0
SCRAPE_S: Final = 5
ROWS: Final = 2_000
READY_S_MAX: Final = 60.0
STOP_S_MAX: Final = 30.0


def main() -> None:
    """Say what each panel shows; fail if one shows nothing, a rule fails, or an alarm fires."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="how long Prometheus scrapes (%(default)s)")
    seconds: float = parser.parse_args().seconds
    program = shutil.which("prometheus")
    if program is None:
        parser.exit(2, "there is no prometheus on the PATH (Debian: prometheus)\n")
    with TemporaryDirectory(prefix="txn-watch-") as name, running_stack(Path(name) / "data") as stack:
        folder = Path(name)
        with _prometheus(program, folder, _targets(stack)) as client:
            _load(stack, folder, seconds)
            faults = [*_empty_panels(client), *_amiss_rules(client)]
    for fault in faults:
        sys.stdout.write(f"{fault}\n")
    sys.stdout.write(f"{len(panels())} panels, {len(faults)} faults\n")
    sys.exit(bool(faults))


def _targets(stack: RunningStack) -> dict[str, str]:
    """By job, where Prometheus finds it."""
    stored = StackPorts.stored(DataDir(stack.data_dir))
    assert stored is not None
    urls = {"txn-api": stack.ready["api_url"]}
    urls |= {f"txn-{service_of(drain)}": url for drain, url in stored.metrics_urls().items()}
    return {job: url.removeprefix("http://") for job, url in urls.items()}


@contextmanager
def _prometheus(program: str, folder: Path, targets: dict[str, str]) -> Iterator[httpx.Client]:
    """A Prometheus that scrapes the targets and evaluates the rules, for the time of the block."""
    config = {
        "global": {"scrape_interval": f"{SCRAPE_S}s", "evaluation_interval": f"{SCRAPE_S}s"},
        "rule_files": [str(RULES)],
        "scrape_configs": [
            {"job_name": job, "static_configs": [{"targets": [target]}]} for job, target in targets.items()
        ],
    }
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(config))
    address = f"{ports.HOST}:{ports.choose()}"
    command = [program, f"--config.file={file}", f"--storage.tsdb.path={folder / 'tsdb'}"]
    with (folder / "prometheus.log").open("wb") as log:
        process = subprocess.Popen([*command, f"--web.listen-address={address}"], stdout=log, stderr=log)
    try:
        with httpx.Client(base_url=f"http://{address}", trust_env=False, timeout=30) as client:
            _wait_until_ready(client, process)
            yield client
    finally:
        process.terminate()
        process.wait(STOP_S_MAX)


def _wait_until_ready(client: httpx.Client, process: "subprocess.Popen[bytes]") -> None:
    deadline = time.monotonic() + READY_S_MAX
    while True:
        try:
            if client.get("/-/ready").status_code == 200:
                return
        except httpx.TransportError:
            pass
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError("Prometheus did not start")
        time.sleep(0.1)


def _load(stack: RunningStack, folder: Path, seconds: float) -> None:
    """Rows for so long, look-ups, and a key that does not exist."""
    end = time.monotonic() + seconds
    seed = 0
    while time.monotonic() < end:
        file = folder / "rows.csv"
        with file.open("w", newline="") as target:
            write_rows(simulate_rows(rows=ROWS, cards=200, seed=seed), target)
        stack.txn("load", str(file))
        httpx.get(
            f"{stack.ready['api_url']}/transactions/none", headers={"Authorization": "Bearer none"}, trust_env=False
        )
        seed += 1
        time.sleep(min(SCRAPE_S, max(0.0, end - time.monotonic())))


def _empty_panels(client: httpx.Client) -> Iterator[str]:
    """The lines of panels that show nothing, or no number."""
    for panel in panels():
        for line in panel.lines:
            series = _asked(client, "query", query=query_of(line))["result"]
            numbers = [float(each["value"][1]) for each in series]
            sys.stdout.write(f"{panel.title}: {legend_of(line)}: {numbers}\n")
            if not numbers or any(number != number for number in numbers):  # noqa: PLR0124 - NaN
                yield f"shows nothing: {panel.title}: {query_of(line)}"


def _amiss_rules(client: httpx.Client) -> Iterator[str]:
    """The rules that could not be evaluated, and those that fire."""
    for group in _asked(client, "rules")["groups"]:
        for rule in group["rules"]:
            if rule["health"] != "ok":
                yield f"cannot be evaluated: {rule['name']}: {rule.get('lastError')}"
            if rule["state"] == "firing":
                yield f"fires: {rule['name']}: {json.dumps(rule['alerts'])}"


def _asked(client: httpx.Client, path: str, **parameters: str) -> dict[str, Any]:
    answer = client.get(f"/api/v1/{path}", params=parameters).raise_for_status().json()
    data: dict[str, Any] = answer["data"]
    return data


if __name__ == "__main__":
    main()
