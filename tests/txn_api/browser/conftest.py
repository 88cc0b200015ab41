"""A browser for all tests of the pages, and somebody in front of it."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from selenium import webdriver

from tests.txn_api.browser.chromium import chromium, keep_downloads, show_as
from tests.txn_api.browser.listening import listening
from tests.txn_api.browser.visitor import Visitor
from tests.txn_api.conftest import Api


@pytest.fixture(scope="session")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    with chromium(tmp_path_factory.mktemp("chromium")) as driver:
        yield driver


@pytest.fixture
def downloads(tmp_path: Path, browser: webdriver.Chrome) -> Path:
    """Where files go that the browser downloads."""
    keep_downloads(browser, tmp_path)
    return tmp_path


@pytest.fixture
async def visitor(api: Api, browser: webdriver.Chrome) -> AsyncIterator[Visitor]:
    """Somebody at the entrance of a running service, whose console stays empty but for statuses."""
    key = str(api.client.headers["authorization"]).removeprefix("Bearer ")
    async with listening(api.app) as origin:
        visitor = Visitor(browser, f"{origin}/", key)
        await visitor.do(show_as)
        await visitor.open()
        yield visitor
        console = await visitor.do(lambda driver: driver.get_log("browser"))  # type: ignore[no-untyped-call]
        assert [entry for entry in console if entry["source"] != "network"] == []
        # Nothing goes on that a shutdown would have to wait for.
        await visitor.do(lambda driver: driver.get("about:blank"))
