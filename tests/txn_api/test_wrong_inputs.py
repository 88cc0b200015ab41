"""Each wrong input answers with its documented problem. That it is documented is held by the client's `Contract`."""

from typing import Any

import pytest

from tests.builders import body, card_number, customer, issued_card_number, json_bytes
from tests.txn_api.conftest import AppFixture

Call = tuple[str, str, dict[str, Any]]
Expected = tuple[int, str, list[tuple[str, str]]]

CARD = card_number()
OTHER_CARD = issued_card_number(1)
MISTYPED = CARD[:-1] + str((int(CARD[-1]) + 1) % 10)


def post(content: bytes | None = None, /, *, headers: Any = None, **changes: Any) -> Call:
    """A POST of raw bytes, or of a sound body with changes."""
    sent = json_bytes(body(**changes)) if content is None else content
    return "POST", "/transactions", {"content": sent, "headers": headers or {}}


def read(**parameters: Any) -> Call:
    """A GET of a range."""
    return "GET", "/transactions", {"params": parameters}


def search(content: bytes | None = None, **members: Any) -> Call:
    """A search by raw bytes or by members."""
    return "POST", "/transactions/search", {"content": json_bytes(members) if content is None else content}


def invalid(pointer: str, code: str) -> Expected:
    """A transaction with one fault."""
    return 422, "validation_failed", [(pointer, code)]


def parameter(pointer: str, code: str) -> Expected:
    """A parameter with one fault."""
    return 422, "parameter_invalid", [(pointer, code)]


def with_the_number_elsewhere(*pointers: str) -> Expected:
    """A card number in these places."""
    return 422, "card_number_misplaced", [(pointer, "card_number_misplaced") for pointer in pointers]


MARK = "\ufeff".encode()
MALFORMED: Expected = (400, "malformed_json", [])
BAD_CURSOR: Expected = (422, "cursor_invalid", [("/cursor", "invalid_value")])
NOT_FOUND: Expected = (404, "transaction_not_found", [])
LINE = json_bytes(body()).replace

