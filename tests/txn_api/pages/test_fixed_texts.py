"""Errors have fixed texts by code: nothing in them is of a client's making, whatever a model would tell of its input.

FastAPI's own 422 repeats the input, its location and texts made of both; also with `SecretStr` and hidden inputs,
and also as the location of a field that `extra="forbid"` refused.
"""

import json
from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any

import httpx
import pytest
from fastapi import FastAPI, Query
from fastapi.exceptions import RequestValidationError
from fastapi.middleware.asyncexitstack import AsyncExitStackMiddleware
from prometheus_client import CollectorRegistry
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from starlette.middleware.exceptions import ExceptionMiddleware

from operations.http.resources import RESOURCES
from tests.builders import card_number, full_body, json_bytes
from tests.txn_api.conftest import AppFixture
from txn_api.app import create_app
from txn_api.edge.edge import Edge
from txn_api.edge.framework_errors import refuse_parameters
from txn_core.settings import Settings
from txn_core.transactions.faults import MESSAGES, fault_of
from txn_core.transactions.transaction import TransactionRequest

CARD = card_number(71)
WRITTEN = "of-the-clients-making"


class Inner(BaseModel):
    """As careful as a model can be by its own means."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    secret: SecretStr = Field(max_length=3)
    number: int = 0


class Careful(Inner):
    """With the places where a client's words become a location."""

    inner: Inner | None = None
    by_name: dict[str, int] = {}
    either: int | Inner = 0


WRONG: dict[str, dict[str, Any]] = {
    "a secret that is too long": {"secret": CARD},
    "a secret that is a number": {"secret": int(CARD)},
    "an unknown field": {"secret": "x", CARD: 1},
    "an unknown field inside": {"secret": "x", "inner": {"secret": "x", CARD: CARD}},
    "a key of a mapping": {"secret": "x", "by_name": {CARD: "x"}},
    "a key that looks like a name": {"secret": "x", "by_name": {f"card_{CARD}": "x"}},
    "a number": {"secret": "x", "number": CARD + "x"},
    "one of two": {"secret": "x", "either": {CARD: CARD}},
}


def details(document: object) -> list[Any]:
    with pytest.raises(ValidationError) as caught:
        Careful.model_validate_json(json.dumps(document))
    return list(caught.value.errors(include_url=False))


@pytest.mark.parametrize("name", WRONG)
def test_what_pydantic_tells_of_an_input_is_dropped(name: str) -> None:
    """The number is in what pydantic gives, hidden inputs or not, and in nothing that we make of it."""
    told = details(WRONG[name])
    assert CARD in repr(told), "or there were nothing to drop"
    for fault in map(fault_of, told):
        assert CARD not in repr(fault)
        assert fault.message == MESSAGES[fault.code]


async def test_the_frameworks_own_refusal_would_tell_and_ours_does_not() -> None:
    """Of the very same route: with FastAPI's handler, and with the one that the application has, behind its edge."""
    told = {}
    for ours in (False, True):
        app = FastAPI()
        served: Any = app
        if ours:
            handlers: Any = {RequestValidationError: refuse_parameters}
            layers = ExceptionMiddleware(AsyncExitStackMiddleware(app.router), handlers=handlers)
            served = partial(Edge(requests_max=1, registry=CollectorRegistry()).answer, layers)

        @app.get("/")
        async def get(parameters: Annotated[Inner, Query()]) -> None:
            raise AssertionError(parameters)

        async with httpx.AsyncClient(transport=httpx.ASGITransport(served), base_url="http://txn.test") as client:
            told[ours] = await client.get("/", params={"secret": CARD, CARD: CARD})
    assert [answer.status_code for answer in told.values()] == [422, 422]
    assert CARD in told[False].text
    assert CARD not in told[True].text


def test_the_application_leaves_no_refusal_to_the_framework() -> None:
    """Each of the framework's kinds of errors has a handler of ours."""
    app = create_app(Settings(), resources=RESOURCES)
    own = {kind for kind, handler in app.exception_handlers.items() if "fastapi" not in handler.__module__}
    assert {kind.__name__ for kind in own if isinstance(kind, type)} >= {
        "RequestValidationError",
        "HTTPException",
    }


def mappings(schema: object, where: str = "") -> Iterator[str]:
    """Objects of a JSON schema whose member names a client chooses."""
    if isinstance(schema, dict):
        if schema.get("type") == "object" and schema.get("additionalProperties") is not False:
            yield where
        for name, inner in schema.items():
            yield from mappings(inner, f"{where}/{name}")


def test_no_member_of_the_contract_is_named_by_the_client() -> None:
    """So every step of a location is a name of ours, but for the unknown one that is dropped."""
    assert list(mappings(TransactionRequest.model_json_schema())) == []


@pytest.mark.parametrize("path", ["/transactions", "/transactions/search", "/transactions/bulk"])
async def test_no_error_repeats_a_word_of_its_request(desk: AppFixture, path: str) -> None:
    """In every field, as a name and as a value: what the client wrote is not in the answer."""
    for place in (*full_body(), "unknown", WRITTEN):
        for value in (WRITTEN + "\u0000", {WRITTEN: WRITTEN}, [WRITTEN], {"name": WRITTEN, WRITTEN: 1}):
            content = json_bytes(full_body() | {place: value})
            media_type = "application/x-ndjson" if path.endswith("bulk") else "application/json"
            answer = await desk.client.post(path, content=content, headers={"Content-Type": media_type})
            assert WRITTEN not in answer.text + str(answer.headers)
            assert answer.status_code in {200, 422}
