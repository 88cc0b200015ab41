"""What cdk-nag finds in the stacks, by its packs AwsSolutions and PCI DSS 3.2.1, and the CDK's own rules."""

import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from aws_cdk import App, Stack, Validations
from cdk_nag import AwsSolutionsChecks, PCIDSS321Checks


def nag_findings(stacks: Sequence[Callable[[App], Stack]]) -> Iterator[tuple[str, str]]:
    """Rules and resources, as `stack.Resource`."""
    with tempfile.TemporaryDirectory() as folder:
        app = App(outdir=folder, analytics_reporting=False)
        for make in stacks:
            make(app)
        Validations.of(app).add_plugins(AwsSolutionsChecks(app), PCIDSS321Checks(app))
        with suppress(RuntimeError):  # there are findings
            app.synth()
        report: Any = json.loads((Path(folder) / "validation-report.json").read_text())
    for plugin in report["pluginReports"]:
        for violation in plugin["violations"]:
            for construct in violation["violatingConstructs"]:
                stack, _, resource = construct["constructPath"].partition("/")
                yield violation["ruleName"], f"{stack}.{resource or stack}"
