"""The OpenAPI document: what is committed is what the application says, and what it says is so."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from operations.http import openapi_file
from operations.http.examples import LETTER_ID
from operations.http.resources import RESOURCES
from tests.builders import card_number
from tests.txn_api.conftest import AppFixture, standard_contract
from tests.txn_api.contract import Contract
from txn_api.app import create_app
from txn_api.openapi.document import operations
from txn_api.openapi.response_headers import HEADERS
from txn_api.problems import PROBLEMS
from txn_api.schemas import example_transaction
from txn_core.api_keys import SCOPES
from txn_core.settings import Settings
from txn_core.transactions.faults import CONTROL_FREE_PATTERN, MESSAGES, TEXT_PATTERN

ROOT = Path(__file__).parents[2]


def test_the_committed_document_has_not_drifted(own_environment: pytest.MonkeyPatch) -> None:
    """`make openapi` would write the very file that is committed."""
    assert (ROOT / "openapi.yaml").read_text() == openapi_file.text()


def test_the_check_finds_drift(own_environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`--check` fails for a missing and for an edited file, and passes for the one just written.

    Of a short document: to write the whole one takes a CPU second each time.
    """
    own_environment.setattr(openapi_file, "text", lambda: "openapi: 3.1.0\n")
    file = tmp_path / "openapi.yaml"

    def check() -> None:
        own_environment.setattr("sys.argv", ["openapi_file", "--check", str(file)])
        openapi_file.main()

    with pytest.raises(SystemExit):
        check()
    own_environment.setattr("sys.argv", ["openapi_file", str(file)])
    openapi_file.main()
    check()
    file.write_text(file.read_text() + "\n")
    with pytest.raises(SystemExit):
        check()


async def test_the_document_is_valid(desk: AppFixture) -> None:
    """It keeps to the OpenAPI 3.1 specification."""
    OpenAPIV31SpecValidator(desk.app.openapi()).validate()


async def test_the_document_is_served_as_it_is_committed(desk: AppFixture) -> None:
    """`/openapi.json` says the same."""
    assert (await desk.client.get("/openapi.json")).json() == desk.app.openapi()


async def test_no_setting_changes_the_document(desk: AppFixture) -> None:
    """So the tests hold the answers of every application against the document of one."""
    of_issuer = {
        "jwt_issuer": "https://issuer.test",
        "jwt_audience": "txn",
        "jwt_jwks_url": "https://issuer.test/keys",
    }
    other = Settings.model_validate({"metrics_need_admin": False, "log_level": "debug", **of_issuer})
    assert create_app(other, resources=RESOURCES).openapi() == desk.app.openapi() == standard_contract().document


async def test_the_example_is_accepted(desk: AppFixture) -> None:
    """Who copies the request example gets a 202."""
    (example,) = desk.app.openapi()["components"]["schemas"]["TransactionRequest"]["examples"]
    assert example == example_transaction()
    Contract(desk.app).validate(example, {"$ref": "#/components/schemas/TransactionRequest"})
    assert (await desk.client.post("/transactions", json=example)).status_code == 202


async def test_every_example_fits_its_schema(desk: AppFixture) -> None:
    """Each response example of each operation, and each example inside a schema, is one that may be answered."""
    contract, checked = Contract(desk.app), 0
    for content in _contents(contract.document):
        for example in content.get("examples", {}).values():
            contract.validate(contract.resolve(example)["value"], content["schema"])
            checked += 1
    for schema in _schemas(contract.document["components"]["schemas"]):
        for example in schema["examples"]:
            contract.validate(example, schema)
            checked += 1
    assert checked > 50


def _contents(document: dict[str, Any]) -> list[dict[str, Any]]:
    responses = [
        response
        for operations in document["paths"].values()
        for operation in operations.values()
        for response in operation["responses"].values()
    ]
    return [content for response in responses for content in response.get("content", {}).values()]


