"""What clients, reviewers and operators do with a deployed system, so that its tasks make all the calls they can."""

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx

from tests.builders import body, issued_card_number

ROWS: Final = 2_000
WAIT_S_MAX: Final = 240.0
_PAUSE_S: Final = 0.1
IN_BULK: Final = {"Content-Type": "application/x-ndjson"}
SINGLE: Final = 20


@dataclass(slots=True)
class ClientWork:
    """Calls of one key that has every scope."""

    http: httpx.Client
    accepted: int = 0

    def post(self, expected: int = 202, key: str | None = None, **changes: Any) -> dict[str, Any]:
        """Send one transaction, again after a 503 as the API says, and hold the answer against what is expected."""
        headers = {} if key is None else {"Idempotency-Key": key}
        ends_s = time.monotonic() + WAIT_S_MAX
        answer = self.http.post("/transactions", json=body(**changes), headers=headers)
        while answer.status_code == 503 and time.monotonic() < ends_s:
            time.sleep(_PAUSE_S)
            answer = self.http.post("/transactions", json=body(**changes), headers=headers)
        assert answer.status_code == expected, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def singly(self) -> None:
        """Send transactions one by one: with keys, again with the same keys, and one id with two contents."""
        for number in range(SINGLE):
            card = issued_card_number(number)
            given: dict[str, Any] = {
                "transaction_id": f"single-{number:04}",
                "card_number": card,
                "amount_minor": 100 + number,
            }
            first = self.post(key=f"key-{number}", **given)
            assert self.post(key=f"key-{number}", **given) == first
        self.post(transaction_id="single-0000", card_number=issued_card_number(0), amount_minor=9)
        self.accepted += SINGLE

    def read(self) -> None:
        """Read by id, card and merchant, as client teams do, and what there is of merchants."""
        merchants = self.get("/merchants", name_prefix="r")["data"]
        assert merchants, "there are merchants whose names begin so"
        found = self.get("/transactions", merchant_name=merchants[0]["name"])
        assert found["data"], (merchants[0], found)
        searched = self.http.post("/transactions/search", json={"card_number": issued_card_number(1)})
        assert len(searched.json()["data"]) == 1, searched.text
        assert self.get("/transactions/single-0003")["amount_minor"] == 103
        assert self.get("/transactions/single-0000")["conflicts"], "of its id with another content"
        assert len(self.get("/transactions/single-0000/conflicts")["data"]) == 1
        assert self.get("/transactions/single-0003/related")["data"] == []
        self.get("/transactions/nobody-has-this", 404)

    def review(self) -> None:
        """Work through a case, and label a transaction, as reviewers do."""
        self.get("/alerts")
        self.get("/alerts/quality?from=2019-01-01T00:00:00Z")
        self.get("/cases")
        label = {
            "transaction_id": "single-0003",
            "value": "fraud",
            "source": "chargeback",
            "labelled_at": "2019-02-01T00:00:00Z",
            "reason": "reason code 10.4",
        }
        self.sent("/labels", label)
        self.http.post("/labels/bulk", content=json.dumps(label), headers=IN_BULK).raise_for_status()
        self.get("/labels/single-0003")
        taken = self.http.post("/cases/next")
        if taken.status_code == 200:
            self._close(taken.json())

    def _close(self, case: dict[str, Any]) -> None:
        path = f"/cases/{case['case_id']}"
        self.get(path)
        self.get(f"{path}/similar")
        self.sent(f"{path}/note", {"text": "called the customer"})
        self.sent(f"{path}/close", {"resolution": "fraud", "reason": "the holder was at home"})

    def operate(self) -> None:
        """Look at the system, and send a dead letter again, as operators do."""
        self._await_report()
        letters = self.get("/operations/dead-letters")["data"]
        (left,) = (one["id"] for one in letters if one["reason"] == "unwritable")
        self.get(f"/operations/dead-letters/{left}")
        self.get(f"/operations/dead-letters/{left[:-1]}9", 404)
        for outcome in ("sent", "replayed"):
            answer = self.http.post(f"/operations/dead-letters/{left}/replay")
            assert answer.json()["outcomes"] == [{"outcome": outcome, "count": 1}], answer.text
        self.http.get("/metrics").raise_for_status()

    def _await_report(self) -> None:
        """Wait until a report lacks no part: the API gives each part three seconds, which may not be enough."""
        end = time.monotonic() + WAIT_S_MAX
        while missing := self.get("/operations")["missing"]:
            assert time.monotonic() < end, missing
            time.sleep(_PAUSE_S)

    def get(self, path: str, expected: int = 200, **parameters: str) -> Any:
        """Read something, and hold the status against what is expected."""
        answer = self.http.get(path, params=parameters)
        assert answer.status_code == expected, (path, answer.text)
        return answer.json()

    def sent(self, path: str, document: dict[str, Any]) -> None:
        """Send a document that has to be taken."""
        answer = self.http.post(path, json=document, headers={"If-Match": "*"} if path.startswith("/cases") else {})
        assert answer.is_success, (path, answer.text)


def wait_ready(url: str, log: Path) -> None:
    """Wait until a process says that it is ready."""
    end = time.monotonic() + WAIT_S_MAX
    while time.monotonic() < end:
        try:
            if httpx.get(url, timeout=5.0).status_code == 200:
                return
        except httpx.TransportError:
            pass
        time.sleep(_PAUSE_S)
    raise TimeoutError(f"{url} is not ready: {log.read_text()[-3_000:]}")
