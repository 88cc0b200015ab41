"""Somebody who reads the insight page, beside a real insight service that a test may have answer otherwise."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tests.insight.conftest import Service, serving
from tests.txn_api.browser.listening import listening
from tests.txn_api.browser.visitor import Visitor
from tests.txn_api.conftest import Api
from warehouse.questions.catalogue import Question

SETTLED: Final = """const cards = document.querySelectorAll('#insight-cards article');
return !document.getElementById('insight-news').textContent && cards.length > 0 && Array.from(cards)
    .every((card) => !card.hasAttribute('aria-busy') && card.querySelector('details, .problem'))"""
TABLE: Final = """const fold = document.querySelector(`#card-${arguments[0]} details`);
fold.open = true;
return new Promise((tell) => requestAnimationFrame(() => requestAnimationFrame(() => tell(
    Array.from(fold.querySelectorAll('tr'), (row) => Array.from(row.cells, (cell) => cell.textContent))))));"""
MARKS: Final = """return Array.from(document.querySelectorAll(`#chart-${arguments[0]} svg *`))
    .filter((mark) => mark.__data__?.datum && mark.__data__.mark)
    .map(({ __data__: { datum, mark, x, x2, y, width, height, fill }, textContent: content }) => (
        { datum, type: mark.marktype, role: mark.role, content, x, x2, y, width, height, fill }))"""

CHANGING: Final = """const tell = arguments[arguments.length - 1];
addEventListener("hashchange", () => tell(), { once: true });
"""
CHOOSE: Final = """const select = document.getElementById(`filter-${arguments[0]}`);
select.value = arguments[1];
select.dispatchEvent(new Event('change', { bubbles: true }))"""

Row = dict[str, Any]


@dataclass
class Between:
    """What stands before the service: passes requests on, unless a test has put an answer in their way."""

    app: ASGIApp
    answers: dict[str, list[Response | asyncio.Event]] = field(default_factory=dict)
    """By path, what to answer next; an event holds a request until it is set, and passes it on."""
    passed: int = 0
    """Requests that the service answered itself, but for preflights."""

    def refuse(self, path: str, status: int, code: str, title: str = "Refused") -> None:
        """Answer the next request with a problem."""
        document = {
            "type": f"/problems/{code}",
            "title": title,
            "status": status,
            "code": code,
            "detail": "So it is.",
        }
        self.answer(path, document, status=status, media_type="application/problem+json")

    def answer(self, path: str, document: object, *, status: int = 200, media_type: str = "application/json") -> None:
        """Answer the next request with a document."""
        self.answers.setdefault(path, []).append(Response(json.dumps(document), status, media_type=media_type))

    def hold(self, path: str) -> asyncio.Event:
        """Have the next request wait."""
        held = asyncio.Event()
        self.answers.setdefault(path, []).append(held)
        return held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on; preflights are the service's own."""
        planned = self.answers.get(scope["path"]) if scope["method"] == "GET" else None
        match planned.pop(0) if planned else None:
            case Response() as answer:
                origin = dict(scope["headers"]).get(b"origin", b"").decode()
                answer.headers["Access-Control-Allow-Origin"] = origin
                await answer(scope, receive, send)
            case held:
                if isinstance(held, asyncio.Event):
                    await held.wait()
                self.passed += scope["method"] == "GET"
                await self.app(scope, receive, send)


@dataclass
class Reader:
    """Somebody at the insight page, whose key the service knows."""

    visitor: Visitor
    service: Service
    between: Between
    _served: AsyncExitStack

    async def open(self, fragment: str = "#/insight", *, key: str | None = None) -> None:
        """Open an address again, and give a key."""
        await self.visitor.open(fragment)
        mine = self.service.client.headers["authorization"]
        await self.visitor.give_key((key or mine).removeprefix("Bearer "))

    async def settled(self) -> None:
        """Wait until each card has its answer or its problem, and its picture."""
        await self.visitor.until(lambda: self.visitor.script(SETTLED), "True")

    async def read(self, fragment: str = "#/insight") -> None:
        """Open an address and wait until all of it is there."""
        await self.open(fragment)
        await self.settled()

    async def go(self, fragment: str) -> None:
        """Go to an address within the page, and wait until all of it is there."""
        await self.changing("location.hash = arguments[0]", fragment)
        await self.settled()

    async def choose(self, name: str, value: str) -> None:
        """Choose a value of a filter, as a pointer does."""
        await self.changing(CHOOSE, name, value)
        await self.settled()

    async def changing(self, script: str, *arguments: str) -> None:
        """Do what changes the address, and wait until the page has taken notice."""
        await self.visitor.do(lambda driver: driver.execute_async_script(CHANGING + script, *arguments))

    async def cards(self) -> list[str]:
        """The ids of the questions that are shown, in order."""
        script = "return Array.from(document.querySelectorAll('#insight-cards article'), (card) => card.id.slice(5))"
        return list(await self.visitor.script(script))

    async def of(self, script: str, *arguments: str) -> Any:
        """What a script gives for a question's id, say."""
        return await self.visitor.do(lambda driver: driver.execute_script(script, *arguments))

    async def table(self, question: str) -> list[list[str]]:
        """What stands behind the fold of a card's numbers, the heads first."""
        return list(await self.of(TABLE, question))

    async def marks(self, question: str) -> list[Row]:
        """What a picture is made of: of each mark its datum, where it stands and how it looks, as Vega keeps them."""
        return list(await self.of(MARKS, question))

    async def data(self, question: str) -> list[Row]:
        """The data of the marks of a picture that have a text for the pointer, each once, in order; of no text."""
        marks = [mark for mark in await self.marks(question) if mark["type"] != "text" and "tip" in mark["datum"]]
        return list({json.dumps(mark["datum"]): mark["datum"] for mark in marks}.values())

    async def gone(self) -> None:
        """Have the service end, as a process that is killed."""
        await self._served.aclose()


@asynccontextmanager
async def reading(
    visitor: Visitor, api: Api, folder: Path, questions: list[Question] | None = None, **settings: object
) -> AsyncIterator[Reader]:
    """The service over a folder, on an origin of its own, where the visitor's page finds it."""
    async with serving(folder, questions, insight_origin=visitor.url.rstrip("/"), **settings) as service:
        between = Between(service.app)
        async with AsyncExitStack() as served:
            origin = await served.enter_async_context(listening(between))
            changed = api.services.settings.model_copy(update={"insight_url": origin})
            api.app.state.services = replace(api.services, settings=changed)
            yield Reader(visitor, service, between, served)
            await visitor.do(lambda driver: driver.get("about:blank"))
