"""Promise P5 at the API: a card number has one place, and anywhere else it is refused and left nowhere."""

import base64
import json
import logging
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import structlog
from prometheus_client import generate_latest

from tests.builders import card_number, customer, full_body, issued_card_number, json_bytes
from tests.txn_api.conftest import AppFixture

CARD = card_number(41)
SHORT_CARD = card_number(41, length=8)
OTHER_CARD = issued_card_number(42, length=19)
ARABIC = str.maketrans("0123456789", "٠١٢٣٤٥٦٧٨٩")
FULL_WIDTH = str.maketrans("0123456789", "０１２３４５６７８９")  # noqa: RUF001 - on purpose

TEXTS = [
    ("merchant", "name"),
    ("merchant", "category"),
    *[("customer", name) for name, value in customer().items() if isinstance(value, str) and name != "date_of_birth"],
]
IDS = [("", "transaction_id"), ("", "original_transaction_id"), ("terminal", "terminal_id")]
SPELLINGS = {
    "plain": CARD,
    "spaced": " ".join(CARD[at : at + 4] for at in range(0, 16, 4)),
    "hyphens": "-".join(CARD[at : at + 4] for at in range(0, 16, 4)),
    "dots and slashes": f"{CARD[:5]}./{CARD[5:]}",
    "inside a word": f"a{CARD}b",
    "Arabic digits": CARD.translate(ARABIC),
    "full width": CARD.translate(FULL_WIDTH),
    "invisible separators": "\u200b".join(CARD),
    "no-break spaces": "\u00a0".join((CARD[:8], CARD[8:])),
}

STRIPE = card_number(43)  # of no scheme
IN_FOURS = [OTHER_CARD[at : at + 4] for at in range(0, 19, 4)]
OTHERS = {
    **{
        f"groups and {separator!r}": separator.join(IN_FOURS)
        for separator in ("  ", "/", "_", ",", ":", " - ", "\u00b7", "\u2212", "\u2013", "\u2009", "\u200b", "\u00ad")
    },
    "behind a house number": f"12 {' '.join(IN_FOURS)}",
    "with its expiry": f"{' '.join(IN_FOURS)} 12/29 123",
    "track 1": f"%B{STRIPE}^BANKS/JENNIFER^29121010000",
    "track 2": f";{STRIPE}=29121010000?",
    "track 2 without sentinels": f"{STRIPE}=29121010000",
    "track 2 of a chip": f"{STRIPE}D29121010000",
}


@pytest.fixture
def output(caplog: pytest.LogCaptureFixture) -> Iterator["Output"]:
    """Everything that is logged, by whichever library and at whichever level."""
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.WARNING, "httpx")  # the client of the test, not the service
    with structlog.testing.capture_logs() as entries:
        yield Output(entries, caplog)


class Output:
    """What got out of the process besides the answer."""

    def __init__(self, entries: list[Any], caplog: pytest.LogCaptureFixture) -> None:
        self._entries, self._caplog = entries, caplog

    def assert_free_of(self, desk: AppFixture, *values: str) -> None:
        """Neither logs nor metrics hold any of the values."""
        text = f"{self._entries}{self._caplog.text}{generate_latest(desk.app.state.registry).decode()}"
        for value in values:
            assert value not in text


def changed(part: str, name: str, value: object) -> dict[str, Any]:
    """A full body with one field changed."""
    document = full_body(card_number=CARD)
    target = document[part] if part else document
    target[name] = value
    if name == "original_transaction_id":
        document["type"] = "refund"
    return document


def pointer(part: str, name: str) -> str:
    """The field in RFC 6901."""
    return f"/{part}/{name}" if part else f"/{name}"


async def refused(desk: AppFixture, output: Output, *values: str, **request: Any) -> list[str]:
    """Post what must be refused for a card number; gives the pointers of the faults."""
    answer = await desk.client.post("/transactions", **request)
    assert (answer.status_code, answer.json()["code"]) == (422, "card_number_misplaced")
    assert desk.kinesis.calls == []
    output.assert_free_of(desk, CARD, OTHER_CARD, *values)
    for value in (CARD, OTHER_CARD, *values):
        assert value not in answer.text
    return [fault["pointer"] for fault in answer.json()["errors"]]


@pytest.mark.parametrize(("part", "name"), TEXTS)
async def test_the_own_number_in_a_text_is_refused(desk: AppFixture, output: Output, part: str, name: str) -> None:
    """In every string field of the contract."""
    spelling = CARD if name in {"gender", "postal_code"} else SPELLINGS["spaced"]
    found = await refused(desk, output, spelling, content=json_bytes(changed(part, name, spelling)))
    assert found == [pointer(part, name)]


