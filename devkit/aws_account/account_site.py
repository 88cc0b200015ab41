"""An account at work: local servers with the templates' resources, the proxy before them, and the pocket agent."""

import json
import subprocess
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from devkit.aws_account.account import Account
from devkit.aws_account.local_resources import make_resources
from devkit.aws_account.proxy import AuthorisingProxy, proxy_running
from devkit.aws_account.tasks.pocket_agent import PROGRAM, PocketAgent
from devkit.aws_account.tasks.secret_values import secret_values
from devkit.aws_account.templates.resolved_stack import ResolvedStack
from devkit.aws_account.templates.stack_account import account_of
from devkit.aws_account.templates.task_definitions import TaskDefinition, task_definitions
from devkit.kinesis_server.running import kinesis_server
from devkit.local_servers import servers_running
from devkit.site import Site
from txn_cli.stack.datadir import DataDir
from txn_core.aws.clients import Aws

COMMAND_S_MAX: Final = 400.0


@dataclass(frozen=True, slots=True)
class AccountSite:
    """An account whose tasks can be started.

    Attributes:
        site: the servers behind the proxy, for whoever looks without asking the account.
    """

    account: Account
    proxy: AuthorisingProxy
    agent: PocketAgent
    definitions: Sequence[TaskDefinition]
    site: Site
    folder: Path

    def definition(self, word: str) -> TaskDefinition:
        """The task definition whose command holds a word, `index`."""
        return next(one for one in self.definitions if word in one.command)

    def run(self, *arguments: str, environment: Mapping[str, str]) -> Any:
        """Run a command, and read the JSON that it prints.

        Raises:
            RuntimeError: it ends with another code than 0; the text is what it printed.
        """
        command = [*PROGRAM, *arguments]
        done = subprocess.run(
            command, env=dict(environment), capture_output=True, check=False, cwd=self.folder, timeout=COMMAND_S_MAX
        )
        if done.returncode != 0:
            raise RuntimeError(f"txn {arguments[0]} ended with {done.returncode}: {done.stdout!r} {done.stderr!r}")
        return json.loads(done.stdout) if "--json" in arguments else done.stdout


@asynccontextmanager
async def account_site(stacks: Sequence[ResolvedStack], folder: Path) -> AsyncIterator[AccountSite]:
    """The account of some stacks for the time of the block; every task that still runs is ended with it."""
    data_dir = DataDir.at(folder / "servers")
    data_dir.create()
    async with servers_running(data_dir) as found, kinesis_server() as kinesis:
        endpoints = replace(found, kinesis_url=kinesis.url)
        with Site.on(endpoints) as site:
            await make_resources(stacks, Aws(site.settings))
            account = account_of(stacks)
            servers = {"kinesis": endpoints.kinesis_url, "dynamodb": endpoints.dynamodb_url, "s3": endpoints.s3_url}
            keys = (endpoints.access_key, endpoints.secret_key)
            async with proxy_running(account, servers, keys, _expiring(stacks)) as proxy:
                agent = PocketAgent(account, proxy, secret_values(stacks), folder)
                try:
                    yield AccountSite(account, proxy, agent, task_definitions(stacks), site, folder)
                finally:
                    agent.end()


def _expiring(stacks: Sequence[ResolvedStack]) -> frozenset[str]:
    """The tables whose rows expire, as the templates say it."""
    tables = (table for stack in stacks for table in stack.of_kind("AWS::DynamoDB::Table"))
    said = ((table.reference, table.properties.get("TimeToLiveSpecification", {})) for table in tables)
    return frozenset(name for name, expiry in said if expiry.get("Enabled") in {True, "true"})
