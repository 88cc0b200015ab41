"""The pages for people: whole without any other host, and one for every problem."""

import re
from html.parser import HTMLParser
from urllib.parse import urlsplit

import httpx
import pytest

from tests.txn_api.conftest import AppFixture
from txn_api.problems import PROBLEMS


class _Links(HTMLParser):
    """Whatever a page loads or leads to, and any script or style written into it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.written_in = 0
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.found += [value for name in ("src", "href", "action") if (value := values.get(name))]
        self.written_in += any(name == "style" or name.startswith("on") for name in values)
        self._inside = tag if not values.get("src") else ""

    def handle_data(self, data: str) -> None:
        self.written_in += self._inside in {"script", "style"} and bool(data.strip())

    def handle_endtag(self, tag: str) -> None:
        self._inside = ""


def _links(page: httpx.Response) -> list[str]:
    links = _Links()
    links.feed(page.text)
    assert links.written_in == 0, "a policy without 'unsafe-inline' would stop it"
    return [link for link in links.found if link != "data:,"]


def _policy(page: httpx.Response) -> dict[str, list[str]]:
    directives = (directive.split() for directive in page.headers["content-security-policy"].split(";"))
    return {name: sources for name, *sources in directives}


async def test_the_documentation_is_whole_without_another_host(desk: AppFixture) -> None:
    """Every file that the page names is one of the service's own, and is there, for anybody."""
    desk.client.headers.pop("authorization")
    page = await desk.client.get("/docs")
    assert page.headers["content-type"].startswith("text/html")
    links = _links(page)
    assert len(links) >= 4
    for link in links:
        assert urlsplit(link).netloc == "", link
        answer = await desk.client.get(link)
        assert answer.status_code == 200
        assert len(answer.content) > 100
        assert int(answer.headers["content-length"]) == answer.num_bytes_downloaded


async def test_the_browser_is_told_to_keep_to_this_host(desk: AppFixture) -> None:
    """No source of the policies is a host; scripts are files, never text of a page."""
    for path in ("/docs", "/problems", "/problems/overloaded"):
        policy = _policy(await desk.client.get(path))
        assert policy["default-src"] == ["'none'"]
        assert policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == ["'none'"]
        sources = {source for listed in policy.values() for source in listed}
        assert sources <= {"'none'", "'self'", "'unsafe-inline'", "data:"}
        assert policy.get("script-src", ["'self'"]) == ["'self'"]


async def test_the_script_of_the_documentation_asks_nobody_else(desk: AppFixture) -> None:
    """What is ours of it names no host at all."""
    script = (await desk.client.get("/docs/docs.js")).text
    assert not re.search(r"\w://|[\"']//", script)
    assert "validatorUrl: null" in script


@pytest.mark.parametrize("name", ["redoc.standalone.js", "..%2fapp.py", "docs.html", "nothing"])
async def test_no_other_file_is_served(desk: AppFixture, name: str) -> None:
    """The files are a list, not a folder."""
    answer = await desk.client.get(f"/docs/{name}")
    assert (answer.status_code, answer.json()["code"]) == (404, "route_not_found")


async def test_every_problem_has_its_page(desk: AppFixture) -> None:
    """The page says what the problem means and what to do, and its links lead somewhere."""
    links: set[str] = set()
    for problem in PROBLEMS:
        if problem.registered_type is None:
            assert problem().document("req_0000000000000000")["type"] == f"/problems/{problem.code}"
        page = await desk.client.get(f"/problems/{problem.code}")
        assert page.status_code == 200
        assert problem.title in page.text
        assert str(problem.status) in page.text
        assert len(problem.remedy) > 20
        links.update(_links(page))
    for link in links:
        assert (await desk.client.get(link)).status_code == 200


async def test_the_list_leads_to_every_problem(desk: AppFixture) -> None:
    """Nobody has to know the codes beforehand."""
    links = _links(await desk.client.get("/problems"))
    assert {f"/problems/{problem.code}" for problem in PROBLEMS} <= set(links)


@pytest.mark.parametrize("code", ["nothing", "<script>", "%3Cscript%3E", "Overloaded"])
async def test_what_is_no_problem_has_no_page(desk: AppFixture, code: str) -> None:
    """A code that is none is answered as any other path, and not repeated."""
    answer = await desk.client.get(f"/problems/{code}")
    assert (answer.status_code, answer.json()["code"]) == (404, "route_not_found")
    assert "script" not in answer.text


@pytest.mark.parametrize(("name", "bytes_min"), [("swagger-ui-bundle.js", 1 << 20), ("swagger-ui.css", 100 << 10)])
async def test_a_large_file_is_sent_as_it_is_kept(desk: AppFixture, name: str, bytes_min: int) -> None:
    """Compressed, from memory and without a part of it, whoever asks for what: each would cost more than all else."""
    answer = await desk.client.get(f"/docs/{name}")
    for headers in ({}, {"Accept-Encoding": "identity"}, {"Range": "bytes=0-9,20-29"}):
        answer = await desk.client.get(f"/docs/{name}", headers=headers)
        assert (answer.status_code, answer.headers["content-encoding"]) == (200, "gzip")
        assert answer.num_bytes_downloaded < bytes_min < len(answer.content)
    again = await desk.client.get(f"/docs/{name}", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/", "/docs", "/docs/docs.js", "/page/main.js"])
async def test_a_file_that_the_client_has_is_not_sent_again(desk: AppFixture, path: str) -> None:
    """A list of tags longer than any browser's is not read: the file is sent."""
    tag = (await desk.client.get(path)).headers["etag"]
    for tags, status in ((tag, 304), (f'"a", {tag}', 304), ("*", 304), ('"a"', 200), ('"a",' * 300 + tag, 200)):
        answer = await desk.client.get(path, headers={"If-None-Match": tags})
        assert (answer.status_code, answer.headers["etag"]) == (status, tag)
