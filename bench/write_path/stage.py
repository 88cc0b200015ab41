"""What stands ready for all measures: the stream, the tables with an API key, and the bodies."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from devkit.local_servers import servers_running
from devkit.site import Site

from bench.write_path import servers
from bench.write_path.load import bodies
from txn_cli.stack.datadir import DataDir
from txn_core.bootstrap import bootstrap
from txn_core.quotas import Limits
from txn_core.settings import Settings

BODIES: Final = 10_000
SHARDS: Final = 4
STREAM: Final[str] = Settings.model_fields["stream"].default
# Counted and told as every key's, and never reached.
GENEROUS: Final = Limits(writes_per_s=1_000_000, reads_per_s=1_000_000, lines_per_s=10_000_000, requests_max=10_000)


@dataclass(frozen=True, slots=True)
class Stage:
    """The servers, the stream, a key for our API, and the file of bodies, one a line."""

    site: Site
    kinesis_url: str
    key: str
    lines: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """The environment of our API."""
        return self.site.environment

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
            with (
                servers.kinesis("--shards", str(SHARDS), "--keep-records", "0") as kinesis_url,
                Site.on(replace(endpoints, kinesis_url=kinesis_url)) as site,
            ):
                await bootstrap(site.settings)
                yield Stage(site, kinesis_url, await site.api_key(GENEROUS), lines)


def bearing(key: str) -> dict[str, str]:
    """The headers that present a key."""
    return {"Authorization": f"Bearer {key}"}