@pytest.mark.parametrize(("part", "name"), IDS)
@pytest.mark.parametrize("value", [CARD, f"{CARD[:8]}-{CARD[8:]}", f"id{CARD}x"])
async def test_the_own_number_in_an_id_is_refused(
    desk: AppFixture, output: Output, part: str, name: str, value: str
) -> None:
    """An id is stored and returned, so the request's own number may not be one, nor stand in one."""
    found = await refused(desk, output, value, content=json_bytes(changed(part, name, value)))
    assert found == [pointer(part, name)]


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("ascii_only", [True, False])
async def test_no_spelling_hides_the_own_number(
    desk: AppFixture, output: Output, spelling: str, *, ascii_only: bool
) -> None:
    """Separators, Unicode digits, invisible characters, with JSON escapes and without."""
    value = SPELLINGS[spelling]
    document = changed("customer", "street", value)
    assert await refused(desk, output, value, content=json_bytes(document, ascii_only=ascii_only)) == [
        "/customer/street"
    ]


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("customer", "latitude", float(f"0.{CARD}")),
        ("merchant", "longitude", float(f"1.{CARD}")),
    ],
)
async def test_the_own_number_in_a_coordinate_is_refused(
    desk: AppFixture, output: Output, part: str, name: str, value: float
) -> None:
    """A number has digits too."""
    content = json_bytes(changed(part, name, "HERE")).replace(b'"HERE"', f"{int(value)}.{CARD}".encode())
    assert await refused(desk, output, content=content) == [pointer(part, name)]


async def test_the_own_number_in_an_amount_is_refused(desk: AppFixture, output: Output) -> None:
    """A short card number fits into an amount."""
    document = full_body(card_number=SHORT_CARD, amount_minor=int(SHORT_CARD))
    assert await refused(desk, output, content=json_bytes(document)) == ["/amount_minor"]


@pytest.mark.parametrize("number", [CARD, SHORT_CARD])
@pytest.mark.parametrize(
    "where",
    [
        "header value",
        "header name",
        "key",
        "query value",
        "query name",
        "encoded query",
        "idempotency key",
        "user agent",
    ],
)
async def test_the_own_number_around_the_body_is_refused(
    desk: AppFixture, output: Output, where: str, number: str
) -> None:
    """Headers, their names, the query, its names and its percent-encoding."""
    encoded = "".join(f"%{ord(digit):02x}" for digit in number)
    headers, query = {
        "header value": ({"X-Trace": f"{number[:4]} {number[4:]}"}, ""),
        "header name": ({f"X-{number}": "1"}, ""),
        "key": ({"X-API-Key": number}, ""),
        "query value": ({}, f"?trace={number}"),
        "query name": ({}, f"?{number}=1"),
        "encoded query": ({}, f"?trace={encoded[:9]}{quote('/ ')}{encoded[9:]}"),
        "idempotency key": ({"Idempotency-Key": number}, ""),
        "user agent": ({"User-Agent": f"till/{number}"}, ""),
    }[where]
    content = json_bytes(full_body(card_number=number))
    answer = await desk.client.post(f"/transactions{query}", content=content, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "card_number_misplaced")
    assert desk.kinesis.calls == []
    assert number not in answer.text
    output.assert_free_of(desk, number, encoded)
    if not query:  # bulk refuses parameters that it does not know anyway
        bulk = await desk.client.post(f"/transactions/bulk{query}", content=content, headers=headers)
        assert '"code":"card_number_misplaced"' in bulk.text
    assert desk.kinesis.calls == []


@pytest.mark.parametrize(("part", "name"), [text for text in TEXTS if text[1] != "reference"])
async def test_anybodys_number_in_free_text_is_refused(
    desk: AppFixture, output: Output, part: str, name: str
) -> None:
    """Names, job and address hold no card number, whosever card it is."""
    number = issued_card_number(7, length=13 if name in {"gender", "postal_code"} else 19)
    found = await refused(desk, output, number, content=json_bytes(changed(part, name, number)))
    assert found == [pointer(part, name)]


