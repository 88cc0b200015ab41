"""Load and build one lake in several engines, in stages, and compare what they hold: `python -m devkit.engines ENGINE ...`."""

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import boto3
from devkit.engines.engines import Engine, OnDuckDb, OnPostgres, OnRedshift, everything
from devkit.engines.stages import Stage, stages
from devkit.local_servers import servers_running
from devkit.postgres_server import postgres_running
from devkit.redshift_door.local_redshift import local_redshift
from devkit.site import Site
from devkit.table_rows import TableRows, differences, write_folder

from txn_cli.stack.datadir import DataDir
from txn_core.aws.clients import Aws
from txn_core.aws.objects import ObjectStore

ENGINES: Final = ("duckdb", "postgres", "redshift")


def main() -> None:
    """Compare; the exit code is 1 where two engines differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engines", nargs="+", choices=ENGINES)
    parser.add_argument("--rows", type=int, default=400, help="rows that are posted")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for what each engine held at the end")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(_compared(asked.engines, asked.rows, asked.seed, Path(folder), asked.keep))
    for line in found:
        print(line)
    sys.exit(1 if found else 0)


async def _compared(names: Sequence[str], rows: int, seed: int, folder: Path, keep: Path | None) -> list[str]:
    async with _lake(folder) as (store, s3), _engines(names, folder, s3) as engines:
        found: list[str] = []
        async for stage in stages(store, rows, seed):
            held = await asyncio.to_thread(_built, engines, stage, full=False)
            found += _differences(held, f"after commit {stage.snapshot.number}")
        whole = await asyncio.to_thread(_built, engines, stage, full=True)
        found += _differences(whole, "built whole")
        for name, tables in held.items():
            found += differences(tables, whole[name], (f"{name} in stages", f"{name} built whole"))
            if keep:
                write_folder(keep / name, tables)
    return found


def _built(engines: Sequence[Engine], stage: Stage, *, full: bool) -> dict[str, dict[str, TableRows]]:
    held = {}
    for engine in engines:
        landing = engine.landing().open()
        loaded = landing.load(stage.batch)
        landing.close()
        engine.build(full=full)
        held[engine.name] = everything(engine)
        print(
            f"{engine.name}: {loaded.rows} rows of {len(loaded.objects)} commits loaded, built {'whole' if full else ''}",
            flush=True,
        )
    return held


def _differences(held: dict[str, dict[str, TableRows]], when: str) -> list[str]:
    (first, tables), *others = held.items()
    return [f"{when}: {line}" for name, other in others for line in differences(tables, other, (first, name))]


@asynccontextmanager
async def _lake(folder: Path) -> AsyncIterator[tuple[ObjectStore, Any]]:
    """A bucket of a local S3 server, as the service reads it and as boto3 does."""
    async with servers_running(DataDir.at(folder / "servers")) as endpoints:
        keys = {"aws_access_key_id": endpoints.access_key, "aws_secret_access_key": endpoints.secret_key}
        s3 = boto3.client("s3", endpoint_url=endpoints.s3_url, region_name="us-east-1", **keys)
        with Site.on(endpoints) as site:
            await asyncio.to_thread(s3.create_bucket, Bucket=site.settings.lake_bucket)
            async with Aws(site.settings).lake() as store:
                yield store, _Manifests(s3, site.settings.lake_bucket)


class _Manifests:
    """The bucket, for COPY."""

    def __init__(self, client: Any, bucket: str) -> None:
        self.client, self.bucket = client, bucket

    def put(self, key: str, body: bytes) -> None:
        """Write an object."""
        self.client.put_object(Bucket=self.bucket, Key=key, Body=body)

    def delete(self, key: str) -> None:
        """Delete an object, if it is there."""
        self.client.delete_object(Bucket=self.bucket, Key=key)


@asynccontextmanager
async def _engines(names: Sequence[str], folder: Path, manifests: _Manifests) -> AsyncIterator[list[Engine]]:
    async with postgres_running(folder / "postgres/postgres") as server:
        with local_redshift(server, manifests.client) as door:
            made: dict[str, Engine] = {
                "duckdb": OnDuckDb(folder / "duckdb"),
                "postgres": OnPostgres(server.new_database(), folder / "on_postgres"),
                "redshift": OnRedshift(door.url(door.new_database()), folder / "on_redshift", manifests),
            }
            yield [made[name] for name in names]


if __name__ == "__main__":
    main()
