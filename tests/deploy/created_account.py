"""An account in a moto server, in which CloudFormation makes our stacks, changes them and deletes them."""

import json
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import botocore.session
import httpx
from botocore.config import Config

from tests.deploy.deployed import ACCOUNT, REGION, ROOT, STACKS, TOOLS, parameters_of
from tests.deploy.templates import template

START_S_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class CreatedAccount:
    """The account of a moto server."""

    url: str
    certificate: list[str] = field(default_factory=list)
    _clients: dict[str, Any] = field(default_factory=dict)

    def client(self, service: str) -> Any:
        """A client of a service, with every right."""
        if service not in self._clients:
            session = botocore.session.Session()
            session.set_credentials(ACCOUNT, "secret")
            config = Config(retries={"total_max_attempts": 1}, read_timeout=300, s3={"addressing_style": "path"})
            made = session.create_client(service, region_name=REGION, endpoint_url=self.url, config=config)
            self._clients[service] = made
        return self._clients[service]

    def empty(self) -> None:
        """Take all of it away, also what is kept when a stack goes."""
        httpx.post(f"{self.url}/moto-api/reset", timeout=60.0).raise_for_status()
        self.certificate.clear()

    def create(self, prefix: str, *, stacks: tuple[str, ...] = STACKS, **parameters: str) -> None:
        """Create stacks in their order.

        Raises:
            AssertionError: one is not complete.
        """
        for stack in stacks:
            self._carry_out("create_stack", stack, prefix, parameters, "CREATE_COMPLETE")

    def update(self, stack: str, prefix: str, **parameters: str) -> None:
        """Change a stack to other parameters."""
        self._carry_out("update_stack", stack, prefix, parameters, "UPDATE_COMPLETE")

    def delete(self, prefix: str, *, stacks: tuple[str, ...] = STACKS) -> None:
        """Delete stacks in the reverse of their order."""
        for stack in reversed(stacks):
            self.client("cloudformation").delete_stack(StackName=f"{prefix}-{stack}")

    def resources(self, stack: str, prefix: str) -> dict[str, dict[str, Any]]:
        """What CloudFormation says of the resources of a stack, by their names in the template."""
        found = self.client("cloudformation").describe_stack_resources(StackName=f"{prefix}-{stack}")
        # Where a condition is false, moto lists a resource without a name.
        return {one["LogicalResourceId"]: one for one in found["StackResources"] if "LogicalResourceId" in one}

    def _carry_out(self, operation: str, stack: str, prefix: str, parameters: dict[str, str], expected: str) -> None:
        cloudformation = self.client("cloudformation")
        if not self.certificate:
            made = self.client("acm").request_certificate(DomainName="api.example.org")
            self.certificate.append(made["CertificateArn"])
        given = parameters_of(template(stack), Prefix=prefix, CertificateArn=self.certificate[0], **parameters)
        getattr(cloudformation, operation)(
            StackName=f"{prefix}-{stack}",
            TemplateBody=json.dumps(template(stack), separators=(",", ":")),
            Parameters=[{"ParameterKey": name, "ParameterValue": str(value)} for name, value in given.items()],
            Capabilities=["CAPABILITY_NAMED_IAM"],
        )
        (now,) = cloudformation.describe_stacks(StackName=f"{prefix}-{stack}")["Stacks"]
        assert now["StackStatus"] == expected, now


@contextmanager
def created_account() -> Iterator[CreatedAccount]:
    """A moto server for the time of the block; it ends with this process in any case."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME", "PYTHONPYCACHEPREFIX") if name in os.environ}
    settings = {"PYTHONPATH": str(ROOT), "AWS_EC2_METADATA_DISABLED": "true", "NO_PROXY": "127.0.0.1"}
    with subprocess.Popen(
        [os.environ[TOOLS], "-m", "devkit.moto_account.server"],
        env=environment | settings | {"MOTO_ACCOUNT_ID": ACCOUNT},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        line = process.stdout.readline()
        assert line, "the moto server did not start"
        try:
            yield CreatedAccount(json.loads(line)["url"])
        finally:
            process.stdin.close()
            process.wait(START_S_MAX)