def _schemas(value: Any) -> list[dict[str, Any]]:
    """Every schema inside that has examples."""
    if isinstance(value, list):
        return [schema for inner in value for schema in _schemas(inner)]
    if not isinstance(value, dict):
        return []
    own = [value] if isinstance(value.get("examples"), list) else []
    return own + [schema for inner in value.values() for schema in _schemas(inner)]


async def test_every_string_number_and_list_is_bounded(desk: AppFixture) -> None:
    """A client can size its fields by the document alone."""
    document = desk.app.openapi()
    places = {
        "components": document["components"]["schemas"],
        "parameters": [op.get("parameters", []) for op in operations(document)],
        "headers": document["components"]["headers"],
        "bodies": [_contents_of(op) for op in operations(document)],
    }
    unbounded = [where for name, place in places.items() for where in _unbounded(place, name)]
    assert unbounded == []
    assert len(list(_typed(places))) > 100


_BOUNDS: dict[str, tuple[set[str], ...]] = {
    "string": ({"maxLength", "enum", "const"}, {"pattern", "format", "enum", "const"}),
    "integer": ({"minimum"}, {"maximum"}, {"format"}),
    "number": ({"minimum"}, {"maximum"}),
    "array": ({"maxItems"}, {"items"}),
    "object": ({"additionalProperties"},),
}


