"""Labels through the API, one by one and in bulk."""

import json
from typing import Any

import pytest

from tests.builders import issued_card_number
from tests.txn_api.conftest import Api, AppFixture

LATE = "2026-02-01T00:00:00Z"


def label(number: int, value: str = "fraud", **more: Any) -> dict[str, Any]:
    """A label of a transaction."""
    return {"transaction_id": f"labelled-{number:04d}", "value": value, "source": "chargeback", **more}


async def test_the_latest_label_counts_and_all_are_kept(api: Api) -> None:
    """A chargeback that is loaded late does not undo what the holder said since."""
    told: Any = None
    for sent in (
        label(1, labelled_at="2026-03-01T00:00:00Z", value="legitimate", source="customer"),
        label(1, labelled_at=LATE, reason="code 10.4"),
        label(1, labelled_at=LATE, reason="code 10.4"),
    ):
        told = (await api.client.post("/labels", json=sent)).json()
    assert [each["value"] for each in told["history"]] == ["fraud", "legitimate"]
    assert (told["version"], told["dropped"]) == (2, 0)
    assert (await api.client.get("/labels/labelled-0001")).json() == told
    assert (await api.client.get("/labels/labelled-9999")).json()["code"] == "label_not_found"


async def test_an_upload_labels_each_line_and_a_bad_one_spoils_none(api: Api) -> None:
    """Sent again it changes nothing; lines of one transaction come one behind the other."""
    number = issued_card_number()
    lines = [
        *(label(n) for n in range(100)),
        label(7, value="legitimate"),
        label(8, value="guilty"),
        label(9, reason=number),
        label(9, labelled_at="2999-01-01T00:00:00Z"),
    ]
    body = "".join(json.dumps(line) + "\n" for line in lines)
    headers = {"Content-Type": "application/x-ndjson"}
    for _ in range(2):
        *rejected, totals = (await api.client.post("/labels/bulk", content=body, headers=headers)).text.splitlines()
        assert [(json.loads(each)["line"], json.loads(each)["problem"]["code"]) for each in rejected] == [
            (102, "validation_failed"),
            (103, "card_number_misplaced"),
            (104, "validation_failed"),
        ]
        assert json.loads(totals) | {"receipt_id": ""} == {
            "receipt_id": "", "read": 104, "accepted": 101, "rejected": 3, "unknown": 0, "ended": "complete",
        }  # fmt: skip
        assert number not in "".join(rejected)
    assert [each["value"] for each in (await api.client.get("/labels/labelled-0007")).json()["history"]][:2] == [
        *("fraud", "legitimate")
    ]
    assert (await api.client.get("/labels/labelled-0099")).json()["version"] == 1


async def test_an_upload_says_which_lines_are_in_doubt(desk: AppFixture) -> None:
    """While the table cannot be reached nothing counts as accepted."""
    body = "".join(json.dumps(label(n)) + "\n" for n in range(40))
    answer = await desk.client.post("/labels/bulk", content=body, headers={"Content-Type": "application/x-ndjson"})
    *rejected, totals = map(json.loads, answer.text.splitlines())
    assert {each["problem"]["code"] for each in rejected} == {"outcome_unknown"}
    assert (totals["read"], totals["accepted"], totals["unknown"]) == (40, 0, 40)


@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"transaction_id": "x"}, "/transaction_id", "id_format"),
        ({"value": "maybe"}, "/value", "value_not_allowed"),
        ({"source": "hearsay"}, "/source", "value_not_allowed"),
        ({"labelled_at": "yesterday"}, "/labelled_at", "timestamp_format"),
        ({"labelled_at": "2999-01-01T00:00:00Z"}, "/labelled_at", "timestamp_in_future"),
        ({"by": "me"}, "", "field_unknown"),
    ],
)
async def test_what_is_wrong_with_a_label_is_told(
    desk: AppFixture, change: dict[str, Any], pointer: str, code: str
) -> None:
    """By its pointer and code."""
    answer = await desk.client.post("/labels", json=label(1) | change)
    assert (answer.status_code, answer.json()["code"]) == (422, "validation_failed")
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]