WRONG: dict[str, tuple[Call, Expected]] = {
    "no body": (post(b""), MALFORMED),
    "not JSON": (post(b"amount=4.97"), MALFORMED),
    "two documents": (post(json_bytes(body()) * 2), MALFORMED),
    "cut off": (post(json_bytes(body())[:-1]), MALFORMED),
    "not UTF-8": (post(json_bytes(body()).replace(b"Rippin", b"R\xffppin")), MALFORMED),
    "UTF-16": (post(json_bytes(body()).decode().encode("utf-16")), MALFORMED),
    "Latin-1": (post(json_bytes(body()).replace(b"Rippin", "R\u00fcppin".encode("latin-1"))), MALFORMED),
    "a byte order mark alone": (post(MARK), MALFORMED),
    "two byte order marks": (post(MARK * 2 + json_bytes(body())), MALFORMED),
    "a byte order mark behind a space": (post(b" " + MARK + json_bytes(body())), MALFORMED),
    "a byte order mark behind the document": (post(json_bytes(body()) + MARK), MALFORMED),
    "half a surrogate pair": (post(json_bytes(body()).replace(b"Rippin", rb"R\ud800ppin")), MALFORMED),
    "nested too deeply": (post(b'{"merchant":' * 5_000), MALFORMED),
    "nested": (
        post(json_bytes(body(merchant=...))[:-1] + b',"merchant":' + b"[" * 100 + b"]" * 100 + b"}"),
        invalid("/merchant", "object_required"),
    ),
    "an array": (post(b"[]"), invalid("", "object_required")),
    "a number": (post(b"1"), invalid("", "object_required")),
    "unknown field": (post(colour="red"), invalid("", "field_unknown")),
    "unknown field inside": (post(merchant={"name": "A", "colour": "red"}), invalid("/merchant", "field_unknown")),
    "card number as a field's name": (post(**{CARD: "red"}), invalid("", "field_unknown")),
    "security code": (post(cvv="123"), invalid("", "sensitive_authentication_data")),
    "PIN": (post(terminal={"pin": "1234"}), invalid("/terminal", "sensitive_authentication_data")),
    "a field twice": (
        post(LINE(b'"amount_minor":497', b'"amount_minor":497,"amount_minor":498')),
        invalid("/amount_minor", "name_duplicated"),
    ),
    "a field twice with the same value": (
        post(LINE(b'"currency":"USD"', b'"currency":"USD", "currency" : "USD"')),
        invalid("/currency", "name_duplicated"),
    ),
    "a field twice, once with an escape": (
        post(LINE(b'"card_number":', b'"\\u0063ard_number":"%b","card_number":' % OTHER_CARD.encode())),
        invalid("/card_number", "name_duplicated"),
    ),
    "a field twice inside": (
        post(LINE(b'"name":', b'"name":"A","name":')),
        invalid("/merchant/name", "name_duplicated"),
    ),
    "an unknown field twice": (
        post(LINE(b'"name":', b'"x":1,"x":2,"name":')),
        (422, "validation_failed", [("/merchant", "name_duplicated"), ("/merchant", "field_unknown")]),
    ),
    "missing field": (post(currency=...), invalid("/currency", "field_required")),
    "bad Luhn": (
        post(card_number=MISTYPED),
        invalid("/card_number", "card_number_luhn"),
    ),
    "short card number": (post(card_number="18"), invalid("/card_number", "card_number_format")),
    "card number as a number": (post(card_number=int(CARD)), invalid("/card_number", "string_required")),
    "card number in Unicode digits": (
        post(card_number=CARD.translate(dict(zip(range(48, 58), range(0x0660, 0x066A), strict=True)))),
        invalid("/card_number", "card_number_format"),
    ),
    "float amount": (post(amount_minor=4.97), invalid("/amount_minor", "integer_required")),
    "whole float amount": (post(LINE(b"497", b"497.0")), invalid("/amount_minor", "integer_required")),
    "amount with an exponent": (post(LINE(b"497", b"4.97e2")), invalid("/amount_minor", "integer_required")),
    "amount with a whole exponent": (post(LINE(b"497", b"497e0")), invalid("/amount_minor", "integer_required")),
    "amount in quotes": (post(amount_minor="497"), invalid("/amount_minor", "integer_required")),
    "amount true": (post(amount_minor=True), invalid("/amount_minor", "integer_required")),
    "negative amount": (post(amount_minor=-1), invalid("/amount_minor", "number_out_of_range")),
    "amount of 13 digits": (post(amount_minor=10**12), invalid("/amount_minor", "number_out_of_range")),
    "amount of 1,000 digits": (post(LINE(b"497", b"9" * 1_000)), invalid("/amount_minor", "number_out_of_range")),
    "amount of 5,000 digits": (post(LINE(b"497", b"9" * 5_000)), MALFORMED),
    "amount NaN": (post(LINE(b"497", b"NaN")), invalid("/amount_minor", "integer_required")),
    "infinite latitude": (
        post(LINE(b'"Rippin, Kub and Mann"', b'"A","latitude":Infinity')),
        invalid("/merchant/latitude", "not_finite"),
    ),
    "naive time": (post(occurred_at="2019-01-01T00:00:18"), invalid("/occurred_at", "timestamp_offset_required")),
    "a leap second": (post(occurred_at="2016-12-31T23:59:60Z"), invalid("/occurred_at", "timestamp_format")),
    "time with ten digits": (
        post(occurred_at="2019-01-01T00:00:18.1234567890Z"),
        invalid("/occurred_at", "timestamp_format"),
    ),
    "no time": (post(occurred_at="yesterday"), invalid("/occurred_at", "timestamp_format")),
    "future time": (post(occurred_at="2999-01-01T00:00:00Z"), invalid("/occurred_at", "timestamp_in_future")),
    "unknown currency": (post(currency="XYZ"), invalid("/currency", "currency_unknown")),
    "blank merchant": (post(merchant={"name": " \u2003"}), invalid("/merchant/name", "merchant_name_blank")),
    "control character": (post(merchant={"name": "A\u0007"}), invalid("/merchant/name", "control_character")),
    "mark of direction": (post(merchant={"name": "Kub \u202e"}), invalid("/merchant/name", "control_character")),
    "line separator": (post(customer={"street": "1\u2028"}), invalid("/customer/street", "control_character")),
    "refund of nothing": (post(type="refund"), invalid("", "original_required")),
    "id out of form": (post(transaction_id="short"), invalid("/transaction_id", "id_format")),
    "no id": (post(transaction_id=...), (422, "id_required", [("/transaction_id", "id_required")])),
    "empty Idempotency-Key": (
        post(headers={"Idempotency-Key": ""}),
        (400, "idempotency_key_malformed", []),
    ),
    "body over the bound": (post(b" " * 70_000 + json_bytes(body())), (413, "body_too_large", [])),
    "1 MB body": (post(b"x" * 1_000_000), (413, "body_too_large", [])),
    "form": (
        post(headers={"Content-Type": "application/x-www-form-urlencoded"}),
        (415, "media_type_unsupported", []),
    ),
    "compressed": (post(headers={"Content-Encoding": "br"}), (415, "content_encoding_unsupported", [])),
    "own card number in another field": (
        post(customer=customer(reference=CARD)),
        with_the_number_elsewhere("/customer/reference"),
    ),
    "another card number in a name": (
        post(merchant={"name": f"Shop {OTHER_CARD}"}),
        with_the_number_elsewhere("/merchant/name"),
    ),
    "no API key": (post(headers={"Authorization": ""}), (401, "api_key_missing", [])),
    "an API key out of form": (post(headers={"Authorization": "Bearer secret"}), (401, "api_key_invalid", [])),
    "an unknown API key": (
        post(headers={"Authorization": f"Bearer txn_{'0' * 16}_{'0' * 64}"}),
        (401, "api_key_invalid", []),
    ),
    "no selector": (read(), parameter("", "selector_required")),
    "two selectors": (read(merchant_name="A", card_number=CARD), parameter("", "selector_required")),
    "card_id out of form": (read(card_id="card_1"), parameter("/card_id", "invalid_value")),
    "account out of form": (read(merchant_name="A", account="A B"), parameter("/account", "invalid_value")),
    "bad cursor": (read(merchant_name="A", cursor="abc"), BAD_CURSOR),
    "cursor out of form": (
        read(merchant_name="A", cursor="ä"),
        BAD_CURSOR,
    ),
    "endless cursor": (read(merchant_name="A", cursor="a" * 2_000), parameter("/cursor", "text_too_long")),
    "from after to": (
        read(merchant_name="A", **{"from": "2020-01-02T00:00:00Z", "to": "2020-01-01T00:00:00Z"}),
        (422, "range_reversed", [("/from", "range_reversed")]),
    ),
    "naive from": (
        read(merchant_name="A", **{"from": "2020-01-02T00:00:00"}),
        parameter("/from", "timestamp_offset_required"),
    ),
    "from with its plus unencoded": (
        ("GET", "/transactions?merchant_name=A&from=2019-01-01T00:00:00+00:00", {}),
        parameter("/from", "timestamp_plus_lost"),
    ),
    "to with its plus unencoded": (
        ("GET", "/transactions?merchant_name=A&to=2019-01-01T00:00:00.1234567+05:30", {}),
        parameter("/to", "timestamp_plus_lost"),
    ),
    "from with a space": (
        read(merchant_name="A", **{"from": "2019-01-01 00:00:00Z"}),
        parameter("/from", "timestamp_format"),
    ),
    "to with ten digits": (
        read(merchant_name="A", to="2019-01-01T00:00:18.1234567890Z"),
        parameter("/to", "timestamp_format"),
    ),
    "from at a leap second": (
        read(merchant_name="A", **{"from": "2016-12-31T23:59:60Z"}),
        parameter("/from", "timestamp_format"),
    ),
    "limit 0": (read(merchant_name="A", limit=0), parameter("/limit", "number_out_of_range")),
    "limit 1001": (read(merchant_name="A", limit=1001), parameter("/limit", "number_out_of_range")),
    "limit of words": (read(merchant_name="A", limit="all"), parameter("/limit", "integer_required")),
    "unknown order": (read(merchant_name="A", order="up"), parameter("/order", "value_not_allowed")),
    "a parameter twice": (
        ("GET", f"/transactions?card_number={CARD}&limit=5&card_number={OTHER_CARD}", {}),
        parameter("/card_number", "name_duplicated"),
    ),
    "a parameter twice, once with an escape": (
        ("GET", "/transactions?merchant_name=A&from=2019-01-01T00:00:00Z&%66rom=2020-01-01T00:00:00Z", {}),
        parameter("/from", "name_duplicated"),
    ),
    "an empty parameter twice": (
        ("GET", "/transactions?account=&account=", {}),
        parameter("/account", "name_duplicated"),
    ),
    "unknown parameter twice": (("GET", "/merchants?x9=1&x9=1", {}), parameter("", "name_duplicated")),
    "a parameter of bulk twice": (
        ("POST", "/transactions/bulk?results=all&results=rejected", {}),
        parameter("/results", "name_duplicated"),
    ),
    "a parameter of one transaction twice": (
        ("GET", "/transactions/00000000?fields=currency&fields=merchant", {}),
        parameter("/fields", "name_duplicated"),
    ),
    "unknown parameter": (read(merchant_name="A", colour="red"), parameter("", "field_unknown")),
    "unknown parameter of one": (
        ("GET", "/transactions/00000000", {"params": {"acount": "other"}}),
        parameter("", "field_unknown"),
    ),
    "unknown parameter of bulk": (
        ("POST", "/transactions/bulk", {"params": {"result": "all"}}),
        parameter("", "field_unknown"),
    ),
    "unknown results of bulk": (
        ("POST", "/transactions/bulk", {"params": {"results": "some"}}),
        parameter("/results", "value_not_allowed"),
    ),
    "JSON for bulk": (
        ("POST", "/transactions/bulk", {"json": body()}),
        (415, "media_type_unsupported", []),
    ),
    "empty merchant name": (read(merchant_name=""), parameter("/merchant_name", "text_too_short")),
    "endless merchant name": (read(merchant_name="a" * 101), parameter("/merchant_name", "text_too_long")),
    "endless query": (read(merchant_name="ä" * 5_000), parameter("", "text_too_long")),
    "forty parameters": (read(**{f"p{number}": 1 for number in range(40)}), parameter("", "invalid_value")),
    "prefix that no name is as long as": (
        ("GET", "/merchants", {"params": {"name_prefix": "\ufdfa" * 100}}),
        parameter("/name_prefix", "text_too_long"),
    ),
    "search that is not JSON": (search(b"card_number"), MALFORMED),
    "search of two byte order marks": (search(MARK * 2 + b"{}"), MALFORMED),
    "search of nothing behind a byte order mark": (search(MARK + b"{}"), parameter("", "selector_required")),
    "search of an array": (search(b"[]"), parameter("", "object_required")),
    "search nested too deeply": (search(b'{"from":' * 5_000), MALFORMED),
    "search nested": (search(b'{"from":' + b"[" * 100 + b"]" * 100 + b"}"), parameter("/from", "string_required")),
    "search for too large a page": (search(card_number=CARD, limit=1001), parameter("/limit", "number_out_of_range")),
    "search with a number in quotes": (search(card_number=CARD, limit="5"), parameter("/limit", "integer_required")),
    "search with a member twice": (
        search(b'{"card_number":"%b","card\\u005fnumber":"%b"}' % (CARD.encode(), OTHER_CARD.encode())),
        parameter("/card_number", "name_duplicated"),
    ),
    "search with a wrong member twice": (
        search(b'{"limit":0,"to":"2020-01-01T00:00:00Z","to":"2020-01-01T00:00:00Z"}'),
        (422, "parameter_invalid", [("/to", "name_duplicated"), ("/limit", "number_out_of_range")]),
    ),
    "search with thousands of unknown members": (
        search(b"{" + b",".join(b'"%d":1' % number for number in range(5_000)) + b"}"),
        parameter("", "field_unknown"),
    ),
    "search with two card numbers": (
        search(card_number=CARD, cursor=OTHER_CARD + CARD),
        with_the_number_elsewhere(""),
    ),
    "amounts in the wrong order": (
        read(merchant_name="A", amount_min=2, amount_max=1),
        (422, "range_reversed", [("/amount_min", "amounts_reversed")]),
    ),
    "search with times and amounts in the wrong order": (
        search(
            b'{"merchant_name":"A","amount_min":2,"amount_max":1,'
            b'"from":"2020-01-02T00:00:00Z","to":"2020-01-01T00:00:00Z"}'
        ),
        (422, "range_reversed", [("/from", "range_reversed"), ("/amount_min", "amounts_reversed")]),
    ),
    "filter for an unknown type": (read(merchant_name="A", type="sale"), parameter("/type", "value_not_allowed")),
    "filter for an empty category": (read(merchant_name="A", category=""), parameter("/category", "text_too_short")),
    "filter for an endless category": (
        read(merchant_name="A", category="a" * 65),
        parameter("/category", "text_too_long"),
    ),
    "filter for a card number": (read(merchant_name="A", category=OTHER_CARD), with_the_number_elsewhere("")),
    "search with a card number as a filter": (
        search(merchant_name="A", category=OTHER_CARD),
        with_the_number_elsewhere("/category"),
    ),
    "search with its own card number as a filter": (
        search(card_number=CARD, terminal_id=CARD),
        with_the_number_elsewhere(""),
    ),
    "filter for a currency in small letters": (
        read(merchant_name="A", currency="usd"),
        parameter("/currency", "currency_format"),
    ),
    "filter for a negative amount": (
        read(merchant_name="A", amount_min=-1),
        parameter("/amount_min", "number_out_of_range"),
    ),
    "filter for an amount in major units": (
        read(merchant_name="A", amount_max="4.97"),
        parameter("/amount_max", "integer_required"),
    ),
    "search with an amount in quotes": (
        search(merchant_name="A", amount_max="497"),
        parameter("/amount_max", "integer_required"),
    ),
    "filter for a terminal out of form": (
        read(merchant_name="A", terminal_id="T 1"),
        parameter("/terminal_id", "terminal_id_format"),
    ),
    "filter for an unknown entry mode": (
        read(merchant_name="A", entry_mode="dip"),
        parameter("/entry_mode", "value_not_allowed"),
    ),
    "a filter twice": (read(merchant_name="A", type=["refund", "reversal"]), parameter("/type", "name_duplicated")),
    "nothing there": (("GET", "/cards", {}), (404, "route_not_found", [])),
    "a slash too many": (("GET", "/transactions/", {}), (404, "route_not_found", [])),
    "another method": (("DELETE", "/transactions", {}), (405, "method_not_allowed", [])),
    "an id out of form in the path": (("GET", "/transactions/a%0A", {}), NOT_FOUND),
    "an id with a newline in the path": (
        ("GET", "/transactions/abcdefgh%0A", {}),
        NOT_FOUND,
    ),
}


