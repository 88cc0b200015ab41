"""Has the templates judged by cfn-lint in three regions, checkov and cdk-nag, and compares with `findings.py`.

`python -m deploy.judges` ends with 1 when a finding has no reason, or a reason no finding. Nothing of it calls AWS or
another host.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from deploy.app import STACKS, TEMPLATES
from deploy.findings import EXPLAINED, Finding
from deploy.nag import nag_findings

REGIONS: Final = ("us-east-1", "eu-central-1", "ap-southeast-2")
CHECKOV: Final = Path(os.environ.get("CHECKOV", ".venv/checkov/bin/checkov"))


def cfn_lint() -> Iterator[Finding]:
    """Errors, warnings and hints of cfn-lint."""
    command = [str(Path(sys.executable).with_name("cfn-lint")), "--regions", *REGIONS, "--include-checks", "I"]
    for fault in json.loads(_said([*command, "--format", "json", "-t", *_files()]) or "[]"):
        path = fault["Location"]["Path"] or []
        named = path[1] if path[:1] == ["Resources"] and len(path) > 1 else "/".join(map(str, path[:2]))
        yield fault["Rule"]["Id"], f"{_stack(fault['Filename'])}.{named}"


def checkov() -> Iterator[Finding]:
    """Failed checks of checkov, which is kept from asking its vendor."""
    command = [str(CHECKOV), "--framework", "cloudformation", "--skip-download", "--compact", "--quiet", "-o", "json"]
    report: Any = json.loads(_said([*command, "-d", str(TEMPLATES)]))
    for fault in report["results"]["failed_checks"]:
        yield fault["check_id"], f"{_stack(fault['file_path'])}.{fault['resource'].rpartition('.')[2]}"


JUDGES: Final[dict[str, Callable[[], Iterator[Finding]]]] = {
    "cfn-lint": cfn_lint,
    "checkov": checkov,
    "cdk-nag": lambda: nag_findings(STACKS),
}


def main() -> None:
    """Ask every judge, or those that are named."""
    bad = []
    for judge in sys.argv[1:] or JUDGES:
        found = set(JUDGES[judge]())
        known = {finding for finding in found if any(each.covers(finding) for each in EXPLAINED[judge])}
        bad += [f"{judge}: {rule} of {resource}" for rule, resource in sorted(found - known)]
        unused = [each for each in EXPLAINED[judge] if not any(each.covers(finding) for finding in found)]
        bad += [f"{judge}: {each.rule} of {each.resources} is explained, and not found" for each in unused]
        sys.stdout.write(f"{judge}: {len(found)} findings, {len(known)} of them with a reason\n")
    if bad:
        sys.exit("\n".join(bad))


def _files() -> list[str]:
    return [str(path) for path in sorted(TEMPLATES.glob("*.template.json"))]


def _stack(file: str) -> str:
    return Path(file).name.removesuffix(".template.json")


def _said(command: list[str]) -> str:
    """What a judge says. Its exit code tells that it found something, which is seen from what it says."""
    with tempfile.TemporaryDirectory() as home:
        ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, env=_alone(home))  # noqa: S603 - a command of ours
    if ended.returncode and not ended.stdout.strip():
        sys.exit(f"{command[0]} ended with {ended.returncode}: {ended.stderr[-2_000:]}")
    return ended.stdout


def _alone(home: str) -> dict[str, str]:
    """The environment of a judge: nothing of the caller's, and no credentials."""
    return {"PATH": os.environ["PATH"], "HOME": home, "LOG_LEVEL": "ERROR", "BC_API_KEY": ""}


if __name__ == "__main__":
    main()
