"""Which fields are free text."""

from typing import Annotated, Literal, NewType

from pydantic import BaseModel, Field, StringConstraints

from txn_api.routes.reads import RangeParameters
from txn_core.card_numbers.free_text_fields import AN_ID, FreeTexts, NoFreeText
from txn_core.card_numbers.pan import Pan
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
    """Those of lists and mappings with that of their field, since the names in a mapping are a client's."""
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


def test_the_free_texts_of_a_transaction() -> None:
    """Names, job, address, category; neither ids nor codes nor times."""
    customer = ("first_name", "last_name", "gender", "job", "street", "city", "state", "postal_code")
    assert [*FreeTexts(TransactionRequest)] == [
        "/merchant/name",
        "/merchant/category",
        *(f"/customer/{name}" for name in customer),
    ]


def test_the_free_texts_of_a_search() -> None:
    """Ids, cursors and times are not among them."""
    assert [*FreeTexts(RangeParameters)] == ["/account", "/fields", "/merchant_name"]
