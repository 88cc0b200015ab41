"""Somebody at the page: types, presses keys, and waits for what is to be seen."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar

from axe_core_python.selenium import Axe
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

WAIT_S_MAX: Final = 60.0
LOOK_EVERY_S: Final = 0.02

T = TypeVar("T")


@dataclass(frozen=True)
class Visitor:
    """Works the browser from another thread, since the server runs in this one."""

    driver: webdriver.Chrome
    url: str
    key: str = field(repr=False)

    async def do(self, work: Callable[[webdriver.Chrome], T]) -> T:
        """Whatever else is to be done with the browser."""
        return await asyncio.to_thread(work, self.driver)

    async def open(self, fragment: str = "") -> None:
        """Load the page again, at one of its addresses; what was held in its memory is gone."""
        await self.do(lambda driver: driver.get("about:blank"))
        await self.do(lambda driver: driver.get(self.url + fragment))
        await self.until(lambda: self.script("return document.getElementById('ready').textContent"), "yes")

    async def go(self, fragment: str) -> None:
        """Go to an address within the page."""
        await self.do(lambda driver: driver.execute_script("location.hash = arguments[0]", fragment))

    async def press(self, *keys: str) -> None:
        """Press keys wherever the focus is."""
        await self.do(lambda driver: ActionChains(driver).send_keys(*keys).perform())

    async def tab_to(self, element_id: str, *, back: bool = False) -> list[str]:
        """Go to an element by the Tab key alone, and tell what was passed on the way."""
        passed: list[str] = []
        for _ in range(60):
            await self.do(lambda driver: _tab(driver, back=back))
            passed.append(await self.focused())
            if passed[-1] == element_id:
                return passed
        raise AssertionError(f"{element_id} cannot be reached by Tab: {passed}")

    async def focused(self) -> str:
        """The id of what has the focus, or how else it is known."""
        script = "const e = document.activeElement; return e.id || e.value || e.className || e.tagName"
        return str(await self.script(script))

    async def write(self, element_id: str, text: str) -> None:
        """Replace what stands in a field."""
        await self.script("arguments[0].value = ''", element_id)
        await self.do(lambda driver: driver.find_element(By.ID, element_id).send_keys(text))

    async def click(self, element_id: str) -> None:
        """Click on something."""
        await self.do(lambda driver: driver.find_element(By.ID, element_id).click())

    async def submit(self, form_id: str) -> None:
        """Send a form off."""
        await self.script("arguments[0].requestSubmit()", form_id)

    async def title(self) -> str:
        """The name of the tab."""
        return await self.do(lambda driver: driver.title)

    async def fragment(self) -> str:
        """Where in the page it is."""
        return str(await self.do(lambda driver: driver.execute_script("return location.hash")))

    async def violations(self) -> list[object]:
        """What is wrong for people who see, hear or move otherwise, as far as axe-core can tell (WCAG 2.1 A, AA)."""
        options = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
        found = await self.do(lambda driver: Axe().run(driver, options=options))
        return [(rule["id"], [node["html"] for node in rule["nodes"]]) for rule in found["violations"]]

    async def text(self, element_id: str) -> str:
        """What is to be seen of an element."""
        return await self.do(lambda driver: str(driver.find_element(By.ID, element_id).text))

    async def script(self, script: str, *element_ids: str) -> Any:
        """What a script gives; its arguments are elements."""
        return await self.do(
            lambda driver: driver.execute_script(script, *(driver.find_element(By.ID, name) for name in element_ids))
        )

    async def until(self, seen: "Callable[[], Any]", wanted: str) -> str:
        """Wait until something that is seen holds a text, and give all of it."""
        last = ""
        try:
            async with asyncio.timeout(WAIT_S_MAX):
                while wanted not in (last := str(await seen())):  # noqa: ASYNC110 - a page has no events for tests
                    await asyncio.sleep(LOOK_EVERY_S)
        except TimeoutError:
            raise AssertionError(f"{wanted!r} is not to be seen: {last!r}") from None
        return last

    async def give_key(self, key: str | None = None) -> None:
        """Paste a key and use it."""
        await self.write("key", key or self.key)
        await self.press(Keys.ENTER)
        await self.until(lambda: self.text("key-news"), "held in this tab's memory")


def _tab(driver: webdriver.Chrome, *, back: bool) -> None:
    actions = ActionChains(driver)
    if back:
        actions.key_down(Keys.SHIFT).send_keys(Keys.TAB).key_up(Keys.SHIFT).perform()
    else:
        actions.send_keys(Keys.TAB).perform()