@pytest.mark.parametrize("spelling", OTHERS)
async def test_no_spelling_hides_anybodys_number(desk: AppFixture, output: Output, spelling: str) -> None:
    """Whatever stands between its groups, and as a magnetic stripe has it: in a body and in a query."""
    value = OTHERS[spelling]
    document = changed("customer", "street", value)
    for ascii_only in (True, False):
        content = json_bytes(document, ascii_only=ascii_only)
        assert await refused(desk, output, value, content=content) == ["/customer/street"]
    for name in ("trace", "account"):
        answer = await desk.client.get("/merchants", params={name: value})
        assert (answer.status_code, answer.json()["code"]) == (422, "card_number_misplaced")
    answer = await desk.client.post("/transactions/search", json={"merchant_name": value})
    assert (answer.status_code, answer.json()["code"]) == (422, "card_number_misplaced")
    output.assert_free_of(desk, value, OTHER_CARD)


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Trace": CARD.translate(FULL_WIDTH).encode()},
        {"X-Trace": CARD.translate(ARABIC).encode()},
        {"X-Trace": "\u00b7".join((CARD[:8], CARD[8:])).encode("latin-1")},
        {"X-Trace": "".join(f"%{ord(digit):02x}" for digit in CARD).encode()},
        {"X-Trace": "".join(f"%25{ord(digit):02x}" for digit in CARD).encode()},
        {"X-Trace": quote(CARD.translate(FULL_WIDTH)).encode()},
    ],
)
async def test_no_encoding_of_a_header_hides_the_own_number(
    desk: AppFixture, output: Output, headers: dict[str, bytes]
) -> None:
    """Digits of other scripts in UTF-8, and percent-encoding, also twice over."""
    pointers = await refused(desk, output, content=json_bytes(full_body(card_number=CARD)), headers=headers)
    assert pointers == [""]


async def test_an_id_that_looks_like_a_card_number_is_an_id(desk: AppFixture) -> None:
    """Only the request's own number is refused there."""
    answer = await desk.client.post("/transactions", json=full_body(card_number=CARD, transaction_id=OTHER_CARD))
    assert answer.status_code == 202
    assert answer.json()["transaction_id"] == OTHER_CARD


@pytest.mark.parametrize(
    "path",
    [
        "/transactions?merchant_name={}",
        "/transactions?merchant_name=Shop%20{}",
        "/transactions?account={}&card_id=card_1",
        "/transactions?{}=1",
        "/transactions?from={}",
        "/transactions/0123456789abcdef?account={}",
        "/merchants?name_prefix={}",
    ],
)
async def test_anybodys_number_in_a_query_is_refused(desk: AppFixture, output: Output, path: str) -> None:
    """By every route that keeps something. Without a key nothing of the query is read: the key is what is missing."""
    for headers, refusal in (
        ({}, (422, "card_number_misplaced")),
        ({"Authorization": ""}, (401, "api_key_missing")),
        ({"Authorization": f"Bearer txn_{'0' * 16}_{'0' * 64}"}, (401, "api_key_invalid")),
    ):
        answer = await desk.client.get(path.format(OTHER_CARD), headers=headers)
        assert (answer.status_code, answer.json()["code"]) == refusal
        assert OTHER_CARD not in answer.text + str(answer.headers)
    output.assert_free_of(desk, OTHER_CARD)


@pytest.mark.parametrize("name", ["trace", "card_number", "card_id", "cursor"])
@pytest.mark.parametrize("path", ["/transactions", "/transactions/bulk", "/transactions/search"])
async def test_anybodys_number_in_the_query_of_a_post_is_refused(
    desk: AppFixture, output: Output, path: str, name: str
) -> None:
    """What a query holds besides a body is held to the same, under names, too, that mean an id to other routes."""
    answer = await desk.client.post(f"{path}?{name}={OTHER_CARD}", content=json_bytes(full_body(card_number=CARD)))
    assert (answer.status_code, answer.json()["code"]) == (422, "card_number_misplaced")
    assert desk.kinesis.calls == []
    output.assert_free_of(desk, OTHER_CARD)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/healthz", 200),
        ("/metrics", 200),
        ("/", 200),
        ("/page/main.js", 200),
        ("/docs", 200),
        ("/openapi.json", 200),
        ("/problems", 200),
        ("/nothing", 404),
    ],
)
async def test_what_keeps_nothing_does_not_search_its_query(
    desk: AppFixture, output: Output, path: str, status: int
) -> None:
    """A time against caches is nobody's card number there, and what is one is neither logged nor answered."""
    for query in (f"_={OTHER_CARD}", f"{OTHER_CARD}=1"):
        answer = await desk.client.get(f"{path}?{query}")
        assert answer.status_code == status
        assert OTHER_CARD not in answer.text + str(answer.headers)
    output.assert_free_of(desk, OTHER_CARD)


