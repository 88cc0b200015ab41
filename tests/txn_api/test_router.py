"""HEAD, wherever there is a GET: the same head, under the same rights, and nothing behind it."""

import re
from typing import Annotated, Any

import httpx
import pytest
from fastapi import Body
from pydantic import BaseModel

from operations.http.resources import RESOURCES
from tests.builders import body
from tests.txn_api.conftest import Api, AppFixture
from txn_api.app import _PAGES
from txn_api.router import Router

PAGES = ("/", "/docs", "/docs/docs.js", "/problems", "/problems/overloaded", "/openapi.json")
_OF_EACH_ANSWER = {"x-request-id", "ratelimit"}


def _head(answer: httpx.Response) -> dict[str, str]:
    """The headers of an answer that are not another time others."""
    return {name: value for name, value in answer.headers.items() if name not in _OF_EACH_ANSWER}


def _reads(desk: AppFixture) -> list[str]:
    paths = desk.app.openapi()["paths"]
    return [re.sub(r"\{\w+\}", "0" * 8, path) for path, methods in paths.items() if "get" in methods]


async def test_what_can_be_read_has_a_head(desk: AppFixture) -> None:
    """Every GET of the document and every page: status and headers are those of the GET (RFC 9110, 9.3.2)."""
    reads = _reads(desk)
    assert {"/transactions", "/merchants", "/metrics"} < set(reads)
    for path in (*reads, *PAGES):
        answer, head = await desk.client.get(path), await desk.client.head(path)
        assert (head.status_code, head.content) == (answer.status_code, b""), path
        if path not in {"/metrics", "/operations"}:  # they tell of the moment, in more or fewer digits
            assert _head(head) == _head(answer), path


async def test_a_head_opens_no_more_than_a_get(desk: AppFixture) -> None:
    """The same credential and the same scopes."""
    for path in ("/transactions", f"/transactions/{'0' * 8}", "/merchants"):
        assert (await desk.client.head(path, headers={"Authorization": ""})).status_code == 401
        assert (await desk.client.head(path, headers=desk.key("transactions:write"))).status_code == 403


@pytest.mark.parametrize("path", ["/transactions/bulk", "/transactions/search"])
async def test_what_cannot_be_read_has_no_head(desk: AppFixture, path: str) -> None:
    """An operation that is for POST alone says so."""
    answer = await desk.client.head(path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_a_head_of_a_look_up_tells_of_its_answer(api: Api) -> None:
    """Its size, its tag, and where it goes on; and whether a copy at hand is still good."""
    first, _ = [await api.index(body(transaction_id=f"head-000{number}"), number=number) for number in range(2)]
    for path, headers in (
        (f"/transactions/{first.transaction_id}", {}),
        (f"/transactions?limit=1&card_id={first.card_id}", {"Accept": "text/csv"}),
        ("/merchants", {}),
    ):
        answer = await api.client.get(path, headers=headers)
        head = await api.client.head(path, headers=headers)
        assert (head.status_code, head.content, _head(head)) == (200, b"", _head(answer))
        assert int(head.headers["content-length"]) == len(answer.content)
        assert ("link" in head.headers) == ("Accept" in headers)
        if "etag" in head.headers:
            again = await api.client.head(path, headers={"If-None-Match": head.headers["etag"]})
            assert again.status_code == 304


def test_the_document_has_each_read_once(desk: AppFixture) -> None:
    """HEAD is none of its operations, and every router of ours is one that answers it."""
    assert not [path for path, methods in desk.app.openapi()["paths"].items() if "head" in methods]
    assert all(
        isinstance(router, Router)
        for router in (*_PAGES, *(each.router for each in RESOURCES if not each.raw_routes))
    )


class Note(BaseModel):
    """A body."""

    text: str


async def _note(note: Note) -> None: ...


async def _text(text: Annotated[str, Body()]) -> None: ...


@pytest.mark.parametrize("endpoint", [_note, _text])
def test_no_route_lets_the_framework_read_a_body(endpoint: Any) -> None:
    """It would take a body of any size, and keep whatever number stands in it."""
    with pytest.raises(ValueError, match="/notes: a route reads its body by"):
        Router().post("/notes")(endpoint)
