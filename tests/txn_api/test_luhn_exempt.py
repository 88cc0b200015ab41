"""`TXN_LUHN_EXEMPT_RANGES`: cards without a check digit are taken where the setting names them, and nowhere else."""

import json

import pytest

from tests.builders import card_number, check_digit, full_body, json_bytes
from tests.txn_api.conftest import AppFixture

RANGES = "98:16-19"


def without_check_digit(first_digits: str, length: int = 16) -> str:
    """A made-up number whose last digit is not its check digit."""
    digits = first_digits.ljust(length - 1, "7")
    return digits + str((int(check_digit(digits)) + 5) % 10)


CARD = without_check_digit("98")
NOT_EXEMPT = [without_check_digit("97"), without_check_digit("98", 15)]


@pytest.fixture
def exempting(own_environment: pytest.MonkeyPatch) -> None:
    """Start the application with the setting."""
    own_environment.setenv("TXN_LUHN_EXEMPT_RANGES", RANGES)


async def faults(desk: AppFixture, content: bytes, **headers: str) -> list[tuple[str, str]]:
    """What is wrong with a post."""
    answer = await desk.client.post("/transactions", content=content, headers=headers)
    return [(fault["pointer"], fault["code"]) for fault in answer.json().get("errors", [])]


@pytest.mark.usefixtures("exempting")
@pytest.mark.parametrize("headers", [{}, {"Idempotency-Key": "one"}])
@pytest.mark.parametrize("name", ["Rippin", "Ríppin"])
async def test_an_exempt_card_is_taken(desk: AppFixture, headers: dict[str, str], name: str) -> None:
    """By a post with a key and without, in the usual form and in another, and masked as any other."""
    body = full_body(card_number=CARD, merchant={"name": name})
    answer = await desk.client.post("/transactions", content=json_bytes(body), headers=headers)
    assert answer.status_code == 202
    event = json.loads(desk.kinesis.stored[0].data)
    assert event["card_masked"] == f"{CARD[:6]}******{CARD[-4:]}"
    assert CARD not in answer.text + str(desk.kinesis.stored)


@pytest.mark.usefixtures("exempting")
async def test_an_exempt_card_is_taken_in_an_upload(desk: AppFixture) -> None:
    """Each line is held to the same."""
    lines = [json_bytes(full_body(card_number=number)) for number in (CARD, NOT_EXEMPT[0])]
    headers = {"Content-Type": "application/x-ndjson"}
    answer = await desk.client.post("/transactions/bulk", content=b"\n".join(lines), headers=headers)
    refused, totals = map(json.loads, answer.text.splitlines())
    assert (refused["line"], refused["problem"]["errors"][0]["code"]) == (2, "card_number_luhn")
    assert totals["accepted"] == 1


@pytest.mark.usefixtures("exempting")
@pytest.mark.parametrize("number", NOT_EXEMPT)
async def test_what_is_not_named_needs_its_check_digit(desk: AppFixture, number: str) -> None:
    """Other first digits, and other lengths."""
    assert await faults(desk, json_bytes(full_body(card_number=number))) == [("/card_number", "card_number_luhn")]
    assert await faults(desk, json_bytes(full_body(card_number=card_number(1)))) == []


async def test_no_card_is_exempt_by_default(desk: AppFixture) -> None:
    """The setting has no default."""
    assert await faults(desk, json_bytes(full_body(card_number=CARD))) == [("/card_number", "card_number_luhn")]


@pytest.mark.usefixtures("exempting")
@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("merchant", {"name": f"Shop {CARD[:4]} {CARD[4:]}"}),
        ("customer", {"street": f"a{CARD}"}),
        ("transaction_id", CARD),
    ],
)
async def test_an_exempt_card_stands_in_one_place(desk: AppFixture, part: str, value: object) -> None:
    """The request's own number is refused anywhere else, whether it has a check digit or none."""
    (fault,) = await faults(desk, json_bytes(full_body(card_number=CARD) | {part: value}))
    assert fault[1] == "card_number_misplaced"
    content = json_bytes(full_body(card_number=CARD))
    assert await faults(desk, content, **{"X-Trace": CARD}) == [("", "card_number_misplaced")]


async def looked_up(desk: AppFixture, method: str, number: str) -> tuple[int, list[dict[str, str]]]:
    """The status and the faults of a look-up; the desk's tables cannot be reached."""
    if method == "GET":
        answer = await desk.client.get("/transactions", params={"card_number": number})
    else:
        answer = await desk.client.post("/transactions/search", json={"card_number": number})
    assert number not in answer.text
    return answer.status_code, answer.json().get("errors")


@pytest.mark.usefixtures("exempting")
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_an_exempt_card_is_looked_up(desk: AppFixture, method: str) -> None:
    """By the digits that its transactions came with; any other number needs its check digit."""
    assert (await looked_up(desk, method, CARD))[0] == 503
    for number in NOT_EXEMPT:
        status, errors = await looked_up(desk, method, number)
        assert (status, [(each["pointer"], each["code"]) for each in errors]) == (
            422,
            [("/card_number", "card_number_luhn")],
        )