async def test_an_operation_searches_its_query_or_is_known_to_keep_nothing(desk: AppFixture) -> None:
    """By what the document says of it: a new operation cannot leave it open."""
    open_to_any = set()
    for path, operations in desk.app.openapi()["paths"].items():
        for method, operation in operations.items():
            url = path.replace("{transaction_id}", "0123456789abcdef")
            answer = await desk.client.request(method, url, params={"trace": OTHER_CARD})
            if "card_number_misplaced" not in answer.text:
                open_to_any.add(operation["operationId"])
    assert open_to_any == {"getLiveness", "getReadiness", "getMetrics"}


@pytest.mark.parametrize("path", ["/healthz", "/transactions?limit=1&trace={}&card_id=card_1_" + "0" * 32])
async def test_no_millisecond_is_refused_for_its_digits(desk: AppFixture, path: str) -> None:
    """Of a thousand in a row one in ten passed the Luhn check, and was refused."""
    for moment in range(1_760_000_000_000, 1_760_000_001_000, 7):
        url = path.format(moment) if "{}" in path else f"{path}?_={moment}"
        assert (await desk.client.get(url)).json().get("code") != "card_number_misplaced"


@pytest.mark.parametrize("name", ["card_id", "cursor"])
async def test_ids_and_cursors_in_a_query_are_not_searched(desk: AppFixture, name: str) -> None:
    """They may look like a card number by chance; what is wrong with them is told."""
    answer = await desk.client.get("/transactions", params={name: OTHER_CARD})
    assert answer.json()["code"] != "card_number_misplaced"


async def test_a_number_in_a_path_goes_nowhere(desk: AppFixture, output: Output) -> None:
    """It may be an id: what is asked for is neither logged nor counted nor answered."""
    for path in (f"/transactions/{CARD}", f"/{CARD}", f"/transactions/{CARD}/refunds"):
        answer = await desk.client.get(path)
        assert CARD not in answer.text + str(answer.headers)
    output.assert_free_of(desk, CARD)


@pytest.mark.parametrize(
    ("parameters", "headers"),
    [
        ({"card_number": CARD, "cursor": CARD}, {}),
        ({"card_number": SHORT_CARD, "account": f"a{SHORT_CARD}"}, {}),
        ({"card_number": SHORT_CARD}, {"X-Trace": SHORT_CARD}),
        ({"card_number": SHORT_CARD}, {f"X-{SHORT_CARD}": "1"}),
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_own_number_elsewhere_in_a_look_up_is_refused(
    desk: AppFixture, output: Output, method: str, parameters: dict[str, str], headers: dict[str, str]
) -> None:
    """A look-up names the card in one place as well, in the URL and in the body."""
    if method == "GET":
        answer = await desk.client.get("/transactions", params=parameters, headers=headers)
    else:
        answer = await desk.client.post("/transactions/search", json=parameters, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "card_number_misplaced")
    output.assert_free_of(desk, CARD, SHORT_CARD)


async def test_what_a_repeated_member_hid_is_not_stored(desk: AppFixture, output: Output) -> None:
    """Of two members of one name the last counts; what stood in the first goes nowhere."""
    content = json_bytes(full_body(card_number=CARD))
    for first in (
        f'"transaction_id":"{CARD}",',
        f'"card_number":"{OTHER_CARD}",',
        f'"merchant":{{"name":"{CARD}"}},',
    ):
        answer = await desk.client.post("/transactions", content=content.replace(b"{", b"{" + first.encode(), 1))
        assert answer.status_code in {202, 422}
        assert CARD not in answer.text + str(answer.headers)
    for data in desk.kinesis.data:
        assert CARD.encode() not in data
        assert OTHER_CARD.encode() not in data
    output.assert_free_of(desk, CARD, OTHER_CARD)


async def test_an_accepted_number_is_left_nowhere(desk: AppFixture, output: Output) -> None:
    """Neither record, key, answer, log nor metric holds it, as text or in base64."""
    answer = await desk.client.post("/transactions", content=json_bytes(full_body(card_number=CARD)))
    assert answer.status_code == 202
    (record,) = desk.kinesis.stored
    event = json.loads(record.data)
    assert event["card_masked"] == f"{CARD[:6]}******{CARD[-4:]}"
    assert record.key == event["card_id"] == answer.json()["card_id"]
    spellings = [CARD, base64.b64encode(CARD.encode()).decode(), CARD.encode().hex()]
    output.assert_free_of(desk, *spellings, "Rippin", "Jennifer", "Perry Cove", "0000042")
    for spelling in spellings:
        assert spelling.encode() not in record.data
        assert spelling not in f"{record.key}{answer.text}{answer.headers}"
