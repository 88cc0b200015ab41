"""How an event stands in an item: packed and unpacked it is the same bytes, and what cannot be read is said."""

import base64
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tests.builders import body, encoded, full_body, index_item, json_bytes, keys, payment_fields
from txn_core.dynamodb.item_form import (
    DICTIONARY,
    EVENT_BYTES_MAX,
    ItemForm,
    dictionaries,
    event_attribute,
    event_of,
)
from txn_core.dynamodb.transactions import IndexItem, TransactionTable
from txn_core.exceptions import StoredEventError
from txn_core.transactions.transaction import parse_transaction


def attributes(item: IndexItem, form: ItemForm = ItemForm.PACKED) -> dict[str, Any]:
    """The item as DynamoDB takes it."""
    return TransactionTable(None, "t", 3, item_form=form).attributes(item)  # type: ignore[arg-type]


ITEM = attributes(index_item(encoded(parse_transaction(json_bytes(full_body())))))
TEXT = event_of(ITEM)


@pytest.mark.parametrize(
    "fields",
    [
        *(full_body(), body(), full_body(terminal=None), body(merchant={"name": "Čaj"})),
        *(full_body(**payment_fields()), body(transaction_id="Ab-_09")),
    ],
)
def test_an_event_comes_back_byte_for_byte(fields: dict[str, Any]) -> None:
    """In both forms, from a client that gives bytes and from one that gives base64."""
    event = encoded(parse_transaction(json_bytes(fields)), ring=keys(versions=3))
    item = index_item(event)
    packed = attributes(item)
    assert packed["event"].keys() == {"B"}
    as_base64 = packed | {"event": {"B": base64.b64encode(packed["event"]["B"]).decode()}}
    for read in (packed, as_base64, attributes(item, ItemForm.TEXT)):
        assert event_of(read).encode() == event.data


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_whatever_stands_in_the_place_of_an_event_comes_back(text: str) -> None:
    """Another writer's form."""
    assert event_of(event_attribute(text, ItemForm.PACKED)) == text
    assert event_of(event_attribute(f"{TEXT}{text}", ItemForm.PACKED)) == f"{TEXT}{text}"


def test_the_row_names_its_dictionary_and_that_is_enough_to_read_it() -> None:
    """Any reader of Zstandard can: the frame is one of RFC 8878."""
    frame = ITEM["event"]["B"]
    assert zstandard.get_frame_parameters(frame).dict_id == DICTIONARY in dictionaries()
    reader = zstandard.ZstdDecompressor(dict_data=zstandard.ZstdCompressionDict(dictionaries()[DICTIONARY]))
    assert reader.decompress(frame).decode() == TEXT


def test_every_dictionary_says_the_id_that_its_file_is_called_by() -> None:
    for number, data in dictionaries().items():
        assert zstandard.ZstdCompressionDict(data).dict_id() == number


def test_a_frame_of_an_unknown_dictionary_is_told_by_its_id() -> None:
    """A later version may have written it."""
    other = zstandard.train_dictionary(1_024, [TEXT[at : at + 200].encode() for at in range(600)], dict_id=40_001)
    frame = zstandard.ZstdCompressor(dict_data=other).compress(TEXT.encode())
    with pytest.raises(StoredEventError, match="dictionary 40001 of an event is not known"):
        event_of(ITEM | {"event": {"B": frame}})


@pytest.mark.parametrize("damage", ["cut", "claim", "byte", "none", "base64"])
def test_a_damaged_frame_is_told_and_nothing_of_it(damage: str) -> None:
    """With the dictionary where it can be read, and never by another exception."""
    good = ITEM["event"]["B"]
    table = zstandard.ZstdCompressionDict(dictionaries()[DICTIONARY])
    pack = zstandard.ZstdCompressor(dict_data=table).compress
    frame: Any = {
        "cut": good[:40],
        "claim": pack(bytes(EVENT_BYTES_MAX + 1)),
        "byte": good[:6] + bytes(20) + good[26:],
        "none": b"nothing",
        "base64": "a",
    }[damage]
    with pytest.raises(StoredEventError, match=r"dictionary|none") as error:
        event_of(ITEM | {"event": {"B": frame}})
    assert error.value.__cause__ is None
    assert "Jennifer" not in str(error.value)


def test_threads_pack_and_unpack_beside_each_other() -> None:
    """Contexts of Zstandard are not to be shared."""

    def repeated(number: int) -> bool:
        text = TEXT.replace("Jennifer", f"J{number}" * 40)
        return all(event_of(event_attribute(text, ItemForm.PACKED)) == text for _ in range(300))

    with ThreadPoolExecutor(4) as threads:
        assert all(threads.map(repeated, range(8)))
