"""What stands around a body."""

import pytest
from starlette.requests import Request

from txn_api.edge.request_text import request_text, request_text_of_scope


def request(*, query: str = "", path: str = "/transactions", headers: dict[str, str] | None = None) -> Request:
    """A request as a server would hand it over."""
    pairs = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in (headers or {}).items()]
    return Request({"type": "http", "path": path, "query_string": query.encode(), "headers": pairs})


def in_latin_1(text: str) -> str:
    """A header's text as it reaches a program that takes its UTF-8 for Latin-1."""
    return text.encode().decode("latin-1")


@pytest.mark.parametrize(
    "around",
    [
        request(headers={"x-trace": "1234 5678"}),
        request(headers={"x-1234-5678": "1"}),
        request(query="trace=1234-5678"),
        request(query="1234-5678=1"),
        request(query="1234-5678"),
        request(query="trace=%31%32%33%34%2F+5678"),
        request(query="a=1&trace=%EF%BC%9112345678"),
        request(path="/12345678"),
        request(headers={"x-trace": in_latin_1("１２３４５６７８")}),  # noqa: RUF001 - on purpose
        request(headers={"x-trace": in_latin_1("١٢٣٤ ٥٦٧٨")}),
        request(headers={"x-trace": in_latin_1("1234–5678")}),  # noqa: RUF001 - on purpose
        request(headers={"x-trace": "1234\xb75678"}),
        request(headers={"x-trace": "1234\xa0\xad5678"}),
        request(headers={"x-trace": "%31%32%33%34%35678"}),
        request(headers={"x-trace": "%2531%2532345678"}),
        request(headers={"x-trace": "%2525312345678"}),
        request(headers={"x-trace": "%EF%BC%912345678"}),
        request(headers={"x-1234%2D5678": "1"}),
        request(path="/１２３４５６７８"),  # noqa: RUF001 - on purpose
        request(path="/%EF%BC%912345678"),
        request(path="/%25312345678"),
        request(path="/1234%c2%b75678"),
    ],
)
def test_digits_are_found_wherever_they_stand(around: Request) -> None:
    """In values and names, with separators, in Unicode digits and percent-encoded, up to three times over."""
    assert "12345678" in request_text(around)
    assert "12345678" in request_text_of_scope(around.scope)


def test_neighbours_make_no_number_together() -> None:
    """A header that ends in digits and one that begins with some are two."""
    around = request(headers={"x-a": "1234", "5678": "5678"}, query="b=1234&5678=5678")
    assert "12345678" not in request_text(around)
    assert "12345678" not in request_text_of_scope(around.scope)
    plain = request(headers={"x-a": "1234", "5678": "5678"}, path="/1234")
    assert "12345678" not in request_text_of_scope(plain.scope)


def test_the_card_numbers_own_place_is_left_out() -> None:
    """The parameter that may hold it is not searched; its namesakes in other places are."""
    around = request(query="card_number=12345678&limit=5")
    assert "12345678" in request_text(around)
    assert "12345678" not in request_text(around, besides="card_number")
