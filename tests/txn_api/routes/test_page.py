"""The page is static, of this package alone, and holds nothing that its own policy would refuse."""

import gzip
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from tests.txn_api.conftest import AppFixture
from txn_api.pages.page_files import page_files

FILES = page_files({})
LIBRARY = "vega.js"
LICENCES = "vega.LICENCES.txt"
OWN = {name: file.content for name, file in FILES.items() if name not in {LIBRARY, LICENCES}}
SCRIPTS = {name: content.decode() for name, content in OWN.items() if name.endswith(".js")}
STATIC = r'from "\./(\w+\.js)"'
LATER = r'import\("\./(\w+\.js)"\)'
IMPORTED = r'(?:from |import\()"\./(\w+\.js)"'
CHARTS = Path(__file__).parents[3] / "devkit" / "charts"


class Markup(HTMLParser):
    """What a page loads, and what of it is code."""

    def __init__(self) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self.ids: list[str] = []
        self.named: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "style" or (tag == "script" and "src" not in given) or any(n.startswith("on") for n in given):
            self.inline.append(tag)
        self.inline += [tag for name in given if name == "style"]
        self.loaded += [given[name] for name in ("src", "href") if name in given]
        self.ids += [given["id"]] if "id" in given else []
        self.named += [
            name
            for attribute in ("for", "aria-labelledby", "aria-describedby", "list")
            for name in given.get(attribute, "").split()
        ]


@pytest.fixture
def markup() -> Markup:
    parsed = Markup()
    parsed.feed(FILES["index.html"].content.decode())
    return parsed


async def test_the_page_and_each_of_its_files_are_served(desk: AppFixture, markup: Markup) -> None:
    """Without an API key; what it loads, and what that imports in turn, is there."""
    del desk.client.headers["authorization"]
    page = await desk.client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    wanted = {path for path in markup.loaded if path.startswith("/page/")}
    wanted |= {f"/page/{name}" for text in SCRIPTS.values() for name in re.findall(IMPORTED, text)}
    assert wanted == {f"/page/{name}" for name in FILES if name != "index.html"}
    compressed = {f"/page/{LIBRARY}", f"/page/{LICENCES}"}
    for path in wanted:
        answer = await desk.client.get(path)
        assert answer.status_code == 200
        content = FILES[path.removeprefix("/page/")].content
        assert answer.content == (gzip.decompress(content) if path in compressed else content)


def _reached(first: str, pattern: str) -> set[str]:
    """A script and all that it imports by a pattern, in turn."""
    waiting, reached = [first], set[str]()
    while waiting:
        name = waiting.pop()
        if name in SCRIPTS and name not in reached:
            reached.add(name)
            waiting += re.findall(pattern, SCRIPTS[name])
    return reached


def test_each_page_is_light() -> None:
    """What a visit to it loads first of all, as it is compressed on the way; and the same with the chart library."""
    weights = {name: len(gzip.compress(content)) for name, content in OWN.items()}
    shell = (set(OWN) - set(SCRIPTS)) | _reached("main.js", STATIC)
    later = {view: shell | _reached(view, IMPORTED) for view in re.findall(LATER, SCRIPTS["later_views.js"])}
    assert set(later) == {"insight.js", "explorer.js", "review.js", "quality.js", "operations.js", "transaction.js"}
    assert shell.union(*later.values()) == set(OWN)
    pages = {view: sum(weights[name] for name in names) for view, names in later.items()}
    assert max(pages.values()) < 60_000, pages
    assert max(pages.values()) + len(FILES[LIBRARY].content) < 400_000


def test_the_library_is_of_the_pins_and_its_licences_are_served() -> None:
    """`make charts` makes both of the same packages."""
    pins = json.loads((CHARTS / "package.json").read_text())["dependencies"]
    licences = gzip.decompress(FILES[LICENCES].content).decode()
    assert {f"{name} {version}" for name, version in pins.items() if name != "esbuild"} <= {
        line.split(" (")[0] for line in licences.splitlines()
    }
    locked = json.loads((CHARTS / "package-lock.json").read_text())["packages"]
    for line in re.findall(r"^([@a-z0-9/-]+ \d+\.\d+\.\d+) \([\w.-]+\)$", licences, re.MULTILINE):
        name, version = line.rsplit(" ", 1)
        assert locked[f"node_modules/{name}"]["version"] == version