def _typed(value: Any, where: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every schema inside that has one type, with its place."""
    if isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _typed(inner, f"{where}/{number}")
    elif isinstance(value, dict):
        if isinstance(value.get("type"), str) and value["type"] in _BOUNDS:
            yield where, value
        for name, inner in value.items():
            if name not in {"examples", "example"}:
                yield from _typed(inner, f"{where}/{name}")


def _unbounded(value: Any, where: str) -> list[str]:
    return [
        place
        for place, schema in _typed(value, where)
        if not all(words & set(schema) for words in _BOUNDS[schema["type"]])
    ]


def _contents_of(operation: dict[str, Any]) -> list[dict[str, Any]]:
    bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
    return [content for body in bodies for content in body.get("content", {}).values()]


async def test_every_body_and_answer_has_an_example(desk: AppFixture) -> None:
    """Requests, answers and problems are shown, not only described."""
    document = desk.app.openapi()
    for operation in operations(document):
        bodies = [body for status, body in operation["responses"].items() if status not in {"204", "304"}]
        if "requestBody" in operation:
            bodies.append(operation["requestBody"])
        for body in bodies:
            assert any(content.get("examples") for content in body["content"].values()), operation["operationId"]


async def test_the_examples_of_bodies_are_accepted(desk: AppFixture) -> None:
    """Who sends a request example to the operation that shows it gets a 2xx; the look-ups find no table here."""
    contract = Contract(desk.app)
    sent = 0
    for path, methods in contract.document["paths"].items():
        for method, operation in methods.items():
            for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
                for example in content.get("examples", {}).values():
                    value = contract.resolve(example)["value"]
                    body = value if isinstance(value, str) else json.dumps(value)
                    answer = await desk.client.request(
                        method, path_of(path), content=body, headers={"Content-Type": media_type, "If-Match": "*"}
                    )
                    if answer.status_code == 503:
                        assert answer.json()["code"] in {"store_unavailable", "outcome_unknown"}
                    else:
                        assert answer.is_success
                        assert '"outcome_unknown"' in answer.text or "problem" not in answer.text
                    sent += 1
    assert sent >= 6


async def test_each_operation_needs_exactly_the_scopes_that_it_names(desk: AppFixture) -> None:
    """A key with all scopes but one that is named gets a 403, a key with those that are named does not."""
    document = desk.app.openapi()
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            for requirement in [] if {} in operation["security"] else operation["security"]:
                scopes = [scope for named in requirement.values() for scope in named]
                assert scopes, operation["operationId"]
                for scope in scopes:
                    others = desk.key(*(other for other in SCOPES if other != scope))
                    assert await _status(desk, method, path, others) == 403
                assert await _status(desk, method, path, desk.key(*scopes)) != 403


def path_of(path: str) -> str:
    """A path with the ids of the examples in it."""
    ids = {"alert_id": f"alr_{'0' * 32}", "case_id": f"cas_{'0' * 32}", "dead_letter_id": LETTER_ID}
    return path.format(transaction_id="0b242abb623afc578575680df30655b9", **ids)


async def _status(desk: AppFixture, method: str, path: str, headers: dict[str, str]) -> int:
    path = path_of(path)
    return (await desk.client.request(method, path, headers=headers)).status_code


async def test_what_is_left_of_a_quota_is_described(desk: AppFixture) -> None:
    """Every 2xx and 4xx of a guarded operation may tell it, and a 429 when to come back."""
    for operation in operations(desk.app.openapi()):
        for status, response in operation["responses"].items():
            told = {"RateLimit", "RateLimit-Policy"} <= set(response["headers"])
            guarded = bool(operation["security"]) and {} not in operation["security"]
            assert told == (guarded and status[0] in "24")
        if operation["security"]:
            assert {"Retry-After"} <= set(operation["responses"]["429"]["headers"])
            assert {"Retry-After"} <= set(operation["responses"]["503"]["headers"])


def test_every_header_of_a_problem_is_described() -> None:
    """What a problem tells in a header, the document tells of; the connection's own business aside."""
    told = {name for problem in PROBLEMS for name in problem().headers} - {"Connection"}
    assert told <= set(HEADERS)


async def test_each_operation_is_named_described_and_guarded(desk: AppFixture) -> None:
    """Operation ids are unique, and all but the operators' calls need a key."""
    found = list(operations(desk.app.openapi()))
    assert len({operation["operationId"] for operation in found}) == len(found) >= 9
    assert all(operation["summary"] and operation["tags"] for operation in found)
    assert [op["operationId"] for op in found if not op["security"]] == ["getLiveness", "getReadiness"]
    assert [op["operationId"] for op in found if {} in op["security"]] == ["getMetrics"]


# draft-ietf-httpapi-ratelimit-headers-11, 10.2
_IANA = "https://iana.org/assignments/http-problem-types#"
_TYPES = {
    "overloaded": f"{_IANA}temporary-reduced-capacity",
    "rate_limited": f"{_IANA}quota-exceeded",
    "too_many_cards_of_mask": f"{_IANA}quota-exceeded",
    "too_many_concurrent": f"{_IANA}quota-exceeded",
}


async def test_stored_texts_may_hold_what_was_taken_before(desk: AppFixture) -> None:
    """Marks of direction are refused today, and events are never rewritten: clients that check answers go on."""
    schemas = (await desk.client.get("/openapi.json")).json()["components"]["schemas"]
    sent, stored = (schemas[name]["properties"]["name"]["pattern"] for name in ("Merchant", "StoredMerchant"))
    assert (sent, stored) == (TEXT_PATTERN, CONTROL_FREE_PATTERN)
    for name in ("Kub \u202e", "Kub\u2028"):
        assert not re.search(sent, name)
        assert re.search(stored, name)


def test_each_problem_has_a_code_of_its_own() -> None:
    """Codes are what clients branch on."""
    assert len({problem.code for problem in PROBLEMS}) == len(PROBLEMS)
    for problem in PROBLEMS:
        document = problem().document("req_1")
        assert document["type"] == _TYPES.get(problem.code, f"/problems/{problem.code}")
        assert 400 <= problem.status <= 599


def test_no_text_of_ours_holds_a_card_number() -> None:
    """Fixed texts are fixed: no message has a place to put a value in."""
    texts = [message.replace("%2B", "") for message in MESSAGES.values()]  # the plus of a query
    assert not any("{" in text or "%" in text for text in texts)
    assert card_number() not in str(example_transaction())
