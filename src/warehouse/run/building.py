"""Builds the tables from the landing, by one dbt child, when there is something to build."""

import asyncio
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from warehouse.dbt.dbt_process import Dbt
from warehouse.dbt.models_digest import models_digest
from warehouse.run.targets import Built, Target

Extent = Literal["nothing", "partial", "full"]

EVERY_BUILD: Final = "tag:every_build"
"""The tests that each build makes before it counts as done: sums of facts, marts and positions."""
_TESTS_ALONE_BY_NAME: Final = ("--indirect-selection", "empty")


@dataclass(frozen=True, slots=True)
class Builder:
    """Builds one target.

    Attributes:
        dbt_program: the `dbt` command, or a Python that runs dbt by a script.
        work: the folder for what dbt writes.
        lock: the descriptor of the lock that the build holds, which its child shares.
        script: that script with its options.
    """

    target: Target
    dbt_program: Path
    work: Path
    lock: int
    script: Sequence[str] = ()

    @property
    def dbt(self) -> Dbt:
        """How dbt is run for the target."""
        environment = {**self.target.environment, "TXN_WAREHOUSE_MODELS": models_digest()}
        return Dbt(self.dbt_program, self.work / self.target.name, self.target.name, environment, self.script)

    async def build(self, *, full: bool = False) -> Extent:
        """Build what new loads affect, or everything; nothing when all is built.

        Raises:
            DbtError: a model or a test failed.
        """
        extent = extent_of(await asyncio.to_thread(self.target.built), full=full)
        if extent != "nothing":
            seeds = ("resource_type:seed",) if extent == "full" else ()
            options = ("--full-refresh",) if extent == "full" else ()
            select = ("--select", "resource_type:model", *seeds, EVERY_BUILD)
            await self.dbt.run("build", *options, *_TESTS_ALONE_BY_NAME, *select, kept_open=(self.lock,))
        return extent

    async def build_and_publish(self, *, full: bool = False) -> tuple[Extent, bool]:
        """Build, and show readers what is built; gives how much was built, and whether readers see other tables."""
        await self._make_landing()
        extent = await self.build(full=full)
        return extent, await asyncio.to_thread(self.target.publish)

    async def test(self) -> None:
        """Run all tests of the models.

        Raises:
            DbtError: one found rows, and which.
        """
        await self.dbt.run("test", kept_open=(self.lock,))

    async def document(self, output: Path) -> None:
        """Write the documentation of the models as one HTML file.

        Raises:
            DbtError: the tables were never built.
            OSError: the file cannot be written.
        """
        await self.dbt.run("docs", "generate", "--static", kept_open=(self.lock,))
        await asyncio.to_thread(shutil.copyfile, self.dbt.artifacts / "static_index.html", output)

    async def _make_landing(self) -> None:
        """Make the landing where there is none."""
        landing = await asyncio.to_thread(self.target.landing().open)
        await asyncio.to_thread(landing.close)


def extent_of(built: Built, *, full: bool) -> Extent:
    """How much is to be built."""
    models = models_digest()
    if full or built.needs_all(models):
        return "full"
    return "nothing" if built.is_current(models) else "partial"
