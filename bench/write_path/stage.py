"""What stands ready for all measures: the stream, the tables with an API key, and the bodies."""

import asyncio
import json
import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.write_path import servers
from bench.write_path.load import bodies
from txn_cli.stack.datadir import DataDir
from txn_cli.stack.foundation import servers_running
from txn_core.api_keys import SCOPES, ApiKeyTable, mint
from txn_core.aws.clients import Aws
from txn_core.bootstrap import bootstrap
from txn_core.dynamodb.tables import TableNames
from txn_core.quotas import Limits
from txn_core.settings import Settings
from txn_core.transactions.identity import Account

BODIES: Final = 10_000
SHARDS: Final = 4
STREAM: Final[str] = Settings.model_fields["stream"].default
ACCOUNT: Final = Account("bench")
# Counted and told as every key's, and never reached.
GENEROUS: Final = Limits(writes_per_s=1_000_000, reads_per_s=1_000_000, lines_per_s=10_000_000, requests_max=10_000)


@dataclass(frozen=True, slots=True)
class Stage:
    """The stream, the environment of our API, a key for it, and the file of bodies, one a line."""

    kinesis_url: str
    environment: dict[str, str]
    key: str
    lines: Path

    @property
    def headers(self) -> dict[str, str]:
        """What our API wants to see with every request."""
        return bearing(self.key)

    def bodies(self) -> list[bytes]:
        """The bodies, without line ends."""
        return self.lines.read_bytes().splitlines()

    def script(self, method: str) -> Path:
        """A script by which wrk sends the bodies, or asks for the path without one."""
        script = self.lines.with_name(f"{method}.lua")
        bodies.write_script(script, method=method, key=self.key, lines=self.lines)
        return script


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured: interleaved rounds, seconds of each timed run, lines of the longest upload, minutes of
    the soak.
    """

    rounds: int
    seconds: int
    lines: int
    minutes: int


@asynccontextmanager
async def prepared() -> AsyncIterator[Stage]:
    """A stage for as long as the block lasts; the environment of this process points to it too."""
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        lines = work / "bodies.ndjson"
        await asyncio.to_thread(bodies.write_lines, lines, BODIES)
        # Only DynamoDB of these is used: it holds the API key and the tables that the API opens.
        async with servers_running(DataDir.at(work / "servers")) as endpoints:
            with servers.kinesis("--shards", str(SHARDS), "--keep-records", "0") as kinesis_url:
                environment = _environment(kinesis_url, endpoints.dynamodb_url, endpoints.s3_url)
                environment |= {
                    "AWS_ACCESS_KEY_ID": endpoints.access_key,
                    "AWS_SECRET_ACCESS_KEY": endpoints.secret_key,
                    "AWS_DEFAULT_REGION": "us-east-1",
                }
                os.environ.update(environment)
                await bootstrap(Settings.from_environment())
                yield Stage(kinesis_url, environment, await new_key(GENEROUS), lines)


def _environment(kinesis_url: str, dynamodb_url: str, s3_url: str) -> dict[str, str]:
    keys = dict.fromkeys(("TXN_IDENTITY_KEY", "TXN_CURSOR_KEY", "TXN_DEAD_LETTER_KEY"), "a2V5" * 11)
    return dict(os.environ) | {
        **keys,
        "TXN_CARD_KEYS": json.dumps({"1": "a2V5" * 11}),
        "TXN_KINESIS_ENDPOINT_URL": kinesis_url,
        "TXN_DYNAMODB_ENDPOINT_URL": dynamodb_url,
        "TXN_S3_ENDPOINT_URL": s3_url,
    }


async def new_key(limits: Limits) -> str:
    """A further key with every scope, of the tables that the environment names."""
    settings = Settings.from_environment()
    kept, presented = mint(account=ACCOUNT, scopes=SCOPES, limits=limits)
    async with Aws(settings).dynamodb() as dynamodb:
        await ApiKeyTable(dynamodb, TableNames(settings.table_prefix).api_keys).put(kept)
    return presented


def bearing(key: str) -> dict[str, str]:
    """The headers that present a key."""
    return {"Authorization": f"Bearer {key}"}
