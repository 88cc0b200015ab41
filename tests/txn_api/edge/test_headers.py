"""Of a header that comes several times no single value counts."""

import pytest

from tests.builders import body, json_bytes
from tests.txn_api.conftest import AppFixture
from txn_api.edge.headers import RawHeaders


def of(*fields: tuple[bytes, bytes]) -> RawHeaders:
    """The headers of a request with these fields."""
    return RawHeaders.of({"headers": [*fields], "state": {}})


def test_a_field_has_its_value_as_it_came() -> None:
    headers = of((b"host", b"x"), (b"content-type", b"application/json"))
    assert headers.find(b"content-type") == b"application/json"
    assert headers.get("host", "") == "x"
    assert (headers.find(b"accept"), headers.get("accept", "*/*")) == (None, "*/*")


def test_the_values_of_a_repeated_field_are_one_list_in_their_order() -> None:
    headers = of((b"accept", b"a"), (b"host", b"x"), (b"accept", b"b, c"))
    assert headers.find(b"accept") == b"a, b, c"
    assert headers.find(b"host") == b"x"


@pytest.mark.parametrize("path", ["/transactions", "/transactions/bulk"])
@pytest.mark.parametrize("first", [0, 1])
async def test_of_two_credentials_neither_lets_in(desk: AppFixture, path: str, first: int) -> None:
    """A proxy and the service might otherwise look at different ones."""
    good = desk.client.headers.pop("authorization")
    credentials = [good, "Bearer made-up"]
    headers = [("authorization", credentials[first]), ("authorization", credentials[1 - first])]
    answer = await desk.client.post(path, headers=headers, content=b"")
    assert (answer.status_code, answer.json()["code"]) == (401, "api_key_invalid")


async def test_a_body_of_two_types_is_of_none(desk: AppFixture) -> None:
    headers = [("content-type", "application/json"), ("content-type", "text/plain")]
    answer = await desk.client.post("/transactions", headers=headers, content=json_bytes(body()))
    assert (answer.status_code, answer.json()["code"]) == (415, "media_type_unsupported")
    assert not desk.kinesis.stored