@pytest.mark.parametrize("name", WRONG)
async def test_a_wrong_input_is_answered_with_its_problem(desk: AppFixture, name: str) -> None:
    """Status, code and faults are those of the table, nothing is stored, and no answer repeats a card number."""
    (method, path, request), (status, code, faults) = WRONG[name]
    answer = await desk.client.request(method, path, **request)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (status, code)
    assert [(fault["pointer"], fault["code"]) for fault in problem["errors"]] == faults
    assert desk.kinesis.calls == []
    assert CARD not in answer.text
    assert OTHER_CARD not in answer.text


async def test_a_scope_that_is_missing_is_said(desk: AppFixture) -> None:
    """A key that may only read does not write, and one that may only write does not read."""
    reader, writer = desk.key("transactions:read"), desk.key("transactions:write")
    refused = await desk.client.post("/transactions", json=body(), headers=reader)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
    refused = await desk.client.get("/transactions", params={"merchant_name": "A"}, headers=writer)
    assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")


async def test_every_fault_is_listed_up_to_a_bound(desk: AppFixture) -> None:
    """A client mends a body in one go; a body of nothing but faults is not answered with as many."""
    answer = await desk.client.post("/transactions", json=body(currency="XYZ", amount_minor=0.5, card_number="1"))
    assert [fault["pointer"] for fault in answer.json()["errors"]] == ["/card_number", "/amount_minor", "/currency"]
    answer = await desk.client.post("/transactions", json={f"field{number}": 1 for number in range(2_000)})
    assert len(answer.json()["errors"]) <= 50
