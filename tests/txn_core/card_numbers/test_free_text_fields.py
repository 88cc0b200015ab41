"""Which fields are free text."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, NewType

import pytest
from pydantic import BaseModel, Field, StringConstraints

from tests.builders import body, issued_card_number, json_bytes
from txn_api.routes.reads import RangeParameters
from txn_core.card_numbers.card_number_search import CODE, pointers_of_numbers
from txn_core.card_numbers.free_text_fields import A_CODE, A_TIME, AN_ID, FreeTexts, ModelFields, NoFreeText, marked
from txn_core.card_numbers.pan import Pan
from txn_core.exceptions import InvalidTransactionError
from txn_core.transactions.fast_path import fast_fields
from txn_core.transactions.reading import read_submission
from txn_core.transactions.transaction import TransactionRequest

Words = NewType("Words", str)


class Part(BaseModel):
    """An object within one."""

    reference: Annotated[str, AN_ID] | None = None
    notes: str | None = None


class Later(BaseModel):
    """What the contract may have one day."""

    number: int = 1
    card: Pan | None = None
    kind: Literal["a", "b"] = "a"
    key: Annotated[str, StringConstraints(max_length=9), AN_ID] = "k"
    when: Annotated[Words | None, NoFreeText("a time")] = None
    text: str = "t"
    bounded: Annotated[str, StringConstraints(max_length=9)] | None = None
    own: Words | None = None
    tags: list[str] = Field(default_factory=list)
    metadata: dict[str, str | int] | None = None
    start: str | None = Field(None, alias="from")
    part: Part | None = None


def test_every_text_is_free_unless_it_is_marked() -> None:
    """Whatever it is in: an alternative, a list, a mapping, a type of its own, an object within."""
    assert [*FreeTexts(Later)] == ["/text", "/bounded", "/own", "/tags", "/metadata", "/from", "/part/notes"]


def test_all_texts_of_an_instance_come_with_their_pointers() -> None:
    """Texts of lists and mappings have the pointer of their field, since the names in a mapping are a client's."""
    later = Later.model_validate(
        {"tags": ["a", "b"], "metadata": {"c": "d", "e": 1}, "from": "f", "part": {"reference": "g", "notes": "h"}}
    )
    assert [*FreeTexts(Later).of(later)] == [
        ("/text", "t"),
        *(("/tags", text) for text in "ab"),
        *(("/metadata", text) for text in "cde"),
        ("/from", "f"),
        ("/part/notes", "h"),
    ]
    assert [*FreeTexts(Later).of(Later())] == [("/text", "t")]


class WithNote(TransactionRequest):
    """The contract with one more text, as somebody might add it."""

    note: Annotated[str, StringConstraints(max_length=100)] | None = None


def test_a_text_that_is_added_to_the_contract_is_searched() -> None:
    """Nobody has to name it anywhere: neither a card number nor track data may stand there."""
    document = body(note=f"call {issued_card_number(987_654_321)} back")
    added = WithNote.model_validate_json(json_bytes(document))
    assert [*pointers_of_numbers(FreeTexts(WithNote).of(added))] == ["/note"]
    assert [*pointers_of_numbers(FreeTexts(WithNote).of_fields({**added.__dict__, "note": "call back"}))] == []


def texts_in(model: type[BaseModel], pointer: str = "") -> Iterator[str]:
    """The pointers of all texts of a model, marked or not, by its JSON Schema."""
    schema = model.model_json_schema()

    def walk(node: dict[str, Any], here: str) -> Iterator[str]:
        if "$ref" in node:
            node = schema["$defs"][node["$ref"].rsplit("/", 1)[1]]
        if node.get("type") == "string" and "enum" not in node:
            yield here
        for inner in node.get("anyOf", ()):
            yield from walk(inner, here)
        for inner in node.get("patternProperties", {}).values():
            yield from walk(inner, here)
        for name, inner in node.get("properties", {}).items():
            yield from walk(inner, f"{here}/{name}")

    return walk(schema, pointer)


def test_every_text_of_the_contract_is_free_or_marked_or_the_card_number() -> None:
    """And nothing is two of these. What is no free text is named here, so that a mark is not set in passing."""
    marked_ones = {
        AN_ID: [
            *("/transaction_id", "/original_transaction_id"),
            *("/authorization_code", "/retrieval_reference_number", "/system_trace_audit_number"),
            *("/acquirer_id", "/card_acceptor_id"),
            *("/customer/reference", "/terminal/terminal_id"),
        ],
        A_TIME: ["/occurred_at", "/customer/date_of_birth"],
        A_CODE: ["/currency", "/mcc", "/cardholder_currency", "/merchant/country"],
    }
    for mark, pointers in marked_ones.items():
        assert [*ModelFields(TransactionRequest, marked(mark))] == pointers
    others = [pointer for pointers in marked_ones.values() for pointer in pointers]
    assert sorted([*FreeTexts(TransactionRequest), *others, "/card_number"]) == sorted(texts_in(TransactionRequest))


@pytest.mark.parametrize("pointer", [*FreeTexts(TransactionRequest)])
def test_each_free_text_of_the_contract_is_refused_with_a_card_number(pointer: str) -> None:
    """On both ways, the fast one and the one that says everything."""
    *parts, name = pointer[1:].split("/")
    document = body(customer={})
    number = issued_card_number(987_654_321)
    (document[parts[0]] if parts else document)[name] = {"a": number} if name == "metadata" else number
    data = json_bytes(document)
    for fields in (fast_fields(data), None):
        with pytest.raises(InvalidTransactionError) as caught:
            read_submission(data, fields, request_text="", today="2026-01-02")
        assert [(fault.pointer, fault.code) for fault in caught.value.faults] == [(pointer, CODE)]


def test_the_free_texts_of_a_transaction() -> None:
    """Names, job, address, category; neither ids nor codes nor times."""
    customer = ("first_name", "last_name", "gender", "job", "street", "city", "state", "postal_code")
    assert [*FreeTexts(TransactionRequest)] == [
        "/metadata",
        "/merchant/name",
        "/merchant/category",
        *(f"/customer/{name}" for name in customer),
    ]


def test_the_free_texts_of_a_search() -> None:
    """Ids, cursors and times are not among them."""
    assert [*FreeTexts(RangeParameters)] == ["/account", "/fields", "/category", "/merchant_name"]
