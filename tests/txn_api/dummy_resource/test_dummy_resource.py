"""A new resource is a route module, an adapter, one line in the application, and its test."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import httpx
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from operations.http.resources import RESOURCES
from tests.txn_api.conftest import Api, client_of
from tests.txn_api.contract import Contract
from tests.txn_api.dummy_resource import notices
from tests.txn_api.dummy_resource.notice_table import NoticeTable
from txn_api.app import create_app
from txn_api.resource import Tag
from txn_api.services import Services
from txn_core.aws.clients import Aws
from txn_core.settings import Settings

MADE = (*RESOURCES, notices.resource)  # the one line


@pytest.fixture
def document(own_environment: pytest.MonkeyPatch) -> dict[str, Any]:
    """The document of an application with the resource."""
    return create_app(Settings(), resources=MADE).openapi()


@pytest.fixture
async def client(api: Api) -> AsyncIterator[httpx.AsyncClient]:
    """A client of such an application on real servers, in whose table is one notice of the client's account."""
    settings = api.services.settings
    app = create_app(settings, resources=MADE)
    async with Aws(settings).dynamodb() as dynamodb, app.router.lifespan_context(app):
        services: Services = app.state.services
        table = services.store(NoticeTable)
        await dynamodb.create_table(
            TableName=table.name,
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
        )
        await dynamodb.get_waiter("table_exists").wait(TableName=table.name, WaiterConfig={"Delay": 1})
        try:
            await table.put(api.account, "a7", 42)
            async with client_of(app, Contract(app)) as client:
                client.headers.update(await api.key("transactions:read"))
                yield client
        finally:
            await dynamodb.delete_table(TableName=table.name)


def test_it_is_in_the_document_with_all_that_it_hands_in(document: dict[str, Any]) -> None:
    """Its tag, shape, examples, words, header and problems are there, and the document is valid."""
    OpenAPIV31SpecValidator(document).validate()
    operation = document["paths"]["/notices"]["get"]
    assert operation["tags"] == ["notices"]
    assert {"name": "notices", "description": "What fraud rules found."} in document["tags"]
    answer = operation["responses"]["200"]
    shown = answer["content"]["application/json"]
    assert shown["schema"] == {"$ref": "#/components/schemas/Notice"}
    assert shown["examples"] == {
        name: {"$ref": f"#/components/examples/Notice.{name}"} for name in ("certain", "unlikely")
    }
    components = document["components"]
    assert components["examples"]["Notice.certain"]["value"] == {"notice_id": "a1", "score": 99}
    assert set(components["schemas"]["Notice"]["properties"]) == {"notice_id", "score"}
    assert components["headers"]["X-Notice-Age"]["description"] == "Hours since the notice."
    assert {"X-Notice-Age", "X-Request-Id", "RateLimit"} <= set(answer["headers"])
    problems = operation["responses"]["404"]["content"]["application/problem+json"]["examples"]
    assert set(problems) == {"transaction_not_found"}
    assert {"401", "403", "422", "429", "503"} <= set(operation["responses"])


def test_its_words_are_its_own(document: dict[str, Any]) -> None:
    """Another resource says something else of a parameter with the same name, and neither changes the other's."""
    orders = {
        path: parameter
        for path in ("/notices", "/transactions")
        for parameter in document["paths"][path]["get"]["parameters"]
        if parameter["name"] == "order"
    }
    assert (orders["/notices"]["example"], orders["/notices"].get("description")) == ("last", None)
    assert orders["/transactions"]["example"] == "asc"
    assert orders["/transactions"]["description"] == "`desc` is newest first."


def test_the_rest_of_the_document_stays_as_it_was(document: dict[str, Any]) -> None:
    """Nothing of another resource changes with it."""
    before = create_app(Settings(), resources=RESOURCES).openapi()
    assert {path: document["paths"][path] for path in before["paths"]} == before["paths"]
    for kind, named in before["components"].items():
        assert {name: document["components"][kind][name] for name in named} == named
    assert [tag for tag in document["tags"] if tag["name"] != "notices"] == before["tags"]


async def test_it_answers(client: httpx.AsyncClient) -> None:
    """It answers from its own store, as the document says, and HEAD and the problems of all calls come with it."""
    found = await client.get("/notices", params={"notice_id": "a7"})
    assert (found.status_code, found.json()) == (200, {"notice_id": "a7", "score": 42})
    assert (await client.head("/notices", params={"notice_id": "a7"})).status_code == 200
    assert (await client.get("/notices", params={"notice_id": "none"})).status_code == 404
    assert (await client.get("/notices", params={"notice_id": "a7", "x": "1"})).json()["code"] == "parameter_invalid"
    stranger = await client.get("/notices", params={"notice_id": "a7"}, headers={"Authorization": "Bearer none"})
    assert stranger.status_code == 401
    assert (await client.post("/notices")).headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"examples": {"Accepted": {"another": {}}, **notices.resource.examples}}, "several resources"),
        ({"headers": {"Location": {}, **notices.resource.headers}}, "several resources"),
        ({"tag": Tag("transactions", "Others.")}, "several resources"),
        ({"examples": {}}, "no resource has examples"),
    ],
    ids=["examples", "header", "tag", "missing"],
)
def test_what_does_not_fit_together_is_an_error(
    own_environment: pytest.MonkeyPatch, change: dict[str, Any], message: str
) -> None:
    """Two resources cannot say different things under one name, and an answer's examples have to be handed in."""
    app = create_app(Settings(), resources=(*RESOURCES, replace(notices.resource, **change)))
    with pytest.raises(ValueError, match=message):
        app.openapi()
