"""Load and build one lake in several engines, in stages, and compare all rows: `python -m devkit.engines ENGINE ...`.

`redshift` is the test door, or the Redshift that TXN_WAREHOUSE_REDSHIFT_URL names, with the bucket TXN_LAKE_BUCKET:
both have to be empty. `spark` is loaded in stages and built at the end, as it builds whole tables; it needs Java.
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import boto3

from devkit.engines.engines import Engine, on_duckdb, on_postgres, on_redshift, on_spark
from devkit.engines.stages import Stage, stages
from devkit.local_servers import servers_running
from devkit.postgres_server import postgres_running
from devkit.redshift_door.local_redshift import local_redshift
from devkit.site import Site
from devkit.table_rows import TableRows, differences, write_folder
from txn_cli.stack.datadir import DataDir
from txn_core.aws.clients import Aws
from txn_core.aws.objects import ObjectStore
from txn_core.settings import Settings
from warehouse.landing.manifest_bucket import ManifestBucket
from warehouse.run.redshift_target import RedshiftTarget

ENGINES: Final = ("duckdb", "postgres", "redshift", "spark")
REDSHIFT: Final = "TXN_WAREHOUSE_REDSHIFT_URL"
Held = dict[str, dict[str, TableRows]]


def main() -> None:
    """Compare; the exit code is 1 where two engines differ."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("engines", nargs="+", choices=ENGINES)
    parser.add_argument("--rows", type=int, default=200, help="rows that are posted")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, help="a folder for what each engine held at the end")
    asked = parser.parse_args()
    if "spark" in asked.engines and not shutil.which("java"):
        sys.exit("Spark needs Java 17: install it (apt-get install openjdk-17-jre-headless), or leave spark out")
    with tempfile.TemporaryDirectory() as folder:
        found = asyncio.run(_compared(asked.engines, asked.rows, asked.seed, Path(folder), asked.keep))
    sys.stdout.writelines(f"{line}\n" for line in found or ["0 differences"])
    sys.exit(1 if found else 0)


async def _compared(names: Sequence[str], rows: int, seed: int, folder: Path, keep: Path | None) -> list[str]:
    found: list[str] = []
    held: Held = {}
    async with _site(folder) as settings, _engines(names, folder, settings) as engines:
        async with Aws(settings).lake() as store:
            if REDSHIFT in os.environ:
                await _must_be_empty(store, settings)
            async for stage in stages(store, rows, seed):
                held = await asyncio.to_thread(_built, engines, stage, full=False)
                found += _differences(held, f"after commit {stage.snapshot.number}")
        whole = await asyncio.to_thread(_built, engines, stage, full=True)
    for name, tables in held.items():
        found += differences(tables, whole[name], (f"{name} in stages", f"{name} built whole"))
    found += _differences(whole, "built whole")
    for name, tables in whole.items():
        if keep:
            write_folder(keep / name, tables)
    return found


async def _must_be_empty(store: ObjectStore, settings: Settings) -> None:
    """What others have is not to be mixed with the lake and the tables of a comparison, which nobody clears."""
    async for key in store.keys(""):
        sys.exit(f"The bucket {settings.lake_bucket} holds {key}: name an empty one by TXN_LAKE_BUCKET")
    with RedshiftTarget(settings, ManifestBucket(settings)).address.session() as session:
        found = session.execute("select nspname from pg_namespace where nspname in ('landing', 'star', 'marts')")
    if found:
        sys.exit("The database holds a warehouse: name an empty one by TXN_WAREHOUSE_REDSHIFT_URL")


def _built(engines: Sequence[Engine], stage: Stage, *, full: bool) -> Held:
    held = {}
    for engine in engines:
        loaded = engine.load(stage.batch)
        if engine.script and not full:
            continue  # builds whole tables alone
        engine.build(full=full)
        held[engine.name] = engine.everything()
        built = "whole" if full else "what that affects"
        sys.stdout.write(
            f"{engine.name}: loaded {loaded.rows} rows of {len(loaded.objects)} commits, built {built}\n"
        )
        sys.stdout.flush()
    return held


def _differences(held: Held, when: str) -> list[str]:
    (first, tables), *others = held.items()
    return [f"{when}: {line}" for name, other in others for line in differences(tables, other, (first, name))]


@asynccontextmanager
async def _site(folder: Path) -> AsyncIterator[Settings]:
    """The settings of AWS where a Redshift is named, and else of local servers with an empty bucket."""
    if REDSHIFT in os.environ:
        yield Settings.from_environment()
        return
    async with servers_running(DataDir.at(folder / "servers")) as endpoints:
        with Site.on(endpoints) as site:
            s3 = _s3(site.settings)
            await asyncio.to_thread(s3.create_bucket, Bucket=site.settings.lake_bucket)
            yield site.settings


@asynccontextmanager
async def _engines(names: Sequence[str], folder: Path, settings: Settings) -> AsyncIterator[list[Engine]]:
    """The engines by their names. DuckDB is always there, to compare with."""
    async with postgres_running(folder / "postgres/postgres") as server:
        with local_redshift(server, _s3(settings)) as door:
            made = [on_duckdb(folder / "duckdb", settings)]
            if "postgres" in names:
                made.append(on_postgres(server.new_database(), folder / "on_postgres"))
            if "redshift" in names:
                if settings.warehouse_redshift_url is None:
                    url = f"{door.url(door.new_database()).replace('postgresql:', 'redshift:')}?ssl=false"
                    settings = Settings.model_validate({**settings.model_dump(), "warehouse_redshift_url": url})
                made.append(on_redshift(settings, folder / "on_redshift"))
            if "spark" in names:
                made.append(on_spark(folder / "on_spark", settings))
            yield made


def _s3(settings: Settings) -> Any:
    url = settings.s3_endpoint_url
    return boto3.Session().client("s3", endpoint_url=url, region_name=settings.region_at(url))


if __name__ == "__main__":
    main()
