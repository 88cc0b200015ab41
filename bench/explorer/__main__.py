"""Measures clicks in the explorer, in headless Chromium: `python -m bench.explorer` (`make bench-explorer`).

The sample file's rows, 24 times, are loaded and built (`--folder` keeps them for the next time). The insight service
and the page are served by one process at the service's niceness, the browser has the usual one. Chromium presses
random values: three in a row, then from the start again, 60 times. A click ends when every view has changed and two
frames were painted. Beside it stands how long the browser waited for the answer: the wait is a part of the click.
"""

import argparse
import asyncio
import os
import random
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from selenium import webdriver
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from tests.insight.conftest import serving
from tests.txn_api.browser.chromium import chromium, missing
from tests.txn_api.browser.listening import listening

from bench.warehouse.__main__ import step
from bench.warehouse.replicas import curated_sample, replica
from txn_api.edge.security_headers import of_pages
from txn_api.pages.page_files import index_file, page_files
from txn_core.settings import Settings
from warehouse.dbt.environment import dbt_program
from warehouse.run.building import Builder
from warehouse.run.duckdb_target import DuckDbTarget
from warehouse.run.folder import WarehouseFolder

REPLICAS: Final = 24
CLICKS: Final = 60
IN_A_ROW: Final = 3
WIDTH_PX: Final = 1400
BAR_MS: Final = 300
PRESS: Final = """
const [view, label, done] = arguments;
const news = document.getElementById("explorer-news");
performance.clearResourceTimings();
const observer = new MutationObserver(() => {
  if (!news.textContent.startsWith("Reading")) {
    observer.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => {
      const painted = performance.now();
      const answer = performance.getEntriesByType("resource").find(({ name }) => name.includes("/insight/explorer"));
      done([painted - pressed, answer.duration]);
    }));
  }
});
observer.observe(news, { childList: true });
const pressed = performance.now();
document.querySelector(`#facet-${view} [value="${label}"]`).click();
"""
VALUES: Final = """
const cells = Array.from(document.querySelectorAll(".facet:not(.currency) [aria-pressed=false]:not(.none)"));
const told = cells.filter((cell) => !cell.textContent.includes("hidden"));
return told.map((cell) => [cell.parentNode.id.slice(6), cell.value]);
"""
READ: Final = "return document.getElementById('explorer-news').textContent.startsWith('Nothing is chosen')"


@dataclass(frozen=True, slots=True)
class Click:
    """What a click took, in milliseconds; the service's CPU time has what serves the browser's driver in it."""

    painted_ms: float
    answered_ms: float
    page_cpu_ms: float
    service_cpu_ms: float


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--folder", type=Path, help="of the warehouse; made if it is not there")
    parser.add_argument("--replicas", type=int, default=REPLICAS, help="how often the sample is in it")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    if missing():
        parser.exit(1, f"not on this machine: {', '.join(missing())}\n")
    with tempfile.TemporaryDirectory(prefix="explorer") as temporary:
        folder = arguments.folder or Path(temporary) / "warehouse"
        if not (folder / "warehouse.duckdb").exists():
            build(folder, arguments.replicas)
        with chromium(Path(temporary) / "profile") as driver:
            driver.set_window_size(WIDTH_PX, 900)
            driver.set_script_timeout(60)
            os.nice(Settings().insight_nice)
            asyncio.run(measure(folder, driver, random.Random(arguments.seed)))


def build(folder: Path, replicas: int) -> None:
    """Load the sample so many times, and build and publish all of it."""
    folder.mkdir(parents=True, exist_ok=True)
    warehouse, sample = WarehouseFolder(folder), curated_sample()
    with warehouse.locked(wait_s=0) as lock:
        target = DuckDbTarget(warehouse, Settings(warehouse_memory="4GB"))
        builder = Builder(target, dbt_program(), warehouse.work, lock)
        rows = f"{replicas * sample.num_rows:,} rows"
        step(f"{rows}, load and full build", builder, (replica(sample, n) for n in range(replicas)), 1)