async def test_the_page_forbids_whatever_it_does_not_need(desk: AppFixture) -> None:
    headers = (await desk.client.get("/")).headers
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["cross-origin-opener-policy"] == "same-origin"
    assert "camera=()" in headers["permissions-policy"]
    assert headers["x-frame-options"] == "DENY"


async def test_the_page_names_the_insight_service(desk: AppFixture) -> None:
    """Its tag is another one then: no browser keeps a page that asks elsewhere, or under another policy."""
    none = await desk.client.get("/")
    desk.change(insight_url="http://127.0.0.1:8090")
    page = await desk.client.get("/", headers={"if-none-match": none.headers["etag"]})
    assert (none.status_code, page.status_code) == (200, 200)
    assert '<meta name="insight-url" content="">' in none.text
    assert '<meta name="insight-url" content="http://127.0.0.1:8090">' in page.text
    assert "connect-src 'self' http://127.0.0.1:8090;" in page.headers["content-security-policy"]
    again = await desk.client.get("/", headers={"if-none-match": page.headers["etag"]})
    assert again.status_code == 304


def test_nothing_of_it_is_inline_and_nothing_comes_from_elsewhere(markup: Markup) -> None:
    assert markup.inline == []
    assert all(re.match(r"#|/(?!/)", path) for path in markup.loaded)
    everything = "".join(content.decode() for content in OWN.values())
    assert set(re.findall(r"https?://[\w./]+", everything)) == {"http://www.w3.org/2000/svg"}


def test_every_label_and_description_has_what_it_names(markup: Markup) -> None:
    assert len(markup.ids) == len(set(markup.ids))
    assert set(markup.named) <= set(markup.ids)
    used = {name for text in SCRIPTS.values() for name in re.findall(r'byId\("([\w-]+)"\)', text)}
    assert used <= set(markup.ids)


def test_its_scripts_keep_nothing_and_read_nothing_as_markup() -> None:
    """The key and card numbers live in memory; what comes over the network is text."""
    kept = r"localStorage|sessionStorage|indexedDB|document\.cookie|innerHTML|outerHTML|eval\("
    assert not [name for name, text in SCRIPTS.items() if re.search(kept, text)]
    addresses = r"history\.|\blocation\b"
    assert [name for name, text in SCRIPTS.items() if re.search(addresses, text)] == ["router.js"]


@pytest.mark.parametrize("path", ["/", "/page/page.css"])
async def test_a_browser_that_has_a_file_is_told_so(desk: AppFixture, path: str) -> None:
    """It asks each time, and by its tag: no time passes in which half of the page is an older one's."""
    first = await desk.client.get(path)
    assert first.headers["cache-control"] == "no-cache"
    tag = first.headers["etag"]
    for known in (tag, f'W/{tag}, "other"', "*"):
        again = await desk.client.get(path, headers={"if-none-match": known})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert (await desk.client.get(path, headers={"if-none-match": '"other"'})).status_code == 200


async def test_a_head_tells_the_size(desk: AppFixture) -> None:
    answer = await desk.client.head("/")
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["content-length"]) == len(FILES["index.html"].content)


@pytest.mark.parametrize("path", ["/page/", "/page/none.js", "/page/index.html", "/page/..%2fapp.py", "/page/page"])
async def test_nothing_else_is_there(desk: AppFixture, path: str) -> None:
    answer = await desk.client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "route_not_found")


async def test_the_page_takes_no_other_method(desk: AppFixture) -> None:
    """A form that was sent without its script, with what was typed in its body, is refused and not logged."""
    answer = await desk.client.post("/", content=b"card=1")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
