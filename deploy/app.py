"""Renders the stacks into `deploy/templates`, or checks that the templates are what the stacks say.

`python -m deploy.app` writes, `python -m deploy.app --check` compares. It needs aws-cdk-lib and Node on PATH
(`make templates`, `make check-deploy`). Nothing is deployed by it: the templates are what is deployed.
"""

import argparse
import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from aws_cdk import App, Stack

from deploy.stacks.access import access_stack
from deploy.stacks.data import data_stack
from deploy.stacks.network import network_stack
from deploy.stacks.service import service_stack
from deploy.stacks.tickets import tickets_stack
from deploy.stacks.warehouse import warehouse_stack
from deploy.stacks.watch import watch_stack

TEMPLATES: Final = Path(__file__).parent / "templates"
BYTES_MAX: Final = 51_200
"""The largest template that CloudFormation takes without a bucket to read it from."""
STACKS: Final[tuple[Callable[[App], Stack], ...]] = (
    data_stack,
    network_stack,
    access_stack,
    service_stack,
    watch_stack,
    tickets_stack,
    warehouse_stack,
)


def rendered() -> dict[str, str]:
    """The templates by the names of their files, compact."""
    with tempfile.TemporaryDirectory() as folder:
        app = App(outdir=folder, analytics_reporting=False)
        names = [make(app).stack_name for make in STACKS]
        assembly = app.synth()
        return {f"{name}.template.json": compact(assembly.get_stack_by_name(name).template) for name in names}


def compact(template: Any) -> str:
    """A template as one line of JSON."""
    return json.dumps(template, separators=(",", ":"), ensure_ascii=False) + "\n"


def main() -> None:
    """Write the templates, or with `--check` say which have drifted; ends with 1 then."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    checks = parser.parse_args().check
    bad = []
    for name, text in rendered().items():
        path, size = TEMPLATES / name, len(text.encode())
        if size >= BYTES_MAX:
            bad.append(f"{name} has {size:,} bytes: CloudFormation takes less than {BYTES_MAX:,}")
        if not checks:
            path.write_text(text)
        elif not path.exists() or path.read_text() != text:
            bad.append(f"{name} is not what the stacks say: run `make templates`")
    if bad:
        sys.exit("\n".join(bad))


if __name__ == "__main__":
    main()
