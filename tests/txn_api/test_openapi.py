"""The OpenAPI document: what is committed is what the application says, and what it says is so."""

from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tests.builders import card_number
from tests.txn_api.conftest import Desk
from tests.txn_api.contract import Contract
from txn_api import openapi_file
from txn_api.problems import PROBLEMS
from txn_api.schemas import example_transaction
from txn_core.faults import MESSAGES

ROOT = Path(__file__).parents[2]


def test_the_committed_document_has_not_drifted(own_environment: pytest.MonkeyPatch) -> None:
    """`make openapi` would write the very file that is committed."""
    assert (ROOT / "openapi.yaml").read_text() == openapi_file.text()


def test_the_check_finds_drift(own_environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`--check` fails for a missing and for an edited file, and passes for the one just written."""
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


async def test_the_document_is_valid(desk: Desk) -> None:
    """It keeps to the OpenAPI 3.1 specification."""
    OpenAPIV31SpecValidator(desk.app.openapi()).validate()


async def test_the_document_is_served_as_it_is_committed(desk: Desk) -> None:
    """`/openapi.json` says the same."""
    assert (await desk.client.get("/openapi.json")).json() == desk.app.openapi()


async def test_the_example_is_accepted(desk: Desk) -> None:
    """Who copies the request example gets a 202."""
    (example,) = desk.app.openapi()["components"]["schemas"]["TransactionRequest"]["examples"]
    assert example == example_transaction()
    Contract(desk.app).validate(example, {"$ref": "#/components/schemas/TransactionRequest"})
    assert (await desk.client.post("/transactions", json=example)).status_code == 202


async def test_every_example_fits_its_schema(desk: Desk) -> None:
    """Each response example of each operation, and each example inside a schema, is one that may be answered."""
    contract, checked = Contract(desk.app), 0
    for content in _contents(contract.document):
        for example in content.get("examples", {}).values():
            contract.validate(example["value"], content["schema"])
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


async def test_no_strings_and_lists_without_bounds(desk: Desk) -> None:
    """A client can size its fields by the document alone."""
    schemas = desk.app.openapi()["components"]["schemas"]
    unbounded = [
        f"{name}.{field}"
        for name, schema in schemas.items()
        if name in {"TransactionRequest", "Merchant", "Customer", "Terminal", "RangeParameters"}
        for field, kind in schema["properties"].items()
        for option in kind.get("anyOf", [kind])
        if option.get("type") == "string" and not {"maxLength", "pattern", "enum", "const", "format"} & set(option)
    ]
    assert unbounded == []


async def test_each_operation_is_named_described_and_guarded(desk: Desk) -> None:
    """Operation ids are unique, and all but the operators' calls need a key."""
    operations = [op for path in desk.app.openapi()["paths"].values() for op in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations) == 9
    assert all(operation["summary"] and operation["tags"] for operation in operations)
    assert [op["operationId"] for op in operations if not op["security"]] == ["getLiveness", "getReadiness"]
    assert [op["operationId"] for op in operations if {} in op["security"]] == ["getMetrics"]


# draft-ietf-httpapi-ratelimit-headers-11, 10.2
_IANA = "https://iana.org/assignments/http-problem-types#"
_TYPES = {
    "overloaded": f"{_IANA}temporary-reduced-capacity",
    "rate_limited": f"{_IANA}quota-exceeded",
    "too_many_concurrent": f"{_IANA}quota-exceeded",
}


def test_each_problem_has_a_code_of_its_own() -> None:
    """Codes are what clients branch on."""
    assert len({problem.code for problem in PROBLEMS}) == len(PROBLEMS)
    for problem in PROBLEMS:
        document = problem().document("req_1")
        assert document["type"] == _TYPES.get(problem.code, f"/problems/{problem.code}")
        assert 400 <= problem.status <= 599


def test_no_text_of_ours_holds_a_card_number() -> None:
    """Fixed texts are fixed: no message has a place to put a value in."""
    assert not any("{" in message or "%" in message for message in MESSAGES.values())
    assert card_number() not in str(example_transaction())
