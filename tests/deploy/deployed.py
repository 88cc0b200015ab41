"""The committed templates with parameters of a deployment, resolved."""

import os
from pathlib import Path
from typing import Any, Final

import pytest
from devkit.aws_account.templates.physical_names import Place
from devkit.aws_account.templates.resolved_stack import ResolvedStack

from tests.deploy.templates import template

ROOT: Final = Path(__file__).parents[2]
ACCOUNT: Final = "111122223333"
REGION: Final = "eu-central-1"
STACKS: Final = ("data", "network", "access", "service", "watch", "tickets", "warehouse")
"""The stacks in the order in which they are made: each imports from those before it alone."""
RUNNING: Final = ("data", "network", "access", "service")
"""The stacks that processes run in."""
PARAMETERS: Final[dict[str, str]] = {
    "Image": f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/txn@sha256:{'0' * 64}",
    "CertificateArn": f"arn:aws:acm:{REGION}:{ACCOUNT}:certificate/00000000-0000-0000-0000-000000000000",
    "AlarmEmail": "operators@example.org",
}
"""What has no default, for all stacks together."""
TOOLS: Final = "DEPLOY_TOOLS"
"""Names the Python of the environment that has moto."""
LONG: Final = pytest.mark.skipif(TOOLS not in os.environ, reason="one of the long ones: make test-deploy")
"""Of a test that `make test` leaves out."""


def parameters_of(document: dict[str, Any], **given: Any) -> dict[str, Any]:
    """Values for the parameters that a template has."""
    return {name: value for name, value in {**PARAMETERS, **given}.items() if name in document.get("Parameters", {})}


def deployed(*stacks: str, prefix: str = "txn", **parameters: Any) -> list[ResolvedStack]:
    """Some stacks of one prefix, by default those that processes run in."""
    exports: dict[str, str] = {}
    found = []
    for stack in stacks or RUNNING:
        given = parameters_of(template(stack), Prefix=prefix, **parameters)
        found.append(ResolvedStack(template(stack), Place(ACCOUNT, REGION, f"{prefix}-{stack}"), given, exports))
    return found