async def measure(folder: Path, driver: webdriver.Chrome, rng: random.Random) -> None:
    """Serve, press, and print."""
    async with page() as (origin, settle), serving(folder, insight_origin=origin, insight_timeout_s=60) as service:
        key = str(service.client.headers["authorization"]).removeprefix("Bearer ")
        async with listening(service.app) as insight:
            settle(insight)
            first = (await service.client.get("/insight/explorer")).json()
            clicks = await asyncio.to_thread(press, driver, origin, key, rng)
    print(f"{first['total'][1]:,} transactions of {first['total'][0]:,} customers, {len(clicks)} clicks, ms:")
    print("| of a click | median | 95th percentile | longest |")
    print("|---|---|---|---|")
    print(row("until all views are painted", [each.painted_ms for each in clicks]))
    print(row("of it, until the answer is there", [each.answered_ms for each in clicks]))
    print(row("CPU of the service", [each.service_cpu_ms for each in clicks]))
    print(row("CPU of the page's thread", [each.page_cpu_ms for each in clicks]))
    print(f"bar: 95th percentile under {BAR_MS}; load of the machine meanwhile {os.getloadavg()[0]:.1f}")


@asynccontextmanager
async def page() -> AsyncIterator[tuple[str, Any]]:
    """The API's page alone, on a port of its own; it is told later where the insight service is."""
    files, where = page_files({}), [""]

    async def index(request: Request) -> Response:
        return index_file(where[0], of_pages(where[0])).answer(request)

    async def file(request: Request) -> Response:
        return files[request.path_params["name"]].answer(request)

    async def nothing(_: Request) -> Response:
        return Response("{}", media_type="application/json")

    routes = [Route("/", index), Route("/page/{name}", file), Route("/{name}", nothing)]
    async with listening(Starlette(routes=routes)) as origin:
        yield origin, lambda insight: where.__setitem__(0, insight)


def press(driver: webdriver.Chrome, origin: str, key: str, rng: random.Random) -> list[Click]:
    """Press random values that some have."""
    driver.execute_cdp_cmd("Performance.enable", {"timeDomain": "threadTicks"})
    driver.get(f"{origin}/#/explorer")
    driver.execute_script("document.getElementById('key').value = arguments[0]", key)
    driver.execute_script("document.getElementById('key-form').requestSubmit()")
    clicks = []
    for number in range(CLICKS):
        if number % IN_A_ROW == 0:
            start_again(driver)
        view, label = rng.choice(driver.execute_script(VALUES))
        before = page_ms(driver), 1000 * time.process_time()
        painted, answered = driver.execute_async_script(PRESS, view, label)
        clicks.append(Click(painted, answered, page_ms(driver) - before[0], 1000 * time.process_time() - before[1]))
    return clicks


def page_ms(driver: webdriver.Chrome) -> float:
    """CPU milliseconds of the page's own thread so far."""
    measured = driver.execute_cdp_cmd("Performance.getMetrics", {})["metrics"]
    return 1000 * next(float(each["value"]) for each in measured if each["name"] == "TaskDuration")


def start_again(driver: webdriver.Chrome) -> None:
    """Let go of all that is chosen, and wait until that is seen."""
    driver.execute_script("location.hash = '#/transactions'; location.hash = '#/explorer'")
    driver.execute_async_script("setTimeout(arguments[0], 100)")
    while not driver.execute_script(READ):
        driver.execute_async_script("setTimeout(arguments[0], 20)")


def row(name: str, values: Sequence[float]) -> str:
    """A row of the table."""
    median, latest = statistics.median(values), statistics.quantiles(values, n=20)[-1]
    return f"| {name} | {median:.0f} | {latest:.0f} | {max(values):.0f} |"


if __name__ == "__main__":
    main()
